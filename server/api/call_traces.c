/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call_traces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/interceptor.h>
#include <mrpc/status.h>
#include <mrpc/trace.h>

/*   client ──( method )──► interceptors ──► service ──► whoever works for it
 *   client ◄──( status )── service ◄──( answer )── whoever finishes the call                                         */

struct call_traces {
    struct call_traces_options options;
};

/* What a call carries. */
struct followed {
    uint64_t call; /* 0: it is not followed */
    bool entered;
};

static const char CLIENT[] = "client", INTERCEPTORS[] = "interceptors", SERVICE[] = "service";

/* Calls of the standard services (health, reflection, channelz) are many and all alike. */
static bool is_standard(const struct mrpc_method *method)
{
    return strncmp(method->path, "/grpc.", 6) == 0;
}

/* Span ids are random, so the choice needs no counter that all loops would share. */
static bool is_chosen(const struct call_traces *traces, const struct mrpc_trace *trace)
{
    uint64_t number;
    if (trace->flags & MRPC_TRACE_SAMPLED)
        return true;
    memcpy(&number, trace->span_id, sizeof number);
    return traces->options.every && number % traces->options.every == 0;
}

static struct trace_start start_of(const struct mrpc_call *call, const struct mrpc_trace *trace)
{
    return (struct trace_start){
        .trace_id = trace->trace_id,
        .span_id = trace->span_id,
        .parent_id = trace->parent_id,
        .flags = trace->flags,
        .method = mrpc_call_method(call)->path + 1,
        .peer = mrpc_call_peer(call),
    };
}

static struct trace_place place(const struct call_traces *traces, const struct followed *followed, const char *name)
{
    return (struct trace_place){.ring = traces->options.ring, .call = followed->call, .name = name};
}

static int started(void *self, void *state, struct mrpc_call *call)
{
    struct call_traces *traces = self;
    struct followed *followed = state;
    const struct mrpc_trace *trace = mrpc_call_trace(call);
    if (!trace || is_standard(mrpc_call_method(call)) || !is_chosen(traces, trace))
        return 0;
    struct trace_start start = start_of(call, trace);
    followed->call = trace_call_begin(traces->options.ring, &start);
    if (!followed->call)
        return 0;
    struct trace_place client = place(traces, followed, CLIENT);
    trace_step(&client, INTERCEPTORS, SCENE_ICON_LOCK, mrpc_call_method(call)->name);
    return 0;
}

static void enter(void *self, void *state, struct mrpc_call *call)
{
    struct call_traces *traces = self;
    struct followed *followed = state;
    if (!followed->call)
        return;
    struct trace_place from = place(traces, followed, followed->entered ? CLIENT : INTERCEPTORS);
    trace_step(&from, SERVICE, SCENE_ICON_SERVICE, followed->entered ? "message" : "request");
    followed->entered = true;
    trace_enter(traces->options.ring, followed->call, SERVICE);
}

static void leave(void *self, void *state, struct mrpc_call *call)
{
    const struct followed *followed = state;
    if (followed->call)
        trace_depart();
}

static void finished(void *self, void *state, const struct mrpc_call *call, int code)
{
    const struct followed *followed = state;
    if (followed->call && trace_here.call == followed->call)
        trace_step(&trace_here, SERVICE, SCENE_ICON_SERVICE, code ? mrpc_code_name(code) : "answer");
}

static bool is_slow(const struct call_traces *traces, const struct mrpc_method *method, const struct mrpc_call_end *end)
{
    bool unary = !method->client_streaming && !method->server_streaming;
    return unary && !is_standard(method) && traces->options.slow_us && end->duration_us >= traces->options.slow_us;
}

static void ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct call_traces *traces = self;
    const struct followed *followed = state;
    const struct mrpc_trace *trace = mrpc_call_trace(call);
    bool slow = is_slow(traces, mrpc_call_method(call), end);
    if (followed->call) {
        char label[TRACE_LABEL_BYTES];
        struct trace_place from = place(traces, followed, followed->entered ? SERVICE : INTERCEPTORS);
        snprintf(label, sizeof label, end->sent.messages ? "%s, %llu bytes" : "%s", mrpc_code_name(end->code),
                 (unsigned long long)end->sent.wire_bytes);
        trace_step(&from, CLIENT, SCENE_ICON_USER, label);
        trace_call_end(traces->options.ring, followed->call, end->code, end->duration_us, slow);
    } else if (slow && trace) {
        struct trace_start start = start_of(call, trace);
        trace_call_slow(traces->options.ring, &start, end->code, end->duration_us);
    }
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof interceptor,
    .name = "call traces",
    .state_bytes = sizeof(struct followed),
    .started = started,
    .ended = ended,
    .enter = enter,
    .leave = leave,
    .finished = finished,
    .forget = mrpc_interceptor_forgets,
};

int call_traces_new(const struct call_traces_options *options, struct mrpc_server *server, struct call_traces **out)
{
    struct call_traces *traces = calloc(1, sizeof *traces);
    if (!traces)
        return MRPC_ERR_NOMEM;
    traces->options = *options;
    int error = mrpc_server_add_interceptor(server, &interceptor, traces);
    if (error) {
        free(traces);
        return error;
    }
    *out = traces;
    return 0;
}

void call_traces_free(struct call_traces *traces)
{
    free(traces);
}
