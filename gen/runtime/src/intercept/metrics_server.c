/* SPDX-License-Identifier: Apache-2.0 */

/* The interceptor that records a server's calls. Each loop has a recorder, and finds a method's series by the method's
 * place in the server's table. */

#include <stdlib.h>

#include "intercept/metrics_series.h"
#include "server/call.h"
#include "server/server.h"

#define LOOPS_MAX 256

/* Touched by its loop only, until the server is freed. */
struct loop_metrics {
    struct mrpc_metrics_recorder *recorder;
    struct mrpc_metrics_series *other;       /* of methods that are not there; NULL: not called yet */
    struct mrpc_metrics_series *series[];    /* in the order of the method table; NULL: not called yet */
};

struct server_metrics {
    struct mrpc_metrics *metrics;
    struct loop_metrics *loops[LOOPS_MAX];
};

struct call_state {
    struct mrpc_metrics_series *series;      /* NULL: not recorded */
};

static struct loop_metrics *loop_new(struct mrpc_metrics *metrics, const struct mrpc_call *call)
{
    size_t methods = call->host->server->methods.capacity;
    struct loop_metrics *loop = calloc(1, sizeof(*loop) + methods * sizeof(struct mrpc_metrics_series *));
    if (loop != NULL && mrpc_metrics_recorder_new(metrics, &loop->recorder) != 0) {
        free(loop);
        return NULL;
    }
    return loop;
}

static struct loop_metrics *loop_of(struct server_metrics *metrics, const struct mrpc_call *call)
{
    if (call->host->index >= LOOPS_MAX)
        return NULL;
    struct loop_metrics **loop = &metrics->loops[call->host->index];
    if (*loop == NULL)
        *loop = loop_new(metrics->metrics, call);
    return *loop;
}

/* A66: a name that only a caller has given is no label, or callers could make series without end. */
static struct mrpc_metrics_series *series_of(struct server_metrics *metrics, const struct mrpc_call *call)
{
    struct loop_metrics *loop = loop_of(metrics, call);
    if (loop == NULL)
        return NULL;
    const struct method_entry *method = call->method;
    struct mrpc_metrics_series **series =
        method != NULL ? &loop->series[method - call->host->server->methods.entries] : &loop->other;
    if (*series == NULL)
        *series = mrpc_metrics_series_get(loop->recorder, SERIES_SERVER,
                                          method != NULL ? method->method->path + 1 : "other", "");
    return *series;
}

static int started(void *self, void *state, struct mrpc_call *call)
{
    struct call_state *seen = state;
    seen->series = series_of(self, call);
    mrpc_metrics_series_started(seen->series);
    return 0;
}

static void ended(void *self, void *state, struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct call_state *seen = state;
    mrpc_metrics_series_ended(seen->series, end->code, end->duration_us, end->sent.wire_bytes,
                              end->received.wire_bytes);
}

static void unknown(void *self, const struct mrpc_call *call, const struct mrpc_call_end *end)
{
    struct mrpc_metrics_series *series = series_of(self, call);
    mrpc_metrics_series_started(series);
    mrpc_metrics_series_ended(series, end->code, end->duration_us, 0, 0);
}

static void detached(void *self)
{
    struct server_metrics *metrics = self;
    for (size_t i = 0; i < LOOPS_MAX; i++) {
        if (metrics->loops[i] != NULL)
            mrpc_metrics_recorder_release(metrics->loops[i]->recorder);
        free(metrics->loops[i]);
    }
    free(metrics);
}

static const struct mrpc_interceptor interceptor = {
    .struct_bytes = sizeof(interceptor),
    .name = "metrics",
    .state_bytes = sizeof(struct call_state),
    .started = started,
    .ended = ended,
    .detached = detached,
    .unknown = unknown,
    .forget = mrpc_interceptor_forgets,
};

int mrpc_metrics_add_to_server(struct mrpc_metrics *metrics, struct mrpc_server *server)
{
    struct server_metrics *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return MRPC_ERR_NOMEM;
    self->metrics = metrics;
    int error = mrpc_server_add_interceptor(server, &interceptor, self);
    if (error != 0)
        free(self);
    return error;
}
