/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/xds/hub.h"

#include <stdlib.h>

#include <event2/event.h>

#include "registry/xds/stream.h"

/* --- waking ------------------------------------------------------------------------------------------------------- */

/* On a connection loop. */
static void run_lane(void *arg)
{
    struct xds_lane *lane = arg;
    atomic_store(&lane->posted, false); /* before looking: what changes from here on wakes us again */
    bool draining = registry_draining(lane->xds->registry);
    for (struct xds_stream *stream = lane->streams, *next; stream; stream = next) {
        next = stream->next;
        if (draining)
            xds_stream_end(stream, MRPC_UNAVAILABLE, "the server is stopping");
        else
            xds_stream_catch_up(stream);
    }
}

/* On the domain loop. False when it could not be posted. */
static bool wake_lane(struct xds_lane *lane)
{
    if (!lane->anchors || atomic_exchange(&lane->posted, true))
        return true;
    if (mrpc_call_post(lane->anchors->call, run_lane, lane) == 0)
        return true;
    atomic_store(&lane->posted, false);
    return false;
}

static void wake_all(struct registry_xds *xds)
{
    static const struct timeval interval = {.tv_usec = XDS_TOUCH_INTERVAL_MS * 1000};
    xds->touched = false;
    for (size_t i = 0; i < XDS_LANES; i++)
        if (!wake_lane(&xds->lanes[i]))
            xds->touched = true; /* no memory: again with the timer */
    event_add(xds->timer, &interval);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct registry_xds *xds = arg;
    if (xds->touched)
        wake_all(xds);
}

void registry_xds_touch(struct registry_xds *xds)
{
    if (event_pending(xds->timer, EV_TIMEOUT, NULL))
        xds->touched = true;
    else
        wake_all(xds);
}

/* --- who is there ------------------------------------------------------------------------------------------------- */

static void anchor(struct xds_lane *lane, struct xds_stream *stream)
{
    stream->anchored = true;
    stream->anchor_next = lane->anchors;
    if (lane->anchors)
        lane->anchors->anchor_previous = stream;
    lane->anchors = stream;
}

static void unanchor(struct xds_lane *lane, struct xds_stream *stream)
{
    if (!stream->anchored)
        return;
    if (stream->anchor_previous)
        stream->anchor_previous->anchor_next = stream->anchor_next;
    else
        lane->anchors = stream->anchor_next;
    if (stream->anchor_next)
        stream->anchor_next->anchor_previous = stream->anchor_previous;
    stream->anchored = false;
}

static void join_on_domain(struct domain_task *task)
{
    struct xds_stream *stream = (struct xds_stream *)((char *)task - offsetof(struct xds_stream, join_task));
    anchor(stream->lane, stream);
    registry_xds_touch(stream->lane->xds); /* for what changed before we knew it */
}

/* What was posted for this call's sake runs before its end: both travel by the call's loop, in order. */
static void leave_on_domain(struct domain_task *task)
{
    struct xds_stream *stream = (struct xds_stream *)((char *)task - offsetof(struct xds_stream, leave_task));
    unanchor(stream->lane, stream);
    mrpc_call_finish(stream->call, stream->end_code, NULL);
    xds_stream_unref(stream);
}

int xds_hub_join(struct xds_stream *stream)
{
    stream->join_task.run = join_on_domain;
    return domain_loop_post_task(registry_loop(stream->lane->xds->registry), &stream->join_task);
}

void xds_hub_leave(struct xds_stream *stream)
{
    stream->leave_task.run = leave_on_domain;
    if (domain_loop_post_task(registry_loop(stream->lane->xds->registry), &stream->leave_task))
        leave_on_domain(&stream->leave_task); /* the domain has stopped: nobody posts any more */
}

/* --- life --------------------------------------------------------------------------------------------------------- */

int registry_xds_new(struct registry *registry, struct registry_xds **out)
{
    struct registry_xds *xds = calloc(1, sizeof *xds);
    if (!xds)
        return MRPC_RESOURCE_EXHAUSTED;
    xds->registry = registry;
    for (size_t i = 0; i < XDS_LANES; i++)
        xds->lanes[i].xds = xds;
    xds->timer = evtimer_new(domain_loop_base(registry_loop(registry)), on_timer, xds);
    if (!xds->timer) {
        free(xds);
        return MRPC_RESOURCE_EXHAUSTED;
    }
    xds_packer_init(&xds->packer);
    *out = xds;
    return MRPC_OK;
}

void registry_xds_free(struct registry_xds *xds)
{
    if (!xds)
        return;
    event_free(xds->timer);
    xds_packer_fini(&xds->packer);
    free(xds);
}

int registry_xds_add_to_server(struct registry_xds *xds, struct mrpc_server *server)
{
    return envoy__service__discovery__v3__aggregated_discovery_service__add_to_server(server, &xds_handlers, xds);
}

const struct xds_stats *registry_xds_stats(const struct registry_xds *xds)
{
    return &xds->stats;
}

uint64_t registry_xds_packed_count(const struct registry_xds *xds)
{
    return atomic_load_explicit(&xds->packer.packed_count, memory_order_relaxed);
}
