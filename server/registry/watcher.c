/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/watcher.h"

#include <stdlib.h>
#include <string.h>

#include "registry/filter.h"
#include "registry/service.h"

/* The connection loop's side of a watch: first the snapshot in parts, then events, each as fast as the peer reads. */

enum { PART_INSTANCES = 64, PART_BYTES_ABOUT = 32 * 1024 };

/* Waiting to be sent: an event, or a progress (event NULL). */
struct watch_item {
    struct watch_item *next;
    struct watch_event *event;
    int64_t revision;
};

struct watcher *watcher_ref(struct watcher *watcher)
{
    atomic_fetch_add_explicit(&watcher->references, 1, memory_order_relaxed);
    return watcher;
}

static struct watch_item *take_item(struct watcher *watcher)
{
    struct watch_item *item = watcher->head;
    watcher->head = item->next;
    if (!watcher->head)
        watcher->tail = &watcher->head;
    watcher->queued_bytes -= sizeof *item + (item->event ? item->event->size : 0);
    return item;
}

static void free_item(struct watch_item *item)
{
    watch_event_unref(item->event);
    free(item);
}

void watcher_unref(struct watcher *watcher)
{
    if (atomic_fetch_sub_explicit(&watcher->references, 1, memory_order_acq_rel) != 1)
        return;
    while (watcher->head)
        free_item(take_item(watcher));
    if (watcher->view)
        snapshot_release(&watcher->view->snapshot);
    free(watcher);
}

bool watcher_selects(const struct watcher *watcher, const char *namespace_name, const char *service)
{
    return (!watcher->namespace_name[0] || strcmp(watcher->namespace_name, namespace_name) == 0) &&
           (!watcher->service[0] || strcmp(watcher->service, service) == 0);
}

/* --- sending -------------------------------------------------------------------------------------------------------
 */

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
        uint8_t *bytes = watch_encode_progress(watcher->epoch, item->revision, &size);
        return send_owned(watcher, bytes, size);
    }
    if (!watcher->filter)
        return send_bytes(watcher, event->bytes, event->size);
    int kind = watch_event_kind(event, watcher->filter);
    if (!kind)
        return true; /* nothing to tell; the next progress moves its revision on */
    /* One that left the selection by an update is shown as it is now. */
    uint8_t *bytes = watch_encode_change(watcher->epoch, event->revision, kind, event->shown->message, &size);
    return send_owned(watcher, bytes, size);
}

/* --- the snapshot --------------------------------------------------------------------------------------------------
 */

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
    const struct registry_view *view = watcher->view;
    size_t bytes = 0;
    part->service_at = watcher->service_at;
    part->instance_at = watcher->instance_at;
    for (; part->service_at < view->service_count; part->service_at++, part->instance_at = 0) {
        const struct registry_service_view *service = view->services[part->service_at];
        if (!watcher_selects(watcher, service->namespace_name, service->name))
            continue;
        for (; part->instance_at < service->count; part->instance_at++) {
            if (part->count == PART_INSTANCES || bytes > PART_BYTES_ABOUT)
                return;
            struct registry_instance *instance = service->instances[part->instance_at];
            if (!registry_filter_match(watcher->filter, instance, false))
                continue;
            part->instances[part->count++] = instance->message;
            bytes += about_bytes(instance->message);
        }
    }
    part->last = true;
}

static bool send_part(struct watcher *watcher)
{
    struct part part = {.count = 0};
    collect_part(watcher, &part);
    size_t size = 0;
    uint8_t *bytes = watch_encode_snapshot(watcher->view->epoch, watcher->view->revision, part.instances, part.count,
                                           !watcher->snapshot_begun, part.last, &size);
    if (!send_owned(watcher, bytes, size))
        return false;
    watcher->snapshot_begun = true;
    watcher->service_at = part.service_at;
    watcher->instance_at = part.instance_at;
    if (part.last) {
        snapshot_release(&watcher->view->snapshot);
        watcher->view = NULL;
    }
    return true;
}

void watcher_pump(struct watcher *watcher)
{
    while (!watcher->ending && watcher->view)
        if (!send_part(watcher))
            return;
    while (!watcher->ending && watcher->head) {
        if (!send_item(watcher, watcher->head))
            return;
        free_item(take_item(watcher));
    }
}

void watcher_begin_snapshot(struct watcher *watcher, struct registry_view *view)
{
    watcher->view = view;
    watcher_pump(watcher);
}

/* --- queueing ------------------------------------------------------------------------------------------------------
 */

static void queue(struct watcher *watcher, struct watch_event *event, int64_t revision)
{
    struct watch_item *item = malloc(sizeof *item);
    if (!item) {
        watcher_ask_end(watcher, MRPC_RESOURCE_EXHAUSTED, "no memory: watch again");
        return;
    }
    *item = (struct watch_item){.event = event ? watch_event_ref(event) : NULL, .revision = revision};
    *watcher->tail = item;
    watcher->tail = &item->next;
    watcher->queued_bytes += sizeof *item + (event ? event->size : 0);
}

void watcher_send_event(struct watcher *watcher, struct watch_event *event, bool bounded)
{
    if (watcher->ending)
        return;
    struct watch_item now = {.event = event, .revision = event->revision};
    if (!watcher->view && !watcher->head && send_item(watcher, &now))
        return;
    if (bounded && watcher->queued_bytes + event->size > watcher->queue_limit) {
        watcher_ask_end(watcher, MRPC_RESOURCE_EXHAUSTED,
                        "the client reads too slowly: watch again from the present state");
        return;
    }
    if (!watcher->ending)
        queue(watcher, event, event->revision);
}

void watcher_send_progress(struct watcher *watcher, int64_t revision)
{
    if (watcher->ending || watcher->view || watcher->head)
        return; /* it has news to come anyway */
    struct watch_item now = {.revision = revision};
    send_item(watcher, &now);
}
