/* SPDX-License-Identifier: Apache-2.0 */
#include "otlp/spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>
#include <mrpc/mrpc.h>
#include <mrpc/status.h>

typedef Opentelemetry__Proto__Common__V1__KeyValue otlp_pair;
typedef Opentelemetry__Proto__Common__V1__AnyValue otlp_value;
typedef Opentelemetry__Proto__Trace__V1__Span otlp_span;
typedef Opentelemetry__Proto__Trace__V1__Span__Event otlp_event;

enum { SPAN_ATTRIBUTES = 8, EVENT_ATTRIBUTES = 3 };

/* Room for attributes of one owner. */
struct attributes {
    struct mrpc_arena *arena;
    otlp_pair **list;
    size_t *count;
    bool failed;
};

static otlp_value *add(struct attributes *attributes, const char *key)
{
    otlp_pair *pair = mrpc_arena_alloc(attributes->arena, sizeof *pair);
    otlp_value *value = mrpc_arena_alloc(attributes->arena, sizeof *value);
    if (!pair || !value) {
        attributes->failed = true;
        return NULL;
    }
    opentelemetry__proto__common__v1__key_value__init(pair);
    opentelemetry__proto__common__v1__any_value__init(value);
    pair->key = (char *)(uintptr_t)key;
    pair->value = value;
    attributes->list[(*attributes->count)++] = pair;
    return value;
}

/* Texts are borrowed. */
static void add_text(struct attributes *attributes, const char *key, const char *text)
{
    otlp_value *value = add(attributes, key);
    if (!value)
        return;
    value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    value->string_value = (char *)(uintptr_t)text;
}

static void add_number(struct attributes *attributes, const char *key, int64_t number)
{
    otlp_value *value = add(attributes, key);
    if (!value)
        return;
    value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
    value->int_value = number;
}

int otlp_resource_add(Opentelemetry__Proto__Resource__V1__Resource *resource, struct mrpc_arena *arena, const char *key,
                      const char *value)
{
    otlp_pair **list = mrpc_arena_calloc(arena, resource->n_attributes + 1, sizeof *list);
    key = mrpc_arena_strdup(arena, key);
    value = mrpc_arena_strdup(arena, value);
    if (!list || !key || !value)
        return MRPC_ERR_NOMEM;
    if (resource->n_attributes)
        memcpy(list, resource->attributes, resource->n_attributes * sizeof *list);
    resource->attributes = list;
    struct attributes attributes = {.arena = arena, .list = list, .count = &resource->n_attributes};
    add_text(&attributes, key, value);
    return attributes.failed ? MRPC_ERR_NOMEM : 0;
}

/* ---- One call ---- */

/* "10.0.0.7:41234", "[::1]:41234", "unix:". */
static void add_peer(struct attributes *attributes, const char *peer)
{
    const char *colon = strrchr(peer, ':');
    if (!colon || strncmp(peer, "unix", 4) == 0) {
        add_text(attributes, "network.transport", "unix");
        return;
    }
    bool bracketed = *peer == '[' && colon > peer + 1 && colon[-1] == ']';
    const char *address =
        mrpc_arena_printf(attributes->arena, "%.*s", (int)(colon - peer - 2 * bracketed), peer + bracketed);
    if (!address) {
        attributes->failed = true;
        return;
    }
    add_text(attributes, "network.peer.address", address);
    add_number(attributes, "network.peer.port", atoi(colon + 1));
}

/* Whether a server's span is an error: what the client did wrong is not. */
static bool is_error(int code)
{
    return code == MRPC_UNKNOWN || code == MRPC_DEADLINE_EXCEEDED || code == MRPC_UNIMPLEMENTED ||
           code == MRPC_INTERNAL || code == MRPC_UNAVAILABLE || code == MRPC_DATA_LOSS;
}

static int describe(const struct trace_record *record, struct mrpc_arena *arena, otlp_span *span)
{
    span->attributes = mrpc_arena_calloc(arena, SPAN_ATTRIBUTES, sizeof *span->attributes);
    Opentelemetry__Proto__Trace__V1__Status *status = mrpc_arena_alloc(arena, sizeof *status);
    const char *slash = strrchr(record->method, '/');
    const char *service = mrpc_arena_printf(arena, "%.*s", slash ? (int)(slash - record->method) : 0, record->method);
    if (!span->attributes || !status || !service)
        return MRPC_ERR_NOMEM;
    struct attributes attributes = {.arena = arena, .list = span->attributes, .count = &span->n_attributes};
    add_text(&attributes, "rpc.system", "grpc");
    add_text(&attributes, "rpc.service", service);
    add_text(&attributes, "rpc.method", slash ? slash + 1 : record->method);
    add_number(&attributes, "rpc.grpc.status_code", record->code);
    add_peer(&attributes, record->peer);
    opentelemetry__proto__trace__v1__status__init(status);
    span->status = status;
    if (is_error(record->code)) {
        status->code = OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR;
        status->message = (char *)(uintptr_t)mrpc_code_name(record->code);
    }
    return attributes.failed ? MRPC_ERR_NOMEM : 0;
}

