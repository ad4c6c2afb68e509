/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_XDS_HUB_H
#define REGISTRY_XDS_HUB_H

#include "registry/xds/xds.h"

/* Between the domain loop and the streams. */

enum { XDS_LANES = 256, XDS_STREAMS_MAX = 50000, XDS_TOUCH_INTERVAL_MS = 20 };

/* The streams of one connection loop. */
struct xds_lane {
    struct registry_xds *xds;
    _Atomic bool posted;         /* a waking is on its way */
    struct xds_stream *streams;  /* the connection loop's list */
    struct xds_stream *anchors;  /* the domain's list */
};

struct registry_xds {
    struct registry *registry;
    struct xds_packer packer;
    struct xds_stats stats;
    struct log_limit nack_limit, open_limit;
    struct event *timer; /* the domain's; pending: a waking was not long ago */
    bool touched;        /* since then */
    struct xds_lane lanes[XDS_LANES];
};

/** Make a stream known to the domain, and have the domain forget it and finish its call. Thread: the call's loop's. */
int xds_hub_join(struct xds_stream *stream);
void xds_hub_leave(struct xds_stream *stream);

#endif
