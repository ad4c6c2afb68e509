/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "witness.h"

enum { OK = 0, NOT_FOUND = 5, ABORTED = 10, OPERATOR_ACTIVE = 1 };

static bool seen_so(const struct history_state *state, const struct history_state *seen)
{
    return state->there == seen->there &&
           (!state->there || (state->value == seen->value && state->operator_state == seen->operator_state &&
                              state->incarnation == seen->incarnation && state->revision == seen->revision));
}

static bool lives(const struct history_state *state, int64_t incarnation)
{
    return state->there && (!incarnation || state->incarnation == incarnation);
}

static bool handed_out(const struct history_state *state)
{
    return state->there && state->operator_state <= OPERATOR_ACTIVE;
}

static const struct history_state nobody = {.there = false};

static bool all_so(const struct witness *witness, const struct history_operation *operation, size_t position)
{
    for (int id = 0; id < HISTORY_IDS; id++) {
        const struct history_state *state = witness_state(witness, position, id);
        if (operation->kind == HISTORY_DISCOVER && !handed_out(state))
            state = &nobody;
        bool unsure = witness_in_gap(witness, position) && witness_may_have_changed(witness->history, id);
        if (!seen_so(state, &operation->seen[id]) && !unsure)
            return false;
    }
    return true;
}

static bool nobody_there(const struct witness *witness, size_t position)
{
    for (int id = 0; id < HISTORY_IDS; id++)
        if (witness_state(witness, position, id)->there)
            return false;
    return true;
}

/* Whether the answer is true of the state at that position (after the operation has had its effect, if it has one). */
static bool explains(const struct witness *witness, const struct history_operation *operation, size_t position)
{
    const struct history_state *state = witness_state(witness, position, operation->id);
    const struct history_state *seen = &operation->seen[operation->id];
    bool found = operation->code == OK;
    switch (operation->kind) {
    case HISTORY_REGISTER:
        if (operation->code == ABORTED)
            return operation->expected != (state->there ? state->revision : 0);
        return found && seen_so(state, seen) && state->value == operation->value &&
               (!operation->created || state->incarnation == state->revision);
    case HISTORY_OPERATOR:
        return found ? seen_so(state, seen) && state->operator_state == (int)operation->value : !state->there;
    case HISTORY_UPDATE:
        if (operation->code == ABORTED)
            return state->there && operation->expected != state->revision;
        return found ? seen_so(state, seen) && state->value == operation->value : !state->there;
    case HISTORY_DEREGISTER:
        return !lives(state, operation->incarnation);
    case HISTORY_HEARTBEAT:
    case HISTORY_ATTACH:
        return found ? lives(state, operation->incarnation) : !lives(state, operation->incarnation);
    case HISTORY_GET:
        return found ? seen_so(state, seen) : !state->there;
    case HISTORY_LIST:
        return all_so(witness, operation, position);
    case HISTORY_DISCOVER:
        return found ? all_so(witness, operation, position) : nobody_there(witness, position);
    default:
        return true;
    }
}

/* Reads say which revision they reflect. */
static bool has_its_place(const struct history_operation *operation)
{
    return operation->code == OK &&
           (operation->kind == HISTORY_GET || operation->kind == HISTORY_LIST || operation->kind == HISTORY_DISCOVER);
}

static bool in_a_gap(const struct witness *witness, const struct history_operation *operation, size_t position)
{
    if (!witness_in_gap(witness, position))
        return false;
    bool of_all = operation->kind == HISTORY_LIST || operation->kind == HISTORY_DISCOVER;
    for (int id = 0; id < HISTORY_IDS; id++)
        if ((of_all || id == operation->id) && witness_may_have_changed(witness->history, id))
            return true;
    return false;
}

/* The end that an operation was told to have brought about. */
static size_t position_of_end(const struct witness *witness, const struct history_operation *operation)
{
    size_t at = 0;
    while (at < witness->count && (witness->entries[at].revision != operation->revision ||
                                   witness->entries[at].snapshot || witness->entries[at].states[operation->id].there))
        at++;
    return at + 1;
}

/* The first position from @low on where it can have happened; count + 1: nowhere. */
static size_t place(const struct witness *witness, const struct history_operation *operation, size_t low)
{
    if (has_its_place(operation)) {
        size_t position = witness_position(witness, operation->epoch, operation->revision);
        bool fits = explains(witness, operation, position) || in_a_gap(witness, operation, position);
        return fits && position >= low ? position : witness->count + 1;
    }
    size_t position = low;
    if (operation->kind == HISTORY_DEREGISTER && !operation->incarnation && operation->code == OK) {
        position = position_of_end(witness, operation);
        return position >= low ? position : witness->count + 1;
    }
    while (position <= witness->count && !explains(witness, operation, position) &&
           !in_a_gap(witness, operation, position))
        position++;
    return position;
}

