/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_WATCHER_H
#define REGISTRY_WATCHER_H

#include <mrpc/call.h>

#include "events/domain_loop.h"
#include "registry/view.h"
#include "registry/watch_event.h"
#include "registry/watch_selection.h"

/* One watch. Its fields belong to one side each; what travels between them are tasks. There are tens of thousands,
 * nearly all waiting: what is needed only to begin, or while the peer is behind, is kept apart. */

struct watch_backlog;

struct watcher {
    _Atomic uint32_t references;
    struct registry_watches *watches;
    struct mrpc_call *call;
    struct watch_selection *selection; /* a reference */
    int32_t progress_ms;

    /* The domain loop's. */
    bool wanted;      /* scratch of a fan-out */
    uint32_t at;      /* in the table, + 1; 0: not in it */
    int64_t heard_ms; /* when it was last sent something */
    struct domain_task end_task;

    /* The connection loop's. */
    bool ending; /* an end has been asked for: nothing is sent any more */
    int end_code;
    const char *end_text;
    struct watch_backlog *backlog; /* what waits for the peer to read; NULL: nothing */
};

struct watcher *watcher_ref(struct watcher *watcher);
void watcher_unref(struct watcher *watcher);

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
