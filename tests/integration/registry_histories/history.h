/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_HISTORY_H
#define REGISTRY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a few clients did to one service of a registry, what they were answered, and what its watchers were told; and
 * the judgement whether all of that can have happened one thing after another (linearizability).
 *
 * Watchers make judging cheap: what they were told, in the order of revisions, is the only order that comes into
 * question (the witness). Every answer must then fit between two changes of it: not before anything that the client, or
 * anybody, could know when it asked, and at a place where the answer is true. Searching the earliest such place for one
 * operation after another, in the order of their ends, finds an order if there is one.
 *
 * A registry that is killed forgets who was told what. From the last thing that a watcher heard until the first
 * snapshot of the next life there is a gap: answers that were given are in it, and what nobody knows the end of may be.
 *
 * Pure: no clock, no connection. One thread. */

enum { HISTORY_IDS = 4, HISTORY_OPERATIONS_MAX = 160, HISTORY_EVENTS_MAX = 400, HISTORY_MARKER = HISTORY_IDS - 1 };

/** One instance at a moment. @value tells apart what different registrations brought. */
struct history_state {
    bool there;
    uint32_t value;
    int operator_state;
    int64_t incarnation;
    int64_t revision;
};

enum history_kind {
    HISTORY_REGISTER,
    HISTORY_DEREGISTER,
    HISTORY_HEARTBEAT,
    HISTORY_GET,
    HISTORY_LIST,
    HISTORY_DISCOVER,
    HISTORY_OPERATOR,
    HISTORY_UPDATE, /* of single fields */
    /* What a stream answers may rest on what is not durable yet, and so be ahead of what others are told. */
    HISTORY_ATTACH, /* to a stream whose end is the end of the instance */
    HISTORY_BREAK,  /* of that stream; there is no answer to judge */
};

enum history_outcome {
    HISTORY_PENDING,
    HISTORY_ANSWERED, /* with code, and what follows from it */
    HISTORY_UNKNOWN,  /* the connection broke, or the deadline passed */
    HISTORY_FAILED,   /* refused because it could not be written: it must not have happened */
};

struct history_operation {
    enum history_kind kind;
    int client;
    int id;
    uint32_t value; /* REGISTER, UPDATE; OPERATOR: the state */
    bool fresh;     /* REGISTER, UPDATE: nobody has brought that value before */
    bool has_expected;
    int64_t expected;
    int64_t incarnation; /* that is asked about; 0: any */
    /* Filled in by the end. */
    enum history_outcome outcome;
    int code;
    bool created;
    uint64_t epoch;                         /* of the registry that answered */
    int64_t revision;                       /* that the answer reflects, or that it caused */
    struct history_state seen[HISTORY_IDS]; /* REGISTER, GET, OPERATOR, UPDATE: of `id`; LIST, DISCOVER: all */
    uint64_t begun_at, ended_at;            /* on the history's own clock: one tick a thing that happens */
    int64_t begun_ms, ended_ms;
};

/** A change as a watcher was told it. */
struct history_event {
    uint64_t epoch;
    int64_t revision;
    int id;
    int kind;                   /* ChangeKind */
    int reason;                 /* TransitionReason */
    struct history_state after; /* of REMOVED: there is false, the rest is what it was */
    uint64_t seen_at;
    int64_t seen_ms;
};

/** The present state as a watcher was told it. */
struct history_snapshot {
    uint64_t epoch;
    int64_t revision;
    struct history_state states[HISTORY_IDS];
};

struct history {
    uint64_t seed;
    int64_t ttl_ms;
    uint64_t epoch; /* of the registry that answers now */
    uint64_t clock;
    struct history_operation operations[HISTORY_OPERATIONS_MAX];
    size_t operation_count;
    struct history_event events[HISTORY_EVENTS_MAX]; /* of all watchers, each once, as they came */
    size_t event_count;
    struct history_snapshot snapshots[32]; /* of each epoch the earliest */
    size_t snapshot_count;
    char violation[400];
};

/** A new operation, under way; NULL when the history is full. */
struct history_operation *history_begin(struct history *history, enum history_kind kind, int64_t now_ms);
void history_end(struct history *history, struct history_operation *operation, enum history_outcome outcome, int code,
                 int64_t now_ms);
/** Another life of the registry answers from now on; 0: its epoch is not known yet, and told by the next call. */
void history_enter_epoch(struct history *history, uint64_t epoch);
/** A watcher was told: kept once. False when another watcher was told otherwise. */
bool history_see_event(struct history *history, const struct history_event *event);
void history_see_snapshot(struct history *history, const struct history_snapshot *snapshot);

/** Judge. True: it holds. False: history->violation says what does not. */
bool history_holds(struct history *history);
void history_print(const struct history *history, FILE *out);

/** Set the violation unless there is one; returns false. */
bool history_violate(struct history *history, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
