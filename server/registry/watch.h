/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_WATCH_H
#define REGISTRY_WATCH_H

#include <mrpc/call.h>

#include "registry/catalog.h"
#include "registry/view.h"

/* Telling watchers.
 *
 *     domain loop                                 connection loops
 *     table of watchers, log of recent changes    each watcher's queue, snapshot cursor, flow control
 *
 * A change is encoded once. For each connection loop that has watchers of it one delivery is posted, with the list of
 * those watchers; the loop sends the same bytes to each, or queues a reference where the peer is slow. The queue is
 * bounded: who falls behind ends with RESOURCE_EXHAUSTED and watches again.
 *
 * A watch call is finished on its connection loop, but only after the domain loop has struck it off its table: so a
 * call in the table is always alive, and everything posted for it before its end runs before its end.
 */

struct registry;
struct registry_watches;
struct watcher;

struct registry_watches_options {
    struct registry *registry;
    uint64_t epoch;
    int64_t revision;     /* where the log begins */
    uint32_t log_count;   /* 0: 10,000 */
    uint32_t queue_bytes; /* 0: 1 MiB */
};

int registry_watches_new(const struct registry_watches_options *options, struct registry_watches **out) MRPC_MUST_USE;
void registry_watches_free(struct registry_watches *watches);

/* --- domain loop -------------------------------------------------------------------------------------------------- */

/** Note a change that was applied; it is sent by registry_watches_flush(), after the view shows it. */
void registry_watches_note(struct registry_watches *watches, const struct catalog_change *change);
/** Send what was noted. */
void registry_watches_flush(struct registry_watches *watches, int64_t now_ms);
/** Send progress to those who have heard nothing for their interval. Call it about once a second. */
void registry_watches_tick(struct registry_watches *watches, int64_t revision, int64_t now_ms);
/** End every watch with @code and @text (static). */
void registry_watches_end_all(struct registry_watches *watches, int code, const char *text);
uint64_t registry_watches_epoch(const struct registry_watches *watches);
/** What a slow watcher may have waiting. */
size_t registry_watches_queue_bytes(const struct registry_watches *watches);
int64_t registry_watches_oldest(const struct registry_watches *watches);
size_t registry_watches_count(const struct registry_watches *watches);

/* --- connection loop ---------------------------------------------------------------------------------------------- */

/** Begin a watch for a checked request; the method returns MRPC_PENDING. Returns that or a status code. */
int registry_watch_start(struct registry_watches *watches, struct mrpc_call *call, const PB(WatchRequest) * request,
                         int64_t progress_ms);

#endif
