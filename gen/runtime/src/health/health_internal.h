/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_HEALTH_INTERNAL_H
#define MRPC_HEALTH_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>

#include <grpc/health/v1/health.mrpc.h>

#include "health/health.h"

typedef Mrpc__Priv__Grpc__Health__V1__HealthCheckRequest HealthRequest;
typedef Mrpc__Priv__Grpc__Health__V1__HealthCheckResponse HealthResponse;
typedef Mrpc__Priv__Grpc__Health__V1__HealthListRequest HealthListRequest;
typedef Mrpc__Priv__Grpc__Health__V1__HealthListResponse HealthListResponse;
typedef Mrpc__Priv__Grpc__Health__V1__HealthListResponse__StatusesEntry HealthListEntry;

/* Numbers of HealthCheckResponse.ServingStatus; the first three are enum mrpc_serving too. */
#define HEALTH_SERVICE_UNKNOWN 3

/** A service's state. Entries are never removed. */
struct health_entry {
    struct health_entry *next;
    int state;
    char name[];
};

/** One Watch call. It lives until the call is destroyed and no update for it is under way. */
struct health_watcher {
    struct health_watcher *next, *previous;
    struct mrpc_health *health;
    unsigned references;          /* the call's, and one for each posted update; under the lock */
    struct mrpc_call *call;       /* loop thread; NULL once finished */
    struct mrpc_call *post_to;    /* the same, valid while the watcher is in the list */
    int told;                     /* loop thread; the last state sent, -1 at first */
    const char *service;          /* in the call's arena */
    char identity[];              /* who is counted for it */
};

struct mrpc_health {
    pthread_mutex_t lock;         /* guards all below and no call is made under it but mrpc_call_post */
    struct health_entry *entries;
    size_t entry_count;
    struct health_watcher *watchers;
    bool shut_down;
};

/** -1 when there is none of that name. Takes the lock. */
int mrpc_health_state(struct mrpc_health *health, const char *service);

int mrpc_health_check(void *self, struct mrpc_call *call, const HealthRequest *request, HealthResponse *response);
int mrpc_health_list(void *self, struct mrpc_call *call, const HealthListRequest *request,
                     HealthListResponse *response);
int mrpc_health_watch(void *self, struct mrpc_call *call, const HealthRequest *request);

/** Tell the watchers of @service (NULL: all) to look again. Under the lock. */
int mrpc_health_notify(struct mrpc_health *health, const char *service);

#endif
