/* SPDX-License-Identifier: Apache-2.0 */
#include "observer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PB(name) Mltrainer__Registry__V1__##name
#define RPC(name) mltrainer__registry__v1__registry_service__##name

enum { RESTLESS_ONE_IN = 12 };

int64_t observer_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct history_state history_state_of(const PB(Instance) * instance, int *id)
{
    const char *text = instance->key->id;
    *id = text[0] == 'i' && text[1] >= '0' && text[1] < '0' + HISTORY_IDS && !text[2] ? text[1] - '0' : -1;
    return (struct history_state){
        .there = true,
        .value = instance->weight,
        .operator_state = (int)instance->status->operator_state,
        .incarnation = instance->incarnation,
        .revision = instance->revision,
    };
}

static void watch(struct observer *observer, bool resume);

static void take_change(struct observer *observer, const PB(WatchResponse) * message, const PB(Change) * change)
{
    struct history_event event = {.epoch = message->epoch, .revision = message->revision, .kind = (int)change->kind};
    event.after = history_state_of(change->instance, &event.id);
    event.after.there = change->kind != MLTRAINER__REGISTRY__V1__CHANGE_KIND__CHANGE_KIND_REMOVED;
    event.reason = (int)change->instance->status->reason;
    event.seen_ms = observer_now_ms();
    if (event.id < 0) {
        history_violate(observer->history, "a watcher was told of %s", change->instance->key->id);
        return;
    }
    if ((observer->filters || history_see_event(observer->history, &event)) && event.id == HISTORY_MARKER)
        observer->told_of_marker = true;
}

static void take_part(struct observer *observer, const PB(WatchResponse) * message)
{
    struct history_snapshot *snapshot = &observer->snapshot;
    if (message->snapshot->first)
        *snapshot = (struct history_snapshot){.epoch = message->epoch, .revision = message->revision};
    for (size_t i = 0; i < message->snapshot->n_instances; i++) {
        int id;
        struct history_state state = history_state_of(message->snapshot->instances[i], &id);
        if (id < 0)
            history_violate(observer->history, "a snapshot has %s", message->snapshot->instances[i]->key->id);
        else
            snapshot->states[id] = state;
    }
    if (!message->snapshot->last)
        return;
    if (!observer->filters)
        history_see_snapshot(observer->history, snapshot);
    observer->told_of_marker = observer->told_of_marker || snapshot->states[HISTORY_MARKER].there;
}

static bool on_message(void *arg, struct mrpc_client_call *call, const ProtobufCMessage *bytes)
{
    struct observer *observer = arg;
    const PB(WatchResponse) *message = (const PB(WatchResponse) *)bytes;
    if (observer->over)
        return true;
    if (watch_validator_take(observer->validator, message))
        history_violate(observer->history, "%s", watch_validator_violation(observer->validator));
    if (message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT)
        take_part(observer, message);
    for (size_t i = 0;
         message->body_case == MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES && i < message->changes->n_changes;
         i++)
        take_change(observer, message, message->changes->changes[i]);
    if (observer->restless && rand_r(&observer->random_state) % RESTLESS_ONE_IN == 0)
        mrpc_client_call_cancel(call);
    return true;
}

static void on_done(void *arg, struct mrpc_client_call *call, const struct mrpc_status *status,
                    const struct mrpc_metadata *trailers)
{
    struct observer *observer = arg;
    mrpc_client_call_free(call);
    observer->call = NULL;
    if (observer->over)
        return;
    if (status->code != MRPC_CANCELLED && status->code != MRPC_UNAVAILABLE && status->code != MRPC_OUT_OF_RANGE)
        history_violate(observer->history, "a watch ended with %s: %s", mrpc_code_name(status->code),
                        status->message ? status->message : "");
    watch(observer, status->code != MRPC_OUT_OF_RANGE);
}

static void watch(struct observer *observer, bool resume)
{
    static const struct mrpc_client_events events = {.on_message = on_message, .on_done = on_done};
    static const struct mrpc_call_options options = {.struct_bytes = sizeof options, .wait_for_ready = true};
    PB(WatchRequest) request;
    PB(InstanceFilter) filter;
    char *zones[] = {(char *)(uintptr_t)OBSERVER_ZONE};
    mltrainer__registry__v1__watch_request__init(&request);
    mltrainer__registry__v1__instance_filter__init(&filter);
    filter.zones = zones;
    filter.n_zones = 1;
    request.filter = observer->filters ? &filter : NULL;
    watch_validator_begin(observer->validator, resume, &request);
    if (RPC(watch__start)(observer->channel, &options, &request, &events, observer, &observer->call))
        abort();
}

static bool is_selected(void *arg, const PB(Instance) * instance)
{
    (void)arg;
    return strcmp(instance->zone, OBSERVER_ZONE) == 0;
}

void observer_start(struct observer *observer)
{
    const struct watch_selection selection = {.namespace_name = "default",
                                              .service = observer->service,
                                              .passes = observer->filters ? is_selected : NULL};
    observer->validator = watch_validator_new(&selection);
    watch(observer, false);
}

bool observer_knows(const struct observer *observer)
{
    return watch_validator_complete(observer->validator);
}

void observer_stop(struct observer *observer)
{
    observer->over = true;
    if (observer->call)
        mrpc_client_call_cancel(observer->call);
}
