/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_ACTOR_H
#define REGISTRY_ACTOR_H

#include <mrpc/channel.h>

#include "history.h"

/* One of the clients of a history: does one random operation after another and writes down how each ended. */

struct actor {
    struct history *history;
    struct mrpc_channel *channel;
    const char *service;
    int number;
    int left; /* operations still to do */
    unsigned random_state;
    int64_t pause_ms_max; /* between two; 0: none */
    int64_t resting_until_ms;
    struct history_operation *operation; /* under way */
    struct mrpc_client_call *stream;     /* heartbeats; its end is the end of what is attached */
};

/** Begin the next operation if none is under way and it is time. */
void actor_turn(struct actor *actor);
bool actor_is_done(const struct actor *actor);
/** Register what the watchers wait for at the end; as an operation like any other. */
void actor_mark(struct actor *actor);
/** Let go of the stream without a word. */
void actor_stop(struct actor *actor);

#endif
