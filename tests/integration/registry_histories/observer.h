/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_OBSERVER_H
#define REGISTRY_OBSERVER_H

#include <mrpc/channel.h>

#include "history.h"
#include "watch_validator.h"

/* A watcher of one history's service: writes down what it is told, holds it to the contract of Watch, and comes back
 * when its stream breaks. One that filters writes nothing down: it is compared with one that sees everything. */

#define OBSERVER_ZONE "watched" /* the zone that an observer with a filter selects */

struct observer {
    struct history *history;
    struct mrpc_channel *channel;
    const char *service;
    bool filters;
    bool restless; /* breaks its stream itself now and then, and resumes */
    unsigned random_state;
    bool told_of_marker;
    /* Its own. */
    struct watch_validator *validator;
    struct mrpc_client_call *call;
    struct history_snapshot snapshot; /* coming in parts */
    bool over;
};

void observer_start(struct observer *observer);
/** The present state has come whole. */
bool observer_knows(const struct observer *observer);
void observer_stop(struct observer *observer);

/** What a message says of an instance, and of which; its id is -1 when it is none of the history's. */
struct history_state history_state_of(const Mltrainer__Registry__V1__Instance *instance, int *id);

int64_t observer_now_ms(void);

#endif
