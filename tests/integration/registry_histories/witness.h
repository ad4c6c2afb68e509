/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_WITNESS_H
#define REGISTRY_WITNESS_H

#include "history.h"

/* All changes of a history in the order in which they happened, with the state after each. */

enum {
    CHANGE_ADDED = 1,
    CHANGE_UPDATED,
    CHANGE_REMOVED,
};

enum {
    REASON_REGISTERED = 1,
    REASON_UPDATED,
    REASON_DEREGISTERED,
    REASON_LEASE_EXPIRED,
    REASON_STREAM_BROKEN,
    REASON_OPERATOR = 8,
};

/* The state at position p is that after the first p entries. */
struct witness_entry {
    uint64_t epoch;
    int64_t revision;
    const struct history_event *event;       /* as watchers were told it; NULL: see `answer` */
    const struct history_operation *answer;  /* a change that only its author was told of; NULL: see `snapshot` */
    const struct history_snapshot *snapshot; /* the beginning of another life of the registry */
    struct history_state states[HISTORY_IDS];
    bool in_gap; /* what happened from here to the next snapshot may not be all */
};

struct witness {
    struct history *history;
    struct witness_entry entries[HISTORY_EVENTS_MAX + HISTORY_OPERATIONS_MAX + 32];
    size_t count;
    bool begins_in_gap;
};

/** Order everything, and replay it. False: what came cannot have happened; the history says why. */
bool witness_build(struct witness *witness, struct history *history);

const struct history_state *witness_state(const struct witness *witness, size_t position, int id);
bool witness_in_gap(const struct witness *witness, size_t position);
/** The position of a view of that revision. */
size_t witness_position(const struct witness *witness, uint64_t epoch, int64_t revision);
/** In a gap something may have happened to that instance that nobody was told of. */
bool witness_may_have_changed(const struct history *history, int id);

#endif
