/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/watcher.h"

#include <stdlib.h>
#include <string.h>

#include "registry/filter.h"
#include "registry/service.h"
#include "registry/watch.h"

/* The connection loop's side of a watch: first the snapshot in parts, then events, each as fast as the peer reads. */

enum { PART_INSTANCES = 64, PART_BYTES_ABOUT = 32 * 1024 };

/* Waiting to be sent: an event, or a progress (event NULL). */
struct watch_item {
    struct watch_item *next;
    struct watch_event *event;
    int64_t revision;
};

struct watch_backlog {
    struct registry_view *view; /* of the snapshot being sent; NULL: none */
    size_t service_at;
    size_t instance_at;
    bool snapshot_begun;
    struct watch_item *head;
    struct watch_item **tail;
    size_t queued_bytes;
};

struct watcher *watcher_ref(struct watcher *watcher)
{
    atomic_fetch_add_explicit(&watcher->references, 1, memory_order_relaxed);
    return watcher;
}

static struct watch_item *take_item(struct watch_backlog *backlog)
{
    struct watch_item *item = backlog->head;
    backlog->head = item->next;
    if (!backlog->head)
        backlog->tail = &backlog->head;
    backlog->queued_bytes -= sizeof *item + (item->event ? item->event->size : 0);
    return item;
}

static void free_item(struct watch_item *item)
{
    watch_event_unref(item->event);
    free(item);
}

/* NULL when out of memory: then the watch is to end. */
static struct watch_backlog *backlog_of(struct watcher *watcher)
{
    struct watch_backlog *backlog = watcher->backlog;
    if (backlog)
        return backlog;
    backlog = watcher->backlog = calloc(1, sizeof *backlog);
    if (backlog)
        backlog->tail = &backlog->head;
    else
        watcher_ask_end(watcher, MRPC_RESOURCE_EXHAUSTED, "no memory: watch again");
    return backlog;
}

static void drop_backlog(struct watcher *watcher)
{
    struct watch_backlog *backlog = watcher->backlog;
    while (backlog && backlog->head)
        free_item(take_item(backlog));
    if (backlog && backlog->view)
        snapshot_release(&backlog->view->snapshot);
    free(backlog);
    watcher->backlog = NULL;
}

