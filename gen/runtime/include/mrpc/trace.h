/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_TRACE_H
#define MRPC_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/call.h>
#include <mrpc/server.h>

MRPC_BEGIN_DECLS

/* W3C Trace Context (level 2): which trace a call belongs to, read from traceparent and tracestate, and passed on to
 * the calls that its handler makes. The interceptor gives every call a span of its own: it continues the caller's
 * trace, or starts one when what came is missing or malformed. Spans are recorded by whoever wants to; see
 * mrpc/interceptor.h. */

#define MRPC_TRACE_SAMPLED 0x01   /* the caller may have recorded it */
#define MRPC_TRACE_RANDOM 0x02    /* the right-most 7 bytes of the trace id are random */

struct mrpc_trace {
    uint8_t trace_id[16];
    uint8_t span_id[8];           /* this call's */
    uint8_t parent_id[8];         /* the caller's span; zeros: the trace starts here */
    uint8_t flags;                /* MRPC_TRACE_… */
    const char *state;            /* tracestate, "" when there is none; borrowed from the call */
};

struct mrpc_tracing;

/* Unless a function says otherwise: Thread: any for what takes no server; else the one that sets the server up,
 * before its start. Ownership: *@out is ended by mrpc_tracing_free(); a trace is its call's. */

/** Errors: MRPC_ERR_NOMEM, MRPC_ERR_SYSTEM when there is no randomness. */
MRPC_API int mrpc_tracing_new(struct mrpc_tracing **out) MRPC_MUST_USE;
/** After the servers that it was added to. */
MRPC_API void mrpc_tracing_free(struct mrpc_tracing *tracing);
/** Put it first, so that those behind it find the trace. Errors: as mrpc_server_add_interceptor(). */
MRPC_API int mrpc_tracing_add_to_server(struct mrpc_tracing *tracing, struct mrpc_server *server) MRPC_MUST_USE;

/** The trace of a call; NULL when its server does not trace. Valid while the call is held. Thread: any. */
MRPC_API const struct mrpc_trace *mrpc_call_trace(const struct mrpc_call *call);

/** Add traceparent, with the span as the parent, and tracestate to what is sent with another call: make a list in the
 *  call's arena and give it to the other call's options. Errors: as mrpc_metadata_add(). */
MRPC_API int mrpc_trace_add(const struct mrpc_trace *trace, struct mrpc_metadata *metadata) MRPC_MUST_USE;

#define MRPC_TRACEPARENT_BYTES 56

/** "00-TRACE-SPAN-FLAGS" with a NUL. */
MRPC_API void mrpc_trace_format(const struct mrpc_trace *trace, char text[MRPC_TRACEPARENT_BYTES]);
/** Read a traceparent strictly: trace_id, parent_id and flags of @trace. False when it is malformed: @trace is then
 *  unchanged. Versions above 00 are read as the specification says. */
MRPC_API bool mrpc_trace_parse(const char *traceparent, struct mrpc_trace *trace);
/** Is this a tracestate that may be passed on? At most 32 members, each key once. */
MRPC_API bool mrpc_trace_state_valid(const char *tracestate);

MRPC_END_DECLS
#endif
