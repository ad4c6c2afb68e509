/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_SCENE_CHANGED_H
#define MLT_SCENE_CHANGED_H

#include <stdint.h>

#include "events/bus.h"

/* "What view X shows has changed": told by a module that has a scene source to whoever draws it, at most 20 times a
 * second a source, however much happens. The event carries no state: whoever hears it takes the source's snapshot.
 *
 *     touch, touch, touch ─► event(changes 1) … 50 ms … event(changes 2)
 *
 * The first touch of a quiet source is told at once, and the last one is always told. */

extern const struct bus_topic scene_source_changed;
struct scene_source_event {
    char source[129];      /* scene_source.name: "registry", "execution" */
    uint64_t changes;      /* touches that this event stands for, at least 1 */
};

enum { SCENE_NOTIFIER_INTERVAL_MS = 50 };

struct scene_notifier;

/** @source is copied; @bus may be NULL (then nobody is told). Timers run on @loop, which outlives the notifier.
 *  @before(arg), may be NULL, runs on the loop before each telling: the place to publish the snapshot that the source
 *  will give. Errors: MRPC_ERR_NOMEM. Thread: any before the loop starts, else the loop's. */
int scene_notifier_new(struct bus *bus, struct domain_loop *loop, const char *source, void (*before)(void *arg),
                       void *arg, struct scene_notifier **out) MRPC_MUST_USE;
/** Thread: any once the loop has stopped. NULL is fine. */
void scene_notifier_free(struct scene_notifier *notifier);
/** The source would give another scene now. Thread: any; never blocks, never allocates. */
void scene_notifier_touch(struct scene_notifier *notifier);

#endif