void watcher_unref(struct watcher *watcher)
{
    if (atomic_fetch_sub_explicit(&watcher->references, 1, memory_order_acq_rel) != 1)
        return;
    drop_backlog(watcher);
    watch_selection_unref(watcher->selection);
    free(watcher);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

/* True: sent. False: no room now (on_writable follows), or the watch is over. */
static bool send_bytes(struct watcher *watcher, const uint8_t *bytes, size_t size)
{
    int error = bytes ? mrpc_call_send_encoded(watcher->call, bytes, size) : MRPC_ERR_NOMEM;
    if (error == MRPC_ERR_NOMEM || error == MRPC_ERR_LIMIT)
        watcher_ask_end(watcher, MRPC_RESOURCE_EXHAUSTED, "no memory: watch again");
    return error == 0;
}

static bool send_owned(struct watcher *watcher, uint8_t *bytes, size_t size)
{
    bool sent = send_bytes(watcher, bytes, size);
    free(bytes);
    return sent;
}

static bool send_item(struct watcher *watcher, const struct watch_item *item)
{
    const struct watch_event *event = item->event;
    size_t size = 0;
    if (!event) {
        uint8_t *bytes = watch_encode_progress(registry_watches_epoch(watcher->watches), item->revision, &size);
        return send_owned(watcher, bytes, size);
    }
    if (!watcher->selection->filter)
        return send_bytes(watcher, event->bytes, event->size);
    int kind = watch_event_kind(event, watcher->selection->filter);
    if (!kind)
        return true; /* nothing to tell; the next progress moves its revision on */
    /* One that left the selection by an update is shown as it is now. */
    uint8_t *bytes = watch_encode_change(registry_watches_epoch(watcher->watches), event->revision, kind,
                                         event->shown->message, &size);
    return send_owned(watcher, bytes, size);
}

/* --- the snapshot ------------------------------------------------------------------------------------------------- */

struct part {
    PB(Instance) * instances[PART_INSTANCES];
    size_t count;
    size_t service_at; /* where the next one begins */
    size_t instance_at;
    bool last;
};

static size_t about_bytes(const PB(Instance) * message)
{
    return 256 + message->n_endpoints * 64 + message->n_metadata * 128 + message->n_checks * 128;
}

static void collect_part(const struct watcher *watcher, struct part *part)
{
    const struct watch_backlog *backlog = watcher->backlog;
    const struct registry_view *view = backlog->view;
    size_t bytes = 0;
    part->service_at = backlog->service_at;
    part->instance_at = backlog->instance_at;
    for (; part->service_at < view->service_count; part->service_at++, part->instance_at = 0) {
        const struct registry_service_view *service = view->services[part->service_at];
        if (!watch_selection_has(watcher->selection, service->namespace_name, service->name))
            continue;
        for (; part->instance_at < service->count; part->instance_at++) {
            if (part->count == PART_INSTANCES || bytes > PART_BYTES_ABOUT)
                return;
            struct registry_instance *instance = service->instances[part->instance_at];
            if (!registry_filter_match(watcher->selection->filter, instance, false))
                continue;
            part->instances[part->count++] = instance->message;
            bytes += about_bytes(instance->message);
        }
    }
    part->last = true;
}

static bool send_part(struct watcher *watcher)
{
    struct watch_backlog *backlog = watcher->backlog;
    struct part part = {.count = 0};
    collect_part(watcher, &part);
    size_t size = 0;
    uint8_t *bytes = watch_encode_snapshot(backlog->view->epoch, backlog->view->revision, part.instances, part.count,
                                           !backlog->snapshot_begun, part.last, &size);
    if (!send_owned(watcher, bytes, size))
        return false;
    backlog->snapshot_begun = true;
    backlog->service_at = part.service_at;
    backlog->instance_at = part.instance_at;
    if (part.last) {
        snapshot_release(&backlog->view->snapshot);
        backlog->view = NULL;
    }
    return true;
}

void watcher_pump(struct watcher *watcher)
{
    struct watch_backlog *backlog = watcher->backlog;
    while (!watcher->ending && backlog && backlog->view)
        if (!send_part(watcher))
            return;
    while (!watcher->ending && backlog && backlog->head) {
        if (!send_item(watcher, backlog->head))
            return;
        free_item(take_item(backlog));
    }
    drop_backlog(watcher);
}

void watcher_begin_snapshot(struct watcher *watcher, struct registry_view *view)
{
    struct watch_backlog *backlog = backlog_of(watcher);
    if (!backlog) {
        snapshot_release(&view->snapshot);
        return;
    }
    backlog->view = view;
    watcher_pump(watcher);
}

/* --- queueing ----------------------------------------------------------------------------------------------------- */

static void queue(struct watcher *watcher, struct watch_event *event, int64_t revision)
{
    struct watch_backlog *backlog = backlog_of(watcher);
    if (!backlog)
        return;
    struct watch_item *item = malloc(sizeof *item);
    if (!item) {
        watcher_ask_end(watcher, MRPC_RESOURCE_EXHAUSTED, "no memory: watch again");
        return;
    }
    *item = (struct watch_item){.event = event ? watch_event_ref(event) : NULL, .revision = revision};
    *backlog->tail = item;
    backlog->tail = &item->next;
    backlog->queued_bytes += sizeof *item + (event ? event->size : 0);
}

void watcher_send_event(struct watcher *watcher, struct watch_event *event, bool bounded)
{
    if (watcher->ending)
        return;
    struct watch_item now = {.event = event, .revision = event->revision};
    if (!watcher->backlog && send_item(watcher, &now))
        return;
    size_t queued_bytes = watcher->backlog ? watcher->backlog->queued_bytes : 0;
    if (bounded && queued_bytes + event->size > registry_watches_queue_bytes(watcher->watches)) {
        watcher_ask_end(watcher, MRPC_RESOURCE_EXHAUSTED,
                        "the client reads too slowly: watch again from the present state");
        return;
    }
    if (!watcher->ending)
        queue(watcher, event, event->revision);
}

void watcher_send_progress(struct watcher *watcher, int64_t revision)
{
    if (watcher->ending || watcher->backlog)
        return; /* it has news to come anyway */
    struct watch_item now = {.revision = revision};
    send_item(watcher, &now);
}
