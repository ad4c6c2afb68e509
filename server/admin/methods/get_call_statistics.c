/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <mrpc/metrics.h>

#include "admin/service.h"

/* What the interceptor of metrics has recorded, by method. Points come ordered by method within an instrument, so the
 * methods that calls were started of are an ordered list, and the rest is found in it. */

struct statistics {
    struct mrpc_arena *arena;
    Mltrainer__Admin__V1__GetCallStatisticsResponse *response;
};

static Mltrainer__Admin__V1__MethodStatistics *new_method(struct statistics *statistics, const char *name)
{
    Mltrainer__Admin__V1__MethodStatistics *method = mrpc_arena_alloc(statistics->arena, sizeof *method);
    if (!method)
        return NULL;
    mltrainer__admin__v1__method_statistics__init(method);
    method->method = mrpc_arena_strdup(statistics->arena, name);
    if (!method->method)
        return NULL;
    statistics->response->methods[statistics->response->n_methods++] = method;
    return method;
}

static int by_name(const void *name, const void *entry)
{
    return strcmp(name, (*(Mltrainer__Admin__V1__MethodStatistics *const *)entry)->method);
}

static Mltrainer__Admin__V1__MethodStatistics *find_method(struct statistics *statistics, const char *name)
{
    Mltrainer__Admin__V1__MethodStatistics **found =
        statistics->response->n_methods ? bsearch(name, statistics->response->methods, statistics->response->n_methods,
                                                  sizeof *statistics->response->methods, by_name)
                                        : NULL;
    return found ? *found : NULL;
}

/* Returns 0, or -1 without memory. */
static int take_started(struct statistics *statistics, const struct mrpc_metric_point *point)
{
    Mltrainer__Admin__V1__MethodStatistics *method = find_method(statistics, point->method);
    if (!method)
        method = new_method(statistics, point->method);
    if (!method)
        return -1;
    method->calls_started += point->count;
    return 0;
}

static int take_bounds(struct statistics *statistics, const struct mrpc_metric *metric)
{
    Mltrainer__Admin__V1__GetCallStatisticsResponse *response = statistics->response;
    if (response->n_bounds_seconds)
        return 0;
    response->bounds_seconds = mrpc_arena_calloc(statistics->arena, metric->bound_count, sizeof(double));
    if (!response->bounds_seconds)
        return -1;
    memcpy(response->bounds_seconds, metric->bounds, metric->bound_count * sizeof(double));
    response->n_bounds_seconds = metric->bound_count;
    return 0;
}

/* A method that is not there yet is of a call that began after the first instrument was read. */
static int take_duration(struct statistics *statistics, const struct mrpc_metric_point *point)
{
    Mltrainer__Admin__V1__MethodStatistics *method = find_method(statistics, point->method);
    if (!method)
        return 0;
    size_t buckets = point->metric->bound_count + 1;
    if (!method->n_buckets) {
        method->buckets = mrpc_arena_calloc(statistics->arena, buckets, sizeof *method->buckets);
        if (!method->buckets)
            return -1;
        method->n_buckets = buckets;
    }
    for (size_t i = 0; i < buckets; i++)
        method->buckets[i] += point->buckets[i];
    method->calls_ended += point->count;
    method->calls_failed += strcmp(point->status, "OK") == 0 ? 0 : point->count;
    method->seconds += point->sum;
    return take_bounds(statistics, point->metric);
}

static int take(struct statistics *statistics, const struct mrpc_metrics_snapshot *snapshot)
{
    statistics->response->methods =
        mrpc_arena_calloc(statistics->arena, snapshot->count + 1, sizeof *statistics->response->methods);
    if (!statistics->response->methods)
        return -1;
    int failed = 0;
    for (size_t i = 0; !failed && i < snapshot->count; i++)
        if (strcmp(snapshot->points[i].metric->name, "grpc.server.call.started") == 0)
            failed = take_started(statistics, &snapshot->points[i]);
    for (size_t i = 0; !failed && i < snapshot->count; i++)
        if (strcmp(snapshot->points[i].metric->name, "grpc.server.call.duration") == 0)
            failed = take_duration(statistics, &snapshot->points[i]);
    return failed;
}

int admin_get_call_statistics(void *self, struct mrpc_call *call,
                              const Mltrainer__Admin__V1__GetCallStatisticsRequest *request,
                              Mltrainer__Admin__V1__GetCallStatisticsResponse *response)
{
    struct admin *admin = self;
    struct statistics statistics = {.arena = mrpc_call_arena(call), .response = response};
    struct mrpc_metrics *metrics = admin->control->metrics(admin->control->arg);
    struct mrpc_metrics_snapshot *snapshot;
    if (!metrics)
        return mrpc_call_fail(call, MRPC_FAILED_PRECONDITION, "calls are not measured: the key metrics is false");
    if (mrpc_metrics_snapshot(metrics, &snapshot) != 0)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int failed = take(&statistics, snapshot);
    mrpc_metrics_snapshot_free(snapshot);
    return failed ? mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory") : MRPC_OK;
}
