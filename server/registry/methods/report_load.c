/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/identifier.h"
#include "registry/methods/methods.h"

#include <stdio.h>

/* ReportLoad: taken on the connection loop, straight into the words that least-request picks read; nothing is queued,
 * so a caller can report as fast as it likes and costs what it sends. Who may report about an instance: whoever may
 * send its heartbeats, its owner and admins. Somebody else's word would steer traffic. */

enum { LOADS_MAX = 1000 };

struct load_stream {
    struct caller caller;
    int64_t accepted_count;
};

static int check(struct mrpc_call *call, const PB(Load) * load, size_t index)
{
    struct fault fault = FAULT_INIT;
    char field[64];
    snprintf(field, sizeof field, "loads[%zu].key", index);
    if (registry_key_check(load->key, field, &fault))
        return fault_answer(call, &fault);
    snprintf(field, sizeof field, "loads[%zu].active_request_count", index);
    if (load->active_request_count < 0)
        return mrpc_call_fail_field(call, field, "is negative");
    snprintf(field, sizeof field, "loads[%zu].utilization", index);
    if (load->has_utilization_case && !(load->utilization >= 0 && load->utilization <= 1))
        return mrpc_call_fail_field(call, field, "is not in 0..1");
    return MRPC_OK;
}

/* An instance that is not there is passed over: it may have gone while the report was on its way. */
static int take(struct load_stream *stream, struct mrpc_call *call, const struct registry_view *view,
                const PB(Load) * report, int64_t now_ms)
{
    const struct registry_service_view *service =
        registry_view_find(view, registry_namespace(report->key->namespace_), report->key->service);
    const struct registry_instance *instance = service ? registry_service_view_find(service, report->key->id) : NULL;
    if (!instance)
        return MRPC_OK;
    if (!caller_may_change(&stream->caller, instance->message->owner))
        return mrpc_call_fail(call, MRPC_PERMISSION_DENIED, "%s/%s/%s belongs to %s", service->namespace_name,
                              service->name, report->key->id, instance->message->owner);
    struct load *load = load_table_find(&service->cursors->loads, instance->message->incarnation, now_ms);
    if (!load)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    load_report(load, now_ms, report->active_request_count, report->has_utilization_case ? report->utilization : 0);
    load_unref(load);
    stream->accepted_count++;
    return MRPC_OK;
}

int registry_report_load_message(void *self, struct mrpc_call *call, const PB(ReportLoadRequest) * message)
{
    struct load_stream *stream = mrpc_call_data(call);
    int code = MRPC_OK;
    if (message->n_loads > LOADS_MAX)
        return mrpc_call_fail_field(call, "loads", "%zu given, at most %d are allowed", message->n_loads, LOADS_MAX);
    for (size_t i = 0; i < message->n_loads && !code; i++)
        code = check(call, message->loads[i], i);
    const struct registry_view *view = registry_snapshot(self);
    int64_t now_ms = domain_loop_now_ms(registry_loop(self));
    for (size_t i = 0; i < message->n_loads && !code; i++)
        code = take(stream, call, view, message->loads[i], now_ms);
    registry_snapshot_release(view);
    return code;
}

int registry_report_load_open(void *self, struct mrpc_call *call)
{
    struct load_stream *stream = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *stream);
    if (!stream || caller_of(call, &stream->caller, NULL))
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    mrpc_call_set_data(call, stream, NULL);
    return MRPC_OK;
}

int registry_report_load_half_close(void *self, struct mrpc_call *call)
{
    const struct load_stream *stream = mrpc_call_data(call);
    PB(ReportLoadResponse) *response = mrpc_arena_alloc(mrpc_call_arena(call), sizeof *response);
    if (!response)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "no memory");
    mltrainer__registry__v1__report_load_response__init(response);
    response->accepted_count = stream->accepted_count;
    mrpc_call_finish(call, MRPC_OK, &response->base);
    return MRPC_PENDING;
}
