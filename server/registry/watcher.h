/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_WATCHER_H
#define REGISTRY_WATCHER_H

#include <mrpc/call.h>

#include "events/domain_loop.h"
#include "registry/view.h"
#include "registry/watch_event.h"

/* One watch. Its fields belong to one side each; what travels between them are tasks. */

struct watch_item;

struct watcher {
    _Atomic uint32_t references;
    struct registry_watches *watches;
    struct mrpc_call *call;
    /* Fixed; in the call's arena. */
    const char *namespace_name; /* "" for all */
    const char *service;        /* "" for all */
    const PB(InstanceFilter) * filter;
    int64_t after_revision;
    uint64_t epoch;
    int64_t progress_ms;
    size_t queue_limit;

    /* The domain loop's. */
    size_t at;        /* in the table, + 1; 0: not in it */
    int64_t heard_ms; /* when it was last sent something */
    bool wanted;      /* scratch of a fan-out */
    int refusal_code; /* set before it is posted that the watch is refused */
    const char *refusal_text;
    struct domain_task begin_task;
    struct domain_task end_task;

    /* The connection loop's. */
    bool ending; /* an end has been asked for: nothing is sent any more */
    int end_code;
    const char *end_text;
    struct registry_view *view; /* of the snapshot being sent */
    size_t service_at;
    size_t instance_at;
    bool snapshot_begun;
    struct watch_item *head;
    struct watch_item **tail;
    size_t queued_bytes;
};

struct watcher *watcher_ref(struct watcher *watcher);
void watcher_unref(struct watcher *watcher);

/** Whether an instance of that service is among what it watches (its filter apart). */
bool watcher_selects(const struct watcher *watcher, const char *namespace_name, const char *service);

/* On the connection loop. */

/** Send the state of @view (a reference that passes over) before anything else. */
void watcher_begin_snapshot(struct watcher *watcher, struct registry_view *view);
/** Send an event, now or when there is room. @bounded: an overfull queue ends the watch. */
void watcher_send_event(struct watcher *watcher, struct watch_event *event, bool bounded);
void watcher_send_progress(struct watcher *watcher, int64_t revision);
/** Go on after the peer has read. */
void watcher_pump(struct watcher *watcher);
/** Have the domain loop strike it off, then finish with @code. */
void watcher_ask_end(struct watcher *watcher, int code, const char *text);

#endif
