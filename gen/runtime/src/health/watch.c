/* SPDX-License-Identifier: Apache-2.0 */

/* Watch: the state at once and at each change. A change posts an update to the loop of every call that watches it; the
 * update looks at the state then, so that changes in quick succession may be told as one, and the last is always
 * told. */

#include <stdlib.h>
#include <string.h>

#include "health/health_internal.h"

#define WATCHERS_PER_IDENTITY 1000

static void unref(struct health_watcher *watcher)
{
    struct mrpc_health *health = watcher->health;
    pthread_mutex_lock(&health->lock);
    bool last = --watcher->references == 0;
    pthread_mutex_unlock(&health->lock);
    if (last)
        free(watcher);
}

static void release(void *data)
{
    struct health_watcher *watcher = data;
    struct mrpc_health *health = watcher->health;
    pthread_mutex_lock(&health->lock);
    if (watcher->previous != NULL)
        watcher->previous->next = watcher->next;
    else
        health->watchers = watcher->next;
    if (watcher->next != NULL)
        watcher->next->previous = watcher->previous;
    pthread_mutex_unlock(&health->lock);
    watcher->call = NULL;
    unref(watcher);
}

static void finish(struct health_watcher *watcher, int code)
{
    struct mrpc_call *call = watcher->call;
    watcher->call = NULL;
    if (call != NULL)
        mrpc_call_finish(call, code, NULL);
}

static int state_for(struct health_watcher *watcher, bool *shut_down)
{
    int state = mrpc_health_state(watcher->health, watcher->service);
    pthread_mutex_lock(&watcher->health->lock);
    *shut_down = watcher->health->shut_down;
    pthread_mutex_unlock(&watcher->health->lock);
    return state >= 0 ? state : HEALTH_SERVICE_UNKNOWN;
}

/* On the call's loop. When there is no room on_writable comes back here. */
static void tell(struct health_watcher *watcher)
{
    if (watcher->call == NULL)
        return;
    bool shut_down;
    int state = state_for(watcher, &shut_down);
    if (state != watcher->told) {
        HealthResponse response;
        mrpc__priv__grpc__health__v1__health_check_response__init(&response);
        response.status = (Mrpc__Priv__Grpc__Health__V1__HealthCheckResponse__ServingStatus)state;
        if (mrpc_call_send(watcher->call, &response.base) != 0)
            return;
        watcher->told = state;
    }
    if (shut_down)
        finish(watcher, mrpc_call_fail(watcher->call, MRPC_UNAVAILABLE, "the server is shutting down"));
}

static void on_update(void *arg)
{
    struct health_watcher *watcher = arg;
    tell(watcher);
    unref(watcher);
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    tell(arg);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    finish(arg, MRPC_CANCELLED);
}

int mrpc_health_notify(struct mrpc_health *health, const char *service)
{
    int error = 0;
    for (struct health_watcher *watcher = health->watchers; watcher != NULL; watcher = watcher->next) {
        if (service != NULL && strcmp(watcher->service, service) != 0)
            continue;
        if (mrpc_call_post(watcher->post_to, on_update, watcher) == 0)
            watcher->references++;
        else
            error = MRPC_ERR_NOMEM;
    }
    return error;
}

/* Who is counted: the identity, or for anonymous callers their address without its port. */
static struct health_watcher *new_watcher(struct mrpc_health *health, struct mrpc_call *call)
{
    const struct mrpc_identity *identity = mrpc_call_identity(call);
    const char *who = identity->kind == MRPC_IDENTITY_ANONYMOUS ? mrpc_call_peer(call) : identity->name;
    size_t size = strlen(who);
    const char *colon = strrchr(who, ':');
    if (identity->kind == MRPC_IDENTITY_ANONYMOUS && colon != NULL)
        size = (size_t)(colon - who);
    struct health_watcher *watcher = calloc(1, sizeof(*watcher) + size + 1);
    if (watcher == NULL)
        return NULL;
    memcpy(watcher->identity, who, size);
    watcher->health = health;
    watcher->references = 1;
    watcher->call = watcher->post_to = call;
    watcher->told = -1;
    return watcher;
}

/* False when this identity watches too much already. */
static bool enlist(struct mrpc_health *health, struct health_watcher *watcher)
{
    unsigned count = 0;
    pthread_mutex_lock(&health->lock);
    for (struct health_watcher *at = health->watchers; at != NULL; at = at->next)
        count += strcmp(at->identity, watcher->identity) == 0;
    bool allowed = count < WATCHERS_PER_IDENTITY;
    if (allowed) {
        watcher->next = health->watchers;
        if (watcher->next != NULL)
            watcher->next->previous = watcher;
        health->watchers = watcher;
    }
    pthread_mutex_unlock(&health->lock);
    return allowed;
}

int mrpc_health_watch(void *self, struct mrpc_call *call, const HealthRequest *request)
{
    struct mrpc_health *health = self;
    struct health_watcher *watcher = new_watcher(health, call);
    if (watcher == NULL)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    watcher->service = request->service;
    if (!enlist(health, watcher)) {
        free(watcher);
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "more than %d watches", WATCHERS_PER_IDENTITY);
    }
    mrpc_call_set_data(call, watcher, release);
    mrpc_call_on_writable(call, on_writable, watcher);
    mrpc_call_on_cancel(call, on_cancel, watcher);
    tell(watcher);
    return MRPC_PENDING;
}
