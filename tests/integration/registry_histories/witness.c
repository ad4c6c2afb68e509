/* SPDX-License-Identifier: Apache-2.0 */
#include "witness.h"

#include <stdlib.h>
#include <string.h>

enum { MORTAL_TTL_MS = 10000 };

static const struct history_state nobody = {.there = false};

const struct history_state *witness_state(const struct witness *witness, size_t position, int id)
{
    return position ? &witness->entries[position - 1].states[id] : &nobody;
}

bool witness_in_gap(const struct witness *witness, size_t position)
{
    return position ? witness->entries[position - 1].in_gap : witness->begins_in_gap;
}

size_t witness_position(const struct witness *witness, uint64_t epoch, int64_t revision)
{
    size_t position = 0;
    while (position < witness->count &&
           (witness->entries[position].epoch < epoch ||
            (witness->entries[position].epoch == epoch && witness->entries[position].revision <= revision)))
        position++;
    return position;
}

/* --- collecting --------------------------------------------------------------------------------------------------- */

static bool told(const struct history *history, int id, int64_t revision)
{
    for (size_t i = 0; i < history->event_count; i++)
        if (history->events[i].id == id && history->events[i].revision == revision)
            return true;
    return false;
}

/* A change that was acknowledged and that no watcher was told of. */
static bool is_untold(const struct history *history, const struct history_operation *operation)
{
    if (operation->outcome != HISTORY_ANSWERED || operation->code)
        return false;
    switch (operation->kind) {
    case HISTORY_REGISTER:
    case HISTORY_OPERATOR:
    case HISTORY_UPDATE:
        return !told(history, operation->id, operation->revision);
    case HISTORY_DEREGISTER:
        return !told(history, operation->id, operation->revision);
    default:
        return false;
    }
}

static bool already_in(const struct witness *witness, const struct history_operation *operation)
{
    for (size_t i = 0; i < witness->count; i++) {
        const struct history_operation *other = witness->entries[i].answer;
        if (other && other->id == operation->id && other->revision == operation->revision &&
            (other->kind == HISTORY_DEREGISTER) == (operation->kind == HISTORY_DEREGISTER))
            return true;
    }
    return false;
}

static struct witness_entry *add(struct witness *witness, uint64_t epoch, int64_t revision)
{
    struct witness_entry *entry = &witness->entries[witness->count++];
    *entry = (struct witness_entry){.epoch = epoch, .revision = revision};
    return entry;
}

static void collect(struct witness *witness)
{
    const struct history *history = witness->history;
    for (size_t i = 0; i < history->event_count; i++)
        add(witness, history->events[i].epoch, history->events[i].revision)->event = &history->events[i];
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct history_operation *operation = &history->operations[i];
        if (!is_untold(history, operation) || already_in(witness, operation))
            continue;
        add(witness, operation->epoch, operation->revision)->answer = operation;
    }
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < history->snapshot_count; i++)
        first = history->snapshots[i].epoch < first ? history->snapshots[i].epoch : first;
    for (size_t i = 0; i < history->snapshot_count; i++)
        if (history->snapshots[i].epoch != first)
            add(witness, history->snapshots[i].epoch, history->snapshots[i].revision)->snapshot =
                &history->snapshots[i];
}

static int compare(const void *left, const void *right)
{
    const struct witness_entry *a = left, *b = right;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    if (a->revision != b->revision)
        return a->revision < b->revision ? -1 : 1;
    return (a->snapshot != NULL) - (b->snapshot != NULL);
}

/* A gap reaches from the last thing that watchers were told to the next snapshot. */
static void mark_gaps(struct witness *witness)
{
    bool gap = false;
    for (size_t i = witness->count; i-- > 0;) {
        const struct witness_entry *entry = &witness->entries[i];
        witness->entries[i].in_gap = gap;
        if (entry->snapshot)
            gap = true;
        else if (entry->event)
            gap = false;
        if (entry->event && i + 1 < witness->count && !witness->entries[i + 1].event)
            witness->entries[i].in_gap = true; /* the position after the last one told is in it too */
    }
    witness->begins_in_gap = gap;
}

/* --- replaying ---------------------------------------------------------------------------------------------------- */