/* It caused a change that nobody can have known before it began. */
static bool had_effect(const struct history_operation *operation)
{
    return operation->code == OK && ((operation->kind == HISTORY_REGISTER && operation->fresh) ||
                                     operation->kind == HISTORY_UPDATE ||
                                     (operation->kind == HISTORY_DEREGISTER && !operation->incarnation));
}

/* What anybody could know when it began: answers that were there, and changes that watchers had been told of. */
static size_t known_before(const struct witness *witness, const struct history_operation *operation,
                           const size_t *positions)
{
    const struct history *history = witness->history;
    size_t low = 0;
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct history_operation *other = &history->operations[i];
        if (other->outcome == HISTORY_ANSWERED && other->ended_at < operation->begun_at && positions[i] > low)
            low = positions[i];
    }
    for (size_t at = witness->count; at > low; at--) {
        const struct history_event *event = witness->entries[at - 1].event;
        if (event && event->seen_at < operation->begun_at)
            return at;
    }
    return low;
}

static int by_end(const void *left, const void *right)
{
    const struct history_operation *a = *(const struct history_operation *const *)left;
    const struct history_operation *b = *(const struct history_operation *const *)right;
    return a->ended_at < b->ended_at ? -1 : a->ended_at > b->ended_at;
}

static bool fits(struct witness *witness, const struct history_operation *operation, size_t *positions)
{
    struct history *history = witness->history;
    size_t low = known_before(witness, operation, positions);
    size_t position = place(witness, operation, low);
    size_t index = (size_t)(operation - history->operations);
    if (position > witness->count)
        return history_violate(
            history, "the answer at %llu has no place after what was known at %llu (change %zu of %zu)",
            (unsigned long long)operation->ended_at, (unsigned long long)operation->begun_at, low, witness->count);
    if (had_effect(operation) && position == low && !in_a_gap(witness, operation, position))
        return history_violate(history, "the answer at %llu tells of an effect that others knew before %llu",
                               (unsigned long long)operation->ended_at, (unsigned long long)operation->begun_at);
    positions[index] = position;
    return true;
}

/* Somebody changed it, or wanted to, and never heard whether that was written: a stream may have answered from it. */
static bool unsettled(const struct history *history, int id)
{
    for (size_t i = 0; i < history->operation_count; i++) {
        const struct history_operation *operation = &history->operations[i];
        if (operation->id == id && operation->outcome != HISTORY_ANSWERED && operation->kind < HISTORY_ATTACH)
            return true;
    }
    return false;
}

/* A stream's answer has a place like any other; but as it may be ahead of what is durable, nothing follows from it for
 * the place of what came after. */
static bool stream_answer_fits(struct witness *witness, const struct history_operation *operation,
                               const size_t *positions)
{
    struct history *history = witness->history;
    size_t low = known_before(witness, operation, positions);
    if (place(witness, operation, low) <= witness->count || unsettled(history, operation->id))
        return true;
    return history_violate(
        history, "the stream's answer at %llu has no place after what was known at %llu (change %zu of %zu)",
        (unsigned long long)operation->ended_at, (unsigned long long)operation->begun_at, low, witness->count);
}

bool history_holds(struct history *history)
{
    static struct witness witness;
    const struct history_operation *order[HISTORY_OPERATIONS_MAX];
    size_t positions[HISTORY_OPERATIONS_MAX] = {0}, count = 0;
    if (history->violation[0] || !witness_build(&witness, history))
        return false;
    for (size_t i = 0; i < history->operation_count; i++)
        if (history->operations[i].outcome == HISTORY_ANSWERED && history->operations[i].kind < HISTORY_ATTACH)
            order[count++] = &history->operations[i];
    qsort(order, count, sizeof order[0], by_end);
    for (size_t i = 0; i < count; i++)
        if (!fits(&witness, order[i], positions))
            return false;
    for (size_t i = 0; i < history->operation_count; i++)
        if (history->operations[i].outcome == HISTORY_ANSWERED && history->operations[i].kind == HISTORY_ATTACH &&
            !stream_answer_fits(&witness, &history->operations[i], positions))
            return false;
    return true;
}
