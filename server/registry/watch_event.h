/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_WATCH_EVENT_H
#define REGISTRY_WATCH_EVENT_H

#include "registry/catalog.h"

/* One change as watchers are told of it: shared by the log and by every queue it stands in; immutable but for its
 * encoding, which the domain loop makes before the first watcher gets it. */
struct watch_event {
    _Atomic uint32_t references;
    int64_t revision;
    struct registry_instance *before; /* NULL: it was not there */
    struct registry_instance *after;  /* NULL: it is gone */
    struct registry_instance *shown;  /* what the message carries: after, or the last contents with why it went */
    size_t size;                      /* of the encoded WatchResponse for a watcher without a filter */
    uint8_t *bytes; /* NULL: nobody has needed it yet */
};

/** NULL when out of memory. */
struct watch_event *watch_event_new(const struct catalog_change *change);
/** Encode it, if it is not yet. Thread: the domain loop's. False when out of memory. */
bool watch_event_encode(struct watch_event *event, uint64_t epoch);
struct watch_event *watch_event_ref(struct watch_event *event);
void watch_event_unref(struct watch_event *event);

/** What the event is to somebody with @filter (NULL: none); 0: nothing. */
int watch_event_kind(const struct watch_event *event, const PB(InstanceFilter) * filter);

/** Encode a WatchResponse with one change; malloc'ed, NULL when out of memory. */
uint8_t *watch_encode_change(uint64_t epoch, int64_t revision, int kind, PB(Instance) * instance, size_t *size);
/** Encode a part of the present state. */
uint8_t *watch_encode_snapshot(uint64_t epoch, int64_t revision, PB(Instance) * *instances, size_t count, bool first,
                               bool last, size_t *size);
/** Encode progress. */
uint8_t *watch_encode_progress(uint64_t epoch, int64_t revision, size_t *size);

#endif