static bool can_have_caused(const struct history_operation *operation, const struct history_event *event)
{
    if (operation->id != event->id || operation->begun_at > event->seen_at || operation->outcome == HISTORY_FAILED ||
        (operation->outcome == HISTORY_ANSWERED && operation->code))
        return false;
    switch (event->reason) {
    case REASON_REGISTERED:
    case REASON_UPDATED:
        return (operation->kind == HISTORY_REGISTER || operation->kind == HISTORY_UPDATE) &&
               operation->value == event->after.value;
    case REASON_DEREGISTERED:
        return operation->kind == HISTORY_DEREGISTER &&
               (!operation->incarnation || operation->incarnation == event->after.incarnation);
    case REASON_OPERATOR:
        return operation->kind == HISTORY_OPERATOR && (int)operation->value == event->after.operator_state;
    case REASON_STREAM_BROKEN:
        return operation->kind == HISTORY_ATTACH;
    default:
        return false;
    }
}

/* A lease that somebody renewed lives on for its time. */
static bool expired_in_time(struct history *history, const struct history_event *event)
{
    if (history->ttl_ms >= MORTAL_TTL_MS)
        return history_violate(history, "revision %lld: a lease of %lld ms ran out", (long long)event->revision,
                               (long long)history->ttl_ms);
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct history_operation *renewal = &history->operations[i];
        bool renews =
            renewal->kind == HISTORY_REGISTER || renewal->kind == HISTORY_HEARTBEAT || renewal->kind == HISTORY_ATTACH;
        int64_t incarnation =
            renewal->kind == HISTORY_REGISTER ? renewal->seen[event->id].incarnation : renewal->incarnation;
        if (renews && renewal->id == event->id && renewal->outcome == HISTORY_ANSWERED && !renewal->code &&
            renewal->ended_at < event->seen_at && incarnation == event->after.incarnation &&
            event->seen_ms - renewal->begun_ms < history->ttl_ms)
            return history_violate(history, "revision %lld: a lease of %lld ms ran out %lld ms after its renewal began",
                                   (long long)event->revision, (long long)history->ttl_ms,
                                   (long long)(event->seen_ms - renewal->begun_ms));
    }
    return true;
}

static bool has_a_cause(struct history *history, const struct history_event *event)
{
    if (event->reason == REASON_LEASE_EXPIRED)
        return expired_in_time(history, event);
    for (size_t i = 0; i < history->operation_count; i++)
        if (can_have_caused(&history->operations[i], event))
            return true;
    return history_violate(history, "revision %lld: nobody can have caused it (reason %d, value %u)",
                           (long long)event->revision, event->reason, event->after.value);
}

static bool follows(const struct history_state *before, int kind, const struct history_state *after, int64_t revision,
                    bool unsure)
{
    /* Unsure: a change of it may have been decided and not written. What came next was built on it. */
    switch (kind) {
    case CHANGE_ADDED:
        return !before->there && (after->incarnation == revision || (unsure && after->incarnation < revision));
    case CHANGE_UPDATED:
        return before->there && after->incarnation == before->incarnation;
    case CHANGE_REMOVED:
        return before->there && after->incarnation == before->incarnation && (unsure || after->value == before->value);
    default:
        return false;
    }
}

static bool replay_event(struct witness *witness, struct witness_entry *entry)
{
    const struct history_event *event = entry->event;
    const struct history_state *before = &entry->states[event->id];
    bool unsure = witness_may_have_changed(witness->history, event->id);
    if (!follows(before, event->kind, &event->after, event->revision, unsure))
        return history_violate(witness->history, "revision %lld: change %d of id%d does not follow from what was told",
                               (long long)event->revision, event->kind, event->id);
    entry->states[event->id] = event->after;
    return has_a_cause(witness->history, event);
}

/* Of those who were told that end, did one mean that life? */
static bool meant(const struct history *history, const struct history_operation *answer, int64_t incarnation)
{
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct history_operation *other = &history->operations[i];
        if (other->kind == HISTORY_DEREGISTER && other->id == answer->id && other->revision == answer->revision &&
            other->outcome == HISTORY_ANSWERED && !other->code &&
            (!other->incarnation || other->incarnation == incarnation))
            return true;
    }
    return false;
}

