/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/client_interceptor.h>
#include <mrpc/trace.h>

#include "client/loop.h"

/* What a server's call passes on to the calls that its handler makes. */

static void pass_deadline(struct mrpc_client_start *start)
{
    int64_t deadline_ms = mrpc_call_deadline_ms(start->parent);
    if (deadline_ms == INT64_MAX)
        return;
    int64_t left_ms = deadline_ms - mrpc_clock_ms();
    if (left_ms <= 0)
        left_ms = -1; /* 0 would be none */
    if (start->timeout_ms == 0 || left_ms < start->timeout_ms)
        start->timeout_ms = left_ms;
}

static enum mrpc_code started(void *self, void *state, struct mrpc_client_start *start)
{
    if (!start->parent)
        return MRPC_OK;
    pass_deadline(start);
    const struct mrpc_trace *trace = mrpc_call_trace(start->parent);
    if (!trace || mrpc_trace_add(trace, start->metadata) == 0)
        return MRPC_OK;
    start->refusal = "no memory for the trace context";
    return MRPC_RESOURCE_EXHAUSTED;
}

const struct mrpc_client_interceptor mrpc_propagation = {
    .struct_bytes = sizeof mrpc_propagation, .name = "propagation", .started = started};
