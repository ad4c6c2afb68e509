/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/client_interceptor.h>
#include <mrpc/metrics.h>

/* gRFC A66 on the client's side: one recorder a channel, with which its loop's thread records. */

struct call_metrics {
    const char *path;
    const char *target;
    struct mrpc_metrics_series *series; /* looked up with the first attempt */
};

static enum mrpc_code started(void *self, void *state, struct mrpc_client_start *start)
{
    struct call_metrics *call = state;
    call->path = start->method->path;
    call->target = start->target;
    return MRPC_OK;
}

static struct mrpc_metrics_series *series_of(struct mrpc_metrics_recorder *recorder, struct call_metrics *call)
{
    if (!call->series)
        call->series = mrpc_metrics_client_series(recorder, call->path, call->target);
    return call->series;
}

static void attempt_started(void *self, void *state, unsigned previous)
{
    mrpc_metrics_attempt_started(series_of(self, state));
}

static void attempt_ended(void *self, void *state, const struct mrpc_client_attempt_end *end)
{
    mrpc_metrics_attempt_ended(series_of(self, state), (int)end->code, end->duration_us, end->sent_wire_bytes,
                               end->received_wire_bytes);
}

static void ended(void *self, void *state, const struct mrpc_client_end *end)
{
    if (end->began) /* else another thread may be recording */
        mrpc_metrics_call_ended(series_of(self, state), (int)end->code, end->duration_us);
}

static void detached(void *self)
{
    mrpc_metrics_recorder_release(self);
}

static const struct mrpc_client_interceptor metrics_interceptor = {.struct_bytes = sizeof metrics_interceptor,
                                                                   .name = "metrics",
                                                                   .state_bytes = sizeof(struct call_metrics),
                                                                   .started = started,
                                                                   .attempt_started = attempt_started,
                                                                   .attempt_ended = attempt_ended,
                                                                   .ended = ended,
                                                                   .detached = detached};

int mrpc_metrics_add_to_channel(struct mrpc_metrics *metrics, struct mrpc_channel *channel)
{
    struct mrpc_metrics_recorder *recorder;
    int error = mrpc_metrics_recorder_new(metrics, &recorder);
    if (error)
        return error;
    error = mrpc_channel_add_interceptor(channel, &metrics_interceptor, recorder);
    if (error)
        mrpc_metrics_recorder_release(recorder);
    return error;
}