/* Watchers may have missed it only if the registry died before it could tell them, or they were not back yet. */
static bool replay_answer(struct witness *witness, size_t at)
{
    struct witness_entry *entry = &witness->entries[at];
    const struct history_operation *answer = entry->answer;
    const struct history_state *before = &entry->states[answer->id];
    if (answer->kind == HISTORY_DEREGISTER && !meant(witness->history, answer, before->incarnation))
        return true; /* it had gone before */
    if (answer->kind == HISTORY_DEREGISTER && !before->there && witness_may_have_changed(witness->history, answer->id))
        return true; /* what it removed was never written */
    if (!entry->in_gap)
        return history_violate(witness->history, "revision %lld of id%d was acknowledged and no watcher was told of it",
                               (long long)entry->revision, answer->id);
    if (answer->kind == HISTORY_DEREGISTER)
        entry->states[answer->id].there = false;
    else
        entry->states[answer->id] = answer->seen[answer->id];
    return true;
}

bool witness_may_have_changed(const struct history *history, int id)
{
    if (history->ttl_ms < MORTAL_TTL_MS)
        return true;
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct history_operation *operation = &history->operations[i];
        bool changes = operation->kind == HISTORY_REGISTER || operation->kind == HISTORY_DEREGISTER ||
                       operation->kind == HISTORY_OPERATOR || operation->kind == HISTORY_UPDATE;
        if (operation->id == id &&
            (operation->kind == HISTORY_ATTACH || (changes && operation->outcome == HISTORY_UNKNOWN)))
            return true;
    }
    return false;
}

/* Somebody wanted it so and never heard whether it was done; or its end was told and not written. */
static bool may_have_become(const struct witness *witness, size_t at, int id, const struct history_state *now)
{
    const struct history *history = witness->history;
    if (!now->there)
        return true;
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct history_operation *operation = &history->operations[i];
        if (operation->id == id && operation->outcome == HISTORY_UNKNOWN &&
            (((operation->kind == HISTORY_REGISTER || operation->kind == HISTORY_UPDATE) &&
              operation->value == now->value) ||
             (operation->kind == HISTORY_OPERATOR && (int)operation->value == now->operator_state)))
            return true;
    }
    for (size_t position = at; position-- > 0;) {
        const struct history_state *earlier = witness_state(witness, position, id);
        if (earlier->there)
            return earlier->revision == now->revision && earlier->value == now->value;
    }
    return false;
}

static bool same_state(const struct history_state *a, const struct history_state *b)
{
    return a->there == b->there && (!a->there || (a->value == b->value && a->operator_state == b->operator_state &&
                                                  a->incarnation == b->incarnation && a->revision == b->revision));
}

static bool replay_snapshot(struct witness *witness, size_t at)
{
    struct witness_entry *entry = &witness->entries[at];
    for (int id = 0; id < HISTORY_IDS; id++) {
        const struct history_state *now = &entry->snapshot->states[id];
        bool explained = same_state(&entry->states[id], now) ||
                         (witness_may_have_changed(witness->history, id) && may_have_become(witness, at, id, now));
        if (!explained)
            return history_violate(witness->history,
                                   "epoch %llu begins with id%d %s (value %u, revision %lld); it was %s (value %u, "
                                   "revision %lld)",
                                   (unsigned long long)entry->epoch, id, now->there ? "there" : "gone", now->value,
                                   (long long)now->revision, entry->states[id].there ? "there" : "gone",
                                   entry->states[id].value, (long long)entry->states[id].revision);
        entry->states[id] = *now;
    }
    return true;
}

bool witness_build(struct witness *witness, struct history *history)
{
    *witness = (struct witness){.history = history};
    if (history->snapshot_count == 0)
        return history_violate(history, "no watcher was told anything");
    collect(witness);
    qsort(witness->entries, witness->count, sizeof witness->entries[0], compare);
    mark_gaps(witness);
    for (size_t at = 0; at < witness->count; at++) {
        struct witness_entry *entry = &witness->entries[at];
        if (at)
            memcpy(entry->states, witness->entries[at - 1].states, sizeof entry->states);
        bool held = entry->event    ? replay_event(witness, entry)
                    : entry->answer ? replay_answer(witness, at)
                                    : replay_snapshot(witness, at);
        if (!held)
            return false;
    }
    return true;
}
