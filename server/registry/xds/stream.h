/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_STREAM_H
#define REGISTRY_XDS_STREAM_H

#include "registry/xds/hub.h"
#include "registry/xds/message.h"

/* One client's stream. Its state is bounded: at most XDS_NAMES_MAX names a type, each with what was last sent. */

enum { XDS_NODE_BYTES = 129 };

struct xds_stream {
    _Atomic uint32_t references; /* the call's, and the domain's while it knows it or is about to */
    struct mrpc_call *call;
    struct xds_lane *lane;

    /* The connection loop's. */
    struct xds_stream *next, *previous; /* in the lane */
    bool in_lane;
    bool ending; /* nothing is sent any more */
    bool introduced;
    char node[XDS_NODE_BYTES];
    uint64_t last_nonce;
    struct xds_subscription subscriptions[XDS_TYPES];

    /* The domain's. */
    struct xds_stream *anchor_next, *anchor_previous;
    bool anchored;
    struct domain_task join_task, leave_task;
    int end_code; /* handed over with leave_task */
};

void xds_stream_unref(struct xds_stream *stream);

/* On the connection loop. */

/** Send what differs from what was sent. */
void xds_stream_catch_up(struct xds_stream *stream);
/** End it with @code; @text (static) unless that is 0. */
void xds_stream_end(struct xds_stream *stream, int code, const char *text);

extern const struct envoy__service__discovery__v3__aggregated_discovery_service__handlers xds_handlers;

#endif
