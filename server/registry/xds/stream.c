/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/xds/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The beginning and the end of a stream, and what its client says. */

void xds_stream_unref(struct xds_stream *stream)
{
    if (atomic_fetch_sub_explicit(&stream->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < XDS_TYPES; i++)
        xds_subscription_fini(&stream->subscriptions[i]);
    free(stream);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void leave_lane(struct xds_stream *stream)
{
    struct xds_lane *lane = stream->lane;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        lane->streams = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    atomic_fetch_sub_explicit(&lane->xds->stats.streams, 1, memory_order_relaxed);
}

void xds_stream_end(struct xds_stream *stream, int code, const char *text)
{
    if (stream->ending)
        return;
    stream->ending = true;
    stream->end_code = code;
    if (code)
        mrpc_call_fail(stream->call, (enum mrpc_code)code, "%s", text);
    leave_lane(stream);
    xds_hub_leave(stream);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    xds_stream_end(arg, MRPC_CANCELLED, "cancelled");
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    xds_stream_catch_up(arg);
}

static void on_release(void *data)
{
    xds_stream_unref(data);
}

static int half_close(void *self, struct mrpc_call *call)
{
    xds_stream_end(mrpc_call_data(call), MRPC_OK, NULL);
    return MRPC_PENDING;
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static void enter_lane(struct xds_stream *stream)
{
    struct xds_lane *lane = stream->lane;
    stream->next = lane->streams;
    if (lane->streams)
        lane->streams->previous = stream;
    lane->streams = stream;
}

static int open_stream(void *self, struct mrpc_call *call)
{
    struct registry_xds *xds = self;
    unsigned loop = mrpc_call_loop_index(call);
    if (registry_draining(xds->registry))
        return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the server is stopping");
    if (loop >= XDS_LANES)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "more than %d loops", XDS_LANES);
    struct xds_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    atomic_init(&stream->references, 2);
    stream->call = call;
    stream->lane = &xds->lanes[loop];
    mrpc_call_set_data(call, stream, on_release);
    bool room = atomic_fetch_add_explicit(&xds->stats.streams, 1, memory_order_relaxed) < XDS_STREAMS_MAX;
    if (!room || xds_hub_join(stream)) {
        atomic_fetch_sub_explicit(&xds->stats.streams, 1, memory_order_relaxed);
        xds_stream_unref(stream); /* the domain's */
        return room ? mrpc_call_fail(call, MRPC_UNAVAILABLE, "the registry is stopping")
                    : mrpc_call_fail_retry(call, MRPC_RESOURCE_EXHAUSTED, 10000, "more than %d streams",
                                           XDS_STREAMS_MAX);
    }
    enter_lane(stream);
    mrpc_call_on_writable(call, on_writable, stream);
    mrpc_call_on_cancel(call, on_cancel, stream);
    return MRPC_PENDING;
}

/* --- what the client says ----------------------------------------------------------------------------------------- */

static void introduce(struct xds_stream *stream, const CORE(Node) * node)
{
    struct registry_xds *xds = stream->lane->xds;
    uint64_t held_back;
    if (stream->introduced || !node)
        return;
    stream->introduced = true;
    snprintf(stream->node, sizeof stream->node, "%s", node->id);
    bool has_version = node->user_agent_version_type_case ==
                       ENVOY__CONFIG__CORE__V3__NODE__USER_AGENT_VERSION_TYPE_USER_AGENT_VERSION;
    if (log_limit_pass(&xds->open_limit, &held_back))
        log_info(registry_log(xds->registry), "xds",
                 "stream node=%s cluster=%.64s agent=%.64s/%.64s peer=%s held_back=%llu", stream->node, node->cluster,
                 node->user_agent_name, has_version ? node->user_agent_version : "", mrpc_call_peer(stream->call),
                 (unsigned long long)held_back);
}

static void log_refusal(struct xds_stream *stream, enum xds_type type, const DISCOVERY(DiscoveryRequest) * request)
{
    struct registry_xds *xds = stream->lane->xds;
    uint64_t held_back;
    if (log_limit_pass(&xds->nack_limit, &held_back))
        log_warn(registry_log(xds->registry), "xds",
                 "nack type=%s node=%s peer=%s nonce=%.24s keeps=%.48s code=%d text=%.512s held_back=%llu",
                 xds_type_name(type), stream->node, mrpc_call_peer(stream->call), request->response_nonce,
                 request->version_info, (int)request->error_detail->code, request->error_detail->message,
                 (unsigned long long)held_back);
}

static int refuse(struct xds_stream *stream, int code)
{
    xds_stream_end(stream, code,
                   code == MRPC_INVALID_ARGUMENT ? "resource_names: a name has more than 1,024 bytes"
                                                 : "resource_names: more than 1,000 of a type, or no memory");
    return MRPC_PENDING;
}

static int take_request(void *self, struct mrpc_call *call, const DISCOVERY(DiscoveryRequest) * request)
{
    struct xds_stream *stream = mrpc_call_data(call);
    struct xds_stats *stats = &stream->lane->xds->stats;
    if (stream->ending)
        return MRPC_PENDING;
    introduce(stream, request->node);
    enum xds_type type = xds_type_find(request->type_url);
    if (type == XDS_TYPES) { /* what we do not have is never answered, so that the rest of the stream works */
        atomic_fetch_add_explicit(&stats->unknown_type_requests, 1, memory_order_relaxed);
        return MRPC_OK;
    }
    struct xds_subscription *subscription = &stream->subscriptions[type];
    enum xds_verdict verdict =
        xds_subscription_judge(subscription, request->response_nonce, request->error_detail != NULL);
    atomic_fetch_add_explicit(&stats->requests[type][verdict], 1, memory_order_relaxed);
    log_debug(registry_log(stream->lane->xds->registry), "xds",
              "request type=%s node=%s nonce=%.24s names=%zu verdict=%d", xds_type_name(type), stream->node,
              request->response_nonce, request->n_resource_names, (int)verdict);
    if (verdict == XDS_STALE) /* its client is about to answer the newer response, with all its names */
        return MRPC_OK;
    if (verdict == XDS_SUBSCRIBE) /* it knows of no response: nothing counts as sent */
        xds_subscription_fini(subscription);
    if (verdict == XDS_NACK)
        log_refusal(stream, type, request);
    int code = xds_subscription_set(subscription, request->resource_names, request->n_resource_names);
    if (code)
        return refuse(stream, code);
    xds_stream_catch_up(stream);
    return MRPC_OK;
}

const struct envoy__service__discovery__v3__aggregated_discovery_service__handlers xds_handlers = {
    .stream_aggregated_resources = {.open = open_stream, .message = take_request, .half_close = half_close},
};
