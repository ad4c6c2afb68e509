/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_CALL_TRACES_H
#define MLT_API_CALL_TRACES_H

#include <mrpc/server.h>

#include "trace/trace.h"

/* The interceptor that chooses which calls are followed through the server (trace/trace.h) and records their way from
 * the client to the handler and back. */

struct call_traces;

struct call_traces_options {
    struct trace_ring *ring;  /* borrowed */
    uint64_t every;           /* one in so many calls is followed without being asked for; 0: none */
    int64_t slow_us;          /* unary calls that take longer are kept; 0: none */
};

/** Behind mrpc_tracing_add_to_server(). Freed after the server. Errors: MRPC_ERR_NOMEM, MRPC_ERR_INVALID. */
int call_traces_new(const struct call_traces_options *options, struct mrpc_server *server,
                    struct call_traces **out) MRPC_MUST_USE;
void call_traces_free(struct call_traces *traces);

#endif
