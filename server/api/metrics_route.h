/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_METRICS_ROUTE_H
#define MLT_API_METRICS_ROUTE_H

#include <stddef.h>

#include <mrpc/server.h>

#include "pool/thread/thread_pool.h"

/* GET /metrics: what was measured, in Prometheus' text format. A page can be of megabytes, so it is written on the
 * thread pool and not on the loop that was asked; a few at a time, further ones get 503. */

struct metrics_route {
    struct thread_pool *pool;
    /** Write the page piece by piece; on a thread of the pool. Returns 0, MRPC_ERR_NOMEM, or what @write returned. */
    int (*write_page)(const void *self, int (*write)(void *arg, const char *text, size_t size), void *arg);
    const void *self;
    _Atomic int under_way;
};

/** Before the start. @route is borrowed until the server is freed. Errors: as mrpc_server_add_route(). */
int metrics_route_add(struct metrics_route *route, struct mrpc_server *server) MRPC_MUST_USE;

#endif
