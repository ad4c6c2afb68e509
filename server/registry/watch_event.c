/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/watch_event.h"

#include <stdlib.h>

#include <mrpc/codec.h>

#include "registry/filter.h"

static uint8_t *encode(const PB(WatchResponse) * response, size_t *size)
{
    if (mrpc_encoded_size(PB_INFO(watch_response), &response->base, size, NULL))
        return NULL;
    uint8_t *bytes = malloc(*size + 1);
    if (bytes)
        mrpc_encode(PB_INFO(watch_response), &response->base, bytes);
    return bytes;
}

static PB(WatchResponse) response_at(uint64_t epoch, int64_t revision)
{
    PB(WatchResponse) response;
    mltrainer__registry__v1__watch_response__init(&response);
    response.epoch = epoch;
    response.revision = revision;
    return response;
}

uint8_t *watch_encode_change(uint64_t epoch, int64_t revision, int kind, PB(Instance) * instance, size_t *size)
{
    PB(Change) change;
    mltrainer__registry__v1__change__init(&change);
    change.kind = (PB(ChangeKind))kind;
    change.instance = instance;
    PB(Change) * list[] = {&change};
    PB(WatchChanges) changes;
    mltrainer__registry__v1__watch_changes__init(&changes);
    changes.n_changes = 1;
    changes.changes = list;
    PB(WatchResponse) response = response_at(epoch, revision);
    response.body_case = MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_CHANGES;
    response.changes = &changes;
    return encode(&response, size);
}

uint8_t *watch_encode_snapshot(uint64_t epoch, int64_t revision, PB(Instance) * *instances, size_t count, bool first,
                               bool last, size_t *size)
{
    PB(WatchSnapshot) snapshot;
    mltrainer__registry__v1__watch_snapshot__init(&snapshot);
    snapshot.n_instances = count;
    snapshot.instances = instances;
    snapshot.first = first;
    snapshot.last = last;
    PB(WatchResponse) response = response_at(epoch, revision);
    response.body_case = MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_SNAPSHOT;
    response.snapshot = &snapshot;
    return encode(&response, size);
}

uint8_t *watch_encode_progress(uint64_t epoch, int64_t revision, size_t *size)
{
    PB(WatchProgress) progress;
    mltrainer__registry__v1__watch_progress__init(&progress);
    PB(WatchResponse) response = response_at(epoch, revision);
    response.body_case = MLTRAINER__REGISTRY__V1__WATCH_RESPONSE__BODY_PROGRESS;
    response.progress = &progress;
    return encode(&response, size);
}

struct watch_event *watch_event_new(const struct catalog_change *change)
{
    struct watch_event *event = calloc(1, sizeof *event);
    if (!event)
        return NULL;
    atomic_init(&event->references, 1);
    event->revision = change->revision;
    event->before = registry_instance_ref(change->before);
    event->after = change->removal ? NULL : registry_instance_ref(change->instance);
    event->shown = registry_instance_ref(change->instance);
    return event;
}

bool watch_event_encode(struct watch_event *event, uint64_t epoch)
{
    int kind = watch_event_kind(event, NULL);
    if (!event->bytes)
        event->bytes = watch_encode_change(epoch, event->revision, kind, event->shown->message, &event->size);
    return event->bytes;
}

struct watch_event *watch_event_ref(struct watch_event *event)
{
    atomic_fetch_add_explicit(&event->references, 1, memory_order_relaxed);
    return event;
}

void watch_event_unref(struct watch_event *event)
{
    if (!event || atomic_fetch_sub_explicit(&event->references, 1, memory_order_acq_rel) != 1)
        return;
    registry_instance_unref(event->before);
    registry_instance_unref(event->after);
    registry_instance_unref(event->shown);
    free(event->bytes);
    free(event);
}

int watch_event_kind(const struct watch_event *event, const PB(InstanceFilter) * filter)
{
    bool before = event->before && registry_filter_match(filter, event->before, false);
    bool after = event->after && registry_filter_match(filter, event->after, false);
    if (before && after)
        return CHANGE_UPDATED;
    if (after)
        return CHANGE_ADDED;
    return before ? CHANGE_REMOVED : 0;
}