/* "registry loop: task" when it arrived, with how long it waited. */
static otlp_event *step_event(const struct trace_record *record, const struct trace_record_step *step,
                              int64_t unix_offset_ns, struct mrpc_arena *arena)
{
    otlp_event *event = mrpc_arena_alloc(arena, sizeof *event);
    otlp_pair **list = mrpc_arena_calloc(arena, EVENT_ATTRIBUTES, sizeof *list);
    const char *to = record->participants[step->to].name;
    const char *name = *step->label ? mrpc_arena_printf(arena, "%s: %s", to, step->label) : to;
    if (!event || !list || !name)
        return NULL;
    opentelemetry__proto__trace__v1__span__event__init(event);
    event->name = (char *)(uintptr_t)name;
    event->time_unix_nano = (uint64_t)(step->arrived_us * 1000 + unix_offset_ns);
    event->attributes = list;
    struct attributes attributes = {.arena = arena, .list = list, .count = &event->n_attributes};
    add_text(&attributes, "mltrainer.from", record->participants[step->from].name);
    add_text(&attributes, "mltrainer.to", to);
    add_number(&attributes, "mltrainer.waited_us", step->arrived_us - step->left_us);
    return attributes.failed ? NULL : event;
}

static int add_events(const struct trace_record *record, int64_t unix_offset_ns, struct mrpc_arena *arena,
                      otlp_span *span)
{
    span->events = mrpc_arena_calloc(arena, record->step_count + 1, sizeof *span->events);
    if (!span->events)
        return MRPC_ERR_NOMEM;
    for (; span->n_events < record->step_count; span->n_events++) {
        otlp_event *event = step_event(record, &record->steps[span->n_events], unix_offset_ns, arena);
        if (!event)
            return MRPC_ERR_NOMEM;
        span->events[span->n_events] = event;
    }
    span->dropped_events_count = record->dropped_count;
    return 0;
}

static ProtobufCBinaryData bytes(const uint8_t *data, size_t size)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)data, .len = size};
}

static int make_span(const struct trace_record *record, int64_t unix_offset_ns, struct mrpc_arena *arena,
                     otlp_span **out)
{
    static const uint8_t none[TRACE_SPAN_BYTES];
    otlp_span *span = mrpc_arena_alloc(arena, sizeof *span);
    if (!span)
        return MRPC_ERR_NOMEM;
    opentelemetry__proto__trace__v1__span__init(span);
    span->trace_id = bytes(record->trace_id, TRACE_ID_BYTES);
    span->span_id = bytes(record->span_id, TRACE_SPAN_BYTES);
    if (memcmp(record->parent_id, none, sizeof none) != 0)
        span->parent_span_id = bytes(record->parent_id, TRACE_SPAN_BYTES);
    span->flags = record->flags;
    span->name = (char *)(uintptr_t)record->method;
    span->kind = OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_SERVER;
    span->start_time_unix_nano = (uint64_t)(record->start_us * 1000 + unix_offset_ns);
    span->end_time_unix_nano = span->start_time_unix_nano + (uint64_t)record->duration_us * 1000;
    *out = span;
    int error = describe(record, arena, span);
    return error ? error : add_events(record, unix_offset_ns, arena, span);
}

/* ---- A batch ---- */

/* One resource, one scope, @count spans. */
struct envelope {
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest request;
    Opentelemetry__Proto__Trace__V1__ResourceSpans resource_spans, *resource_list[1];
    Opentelemetry__Proto__Trace__V1__ScopeSpans scope_spans, *scope_list[1];
    Opentelemetry__Proto__Common__V1__InstrumentationScope scope;
};

static void seal(struct envelope *envelope, Opentelemetry__Proto__Resource__V1__Resource *resource)
{
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__init(&envelope->request);
    opentelemetry__proto__trace__v1__resource_spans__init(&envelope->resource_spans);
    opentelemetry__proto__trace__v1__scope_spans__init(&envelope->scope_spans);
    opentelemetry__proto__common__v1__instrumentation_scope__init(&envelope->scope);
    envelope->scope.name = (char *)"mltrainer";
    envelope->scope.version = (char *)MRPC_VERSION;
    envelope->scope_spans.scope = &envelope->scope;
    envelope->scope_list[0] = &envelope->scope_spans;
    envelope->resource_spans.resource = resource;
    envelope->resource_spans.scope_spans = envelope->scope_list;
    envelope->resource_spans.n_scope_spans = 1;
    envelope->resource_list[0] = &envelope->resource_spans;
    envelope->request.resource_spans = envelope->resource_list;
    envelope->request.n_resource_spans = 1;
}

int otlp_request(const struct trace_record *records, size_t count,
                 Opentelemetry__Proto__Resource__V1__Resource *resource, int64_t unix_offset_ns,
                 struct mrpc_arena *arena, Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest **out)
{
    struct envelope *envelope = mrpc_arena_alloc(arena, sizeof *envelope);
    if (!envelope)
        return MRPC_ERR_NOMEM;
    seal(envelope, resource);
    envelope->scope_spans.spans = mrpc_arena_calloc(arena, count + 1, sizeof *envelope->scope_spans.spans);
    if (!envelope->scope_spans.spans)
        return MRPC_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        int error = make_span(&records[i], unix_offset_ns, arena, &envelope->scope_spans.spans[i]);
        if (error)
            return error;
        envelope->scope_spans.n_spans++;
    }
    *out = &envelope->request;
    return 0;
}
