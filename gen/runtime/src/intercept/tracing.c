/* SPDX-License-Identifier: Apache-2.0 */

/* The interceptor that gives each call its place in a trace. */

#include <mrpc/trace.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mrpc/interceptor.h>

/* Ids come from a counter that is mixed with secrets: different for 2^64 calls, and no system call for any. */
struct mrpc_tracing {
    _Atomic uint64_t counter;
    uint64_t secrets[3];
};

int mrpc_tracing_new(struct mrpc_tracing **out)
{
    struct mrpc_tracing *tracing = calloc(1, sizeof(*tracing));
    if (tracing == NULL)
        return MRPC_ERR_NOMEM;
    uint64_t random[4];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        free(tracing);
        return MRPC_ERR_SYSTEM;
    }
    atomic_init(&tracing->counter, random[3]);
    memcpy(tracing->secrets, random, sizeof(tracing->secrets));
    *out = tracing;
    return 0;
}

void mrpc_tracing_free(struct mrpc_tracing *tracing)
{
    free(tracing);
}

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014), a bijection; 0 is no id. */
static void make_id(uint8_t id[8], uint64_t number, uint64_t secret)
{
    uint64_t z = number * 0x9e3779b97f4a7c15u + secret;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    z = z != 0 ? z : 1;
    memcpy(id, &z, 8);
}

/* The only traceparent; NULL when there is none or several, of which none may be believed. */
static const char *traceparent_of(const struct mrpc_metadata *metadata)
{
    const struct mrpc_metadatum *found = mrpc_metadata_find(metadata, "traceparent");
    if (found == NULL)
        return NULL;
    for (const struct mrpc_metadatum *at = found + 1; at < metadata->entries + metadata->count; at++)
        if (strcmp(at->key, "traceparent") == 0)
            return NULL;
    return found->value;
}

/* Several headers are one list, in their order. Source: RFC 9110 section 5.3. */
static const char *joined_state(const struct mrpc_metadata *metadata, struct mrpc_arena *arena)
{
    const char *state = "";
    for (size_t i = 0; i < metadata->count; i++) {
        const struct mrpc_metadatum *entry = &metadata->entries[i];
        if (strcmp(entry->key, "tracestate") != 0 || entry->value_bytes == 0)
            continue;
        state = state[0] == '\0' ? entry->value : mrpc_arena_printf(arena, "%s,%s", state, entry->value);
        if (state == NULL)
            return "";
    }
    return state;
}

static int started(void *self, void *state, struct mrpc_call *call)
{
    struct mrpc_tracing *tracing = self;
    struct mrpc_trace *trace = state;
    const struct mrpc_metadata *metadata = mrpc_call_request_metadata(call);
    uint64_t number = atomic_fetch_add_explicit(&tracing->counter, 1, memory_order_relaxed);
    make_id(trace->span_id, number, tracing->secrets[0]);
    trace->state = "";
    const char *traceparent = traceparent_of(metadata);
    if (traceparent != NULL && mrpc_trace_parse(traceparent, trace)) {
        const char *tracestate = joined_state(metadata, mrpc_call_arena(call));
        if (mrpc_trace_state_valid(tracestate))
            trace->state = tracestate;
        return 0;
    }
    make_id(trace->trace_id, number, tracing->secrets[1]);
    make_id(trace->trace_id + 8, number, tracing->secrets[2]);
    trace->flags = MRPC_TRACE_RANDOM;
    return 0;
}

/* A tracestate lies in the metadata. */
static bool forget(void *self, void *state, struct mrpc_call *call)
{
    const struct mrpc_trace *trace = state;
    return trace->state[0] == '\0';
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof(interceptor),
    .name = "tracing",
    .state_bytes = sizeof(struct mrpc_trace),
    .started = started,
    .forget = forget,
};

int mrpc_tracing_add_to_server(struct mrpc_tracing *tracing, struct mrpc_server *server)
{
    return mrpc_server_add_interceptor(server, &interceptor, tracing);
}

const struct mrpc_trace *mrpc_call_trace(const struct mrpc_call *call)
{
    return mrpc_call_state(call, &interceptor);
}
