/* SPDX-License-Identifier: Apache-2.0 */
#include "history.h"

#include <stdarg.h>
#include <string.h>

struct history_operation *history_begin(struct history *history, enum history_kind kind, int64_t now_ms)
{
    if (history->operation_count == HISTORY_OPERATIONS_MAX)
        return NULL;
    struct history_operation *operation = &history->operations[history->operation_count++];
    *operation = (struct history_operation){.kind = kind, .begun_at = ++history->clock, .begun_ms = now_ms};
    return operation;
}

void history_end(struct history *history, struct history_operation *operation, enum history_outcome outcome, int code,
                 int64_t now_ms)
{
    operation->outcome = outcome;
    operation->code = code;
    operation->epoch = history->epoch;
    operation->ended_at = ++history->clock;
    operation->ended_ms = now_ms;
}

void history_enter_epoch(struct history *history, uint64_t epoch)
{
    history->epoch = epoch;
    for (size_t i = 0; i < history->operation_count; i++)
        if (history->operations[i].outcome != HISTORY_PENDING && !history->operations[i].epoch)
            history->operations[i].epoch = epoch;
}

static bool same_event(const struct history_event *a, const struct history_event *b)
{
    return a->id == b->id && a->kind == b->kind && a->reason == b->reason && a->after.value == b->after.value &&
           a->after.operator_state == b->after.operator_state && a->after.incarnation == b->after.incarnation;
}

bool history_see_event(struct history *history, const struct history_event *event)
{
    for (size_t i = 0; i < history->event_count; i++) {
        const struct history_event *known = &history->events[i];
        if (known->epoch == event->epoch && known->revision == event->revision)
            return same_event(known, event) ||
                   history_violate(history, "two watchers were told revision %lld differently",
                                   (long long)event->revision);
    }
    if (history->event_count == HISTORY_EVENTS_MAX)
        return history_violate(history, "more changes than operations can have caused");
    history->events[history->event_count] = *event;
    history->events[history->event_count++].seen_at = ++history->clock;
    return true;
}

void history_see_snapshot(struct history *history, const struct history_snapshot *snapshot)
{
    size_t at = 0;
    while (at < history->snapshot_count && history->snapshots[at].epoch != snapshot->epoch)
        at++;
    if (at == history->snapshot_count && at < sizeof history->snapshots / sizeof history->snapshots[0])
        history->snapshots[history->snapshot_count++] = *snapshot;
    else if (at < history->snapshot_count && snapshot->revision < history->snapshots[at].revision)
        history->snapshots[at] = *snapshot;
}

bool history_violate(struct history *history, const char *format, ...)
{
    if (history->violation[0])
        return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(history->violation, sizeof history->violation, format, arguments);
    va_end(arguments);
    return false;
}

/* --- for people --------------------------------------------------------------------------------------------------- */

static void print_state(const struct history_state *state, FILE *out)
{
    if (state->there)
        fprintf(out, "v%u/o%d inc=%lld rev=%lld", state->value, state->operator_state, (long long)state->incarnation,
                (long long)state->revision);
    else
        fprintf(out, "-");
}

static void print_operation(const struct history_operation *operation, FILE *out)
{
    static const char *const kinds[] = {"register", "deregister", "heartbeat", "get",  "list",
                                        "discover", "operator",   "update",    "attach", "break"};
    static const char *const outcomes[] = {"pending", "answered", "unknown", "failed"};
    fprintf(out, "%5llu..%-5llu client %d %s id%d", (unsigned long long)operation->begun_at,
            (unsigned long long)operation->ended_at, operation->client, kinds[operation->kind], operation->id);
    if (operation->value)
        fprintf(out, " v%u%s", operation->value, operation->fresh ? "" : " again");
    if (operation->has_expected)
        fprintf(out, " if rev=%lld", (long long)operation->expected);
    if (operation->incarnation)
        fprintf(out, " of inc=%lld", (long long)operation->incarnation);
    fprintf(out, " -> %s %d", outcomes[operation->outcome], operation->code);
    if (operation->outcome == HISTORY_ANSWERED && operation->code == 0) {
        fprintf(out, "%s at %llu/%lld", operation->created ? " created" : "", (unsigned long long)operation->epoch,
                (long long)operation->revision);
        for (int id = 0; id < HISTORY_IDS; id++)
            if (operation->seen[id].there) {
                fprintf(out, " id%d:", id);
                print_state(&operation->seen[id], out);
            }
    }
    fprintf(out, " (%lld ms)\n", (long long)operation->ended_ms);
}

static void print_event(const struct history_event *event, FILE *out)
{
    static const char *const kinds[] = {"?", "added", "updated", "removed"};
    fprintf(out, "%5llu         told %llu/%lld id%d %s reason %d v%u/o%d inc=%lld (%lld ms)\n",
            (unsigned long long)event->seen_at, (unsigned long long)event->epoch, (long long)event->revision, event->id,
            kinds[event->kind & 3], event->reason, event->after.value, event->after.operator_state,
            (long long)event->after.incarnation, (long long)event->seen_ms);
}

static void print_snapshot(const struct history_snapshot *snapshot, FILE *out)
{
    fprintf(out, "      first snapshot of epoch %llu at %lld:", (unsigned long long)snapshot->epoch,
            (long long)snapshot->revision);
    for (int id = 0; id < HISTORY_IDS; id++) {
        fprintf(out, " id%d:", id);
        print_state(&snapshot->states[id], out);
    }
    fprintf(out, "\n");
}

void history_print(const struct history *history, FILE *out)
{
    fprintf(out, "history %llu, leases of %lld ms: %s\n", (unsigned long long)history->seed, (long long)history->ttl_ms,
            history->violation);
    for (size_t i = 0; i < history->snapshot_count; i++)
        print_snapshot(&history->snapshots[i], out);
    for (size_t i = 0; i < history->event_count; i++)
        print_event(&history->events[i], out);
    for (size_t i = 0; i < history->operation_count; i++)
        print_operation(&history->operations[i], out);
}
