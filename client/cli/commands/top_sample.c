/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/top.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALL_MS_MAX = 5000 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int top_sample_take(struct cli *cli, struct top_sample *out, bool quiet)
{
    Mltrainer__Admin__V1__GetServerInfoRequest server = MLTRAINER__ADMIN__V1__GET_SERVER_INFO_REQUEST__INIT;
    Mltrainer__Admin__V1__GetCallStatisticsRequest calls = MLTRAINER__ADMIN__V1__GET_CALL_STATISTICS_REQUEST__INIT;
    Mltrainer__Execution__V1__GetEngineRequest engine = MLTRAINER__EXECUTION__V1__GET_ENGINE_REQUEST__INIT;
    Mltrainer__Registry__V1__GetRegistryInfoRequest registry =
        MLTRAINER__REGISTRY__V1__GET_REGISTRY_INFO_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    if (options.timeout_ms > CALL_MS_MAX)
        options.timeout_ms = CALL_MS_MAX; /* a server that is away is shown as away */
    *out = (struct top_sample){.replies = {MRPC_REPLY_INIT, MRPC_REPLY_INIT, MRPC_REPLY_INIT, MRPC_REPLY_INIT}};
    out->server =
        mltrainer__admin__v1__admin_service__get_server_info(cli->channel, &options, &server, &out->replies[0]);
    out->taken_ms = now_ms();
    if (!out->server)
        return quiet ? (int)(CLI_STATUS + out->replies[0].status.code) : cli_status(cli, &out->replies[0].status);
    out->calls =
        mltrainer__admin__v1__admin_service__get_call_statistics(cli->channel, &options, &calls, &out->replies[1]);
    out->engine =
        mltrainer__execution__v1__execution_service__get_engine(cli->channel, &options, &engine, &out->replies[2]);
    out->registry = mltrainer__registry__v1__registry_service__get_registry_info(cli->channel, &options, &registry,
                                                                                 &out->replies[3]);
    return 0;
}

void top_sample_free(struct top_sample *sample)
{
    for (size_t i = 0; i < sizeof sample->replies / sizeof *sample->replies; i++)
        mrpc_reply_fini(&sample->replies[i]);
    *sample = (struct top_sample){.taken_ms = 0};
}

/* Where the server has begun anew its numbers began anew, too. */
static bool follows(const struct top_sample *before, const struct top_sample *now)
{
    return before && before->calls && before->server && before->server->process_id == now->server->process_id &&
           before->server->calls_started <= now->server->calls_started;
}

static double seconds_between(const struct top_sample *before, const struct top_sample *now)
{
    double seconds = follows(before, now) ? (double)(now->taken_ms - before->taken_ms) / 1000
                                          : (double)(time(NULL) - now->server->start_time->seconds);
    return seconds > 0.001 ? seconds : 0.001;
}

static const Mltrainer__Admin__V1__MethodStatistics *find(const Mltrainer__Admin__V1__GetCallStatisticsResponse *calls,
                                                          const char *method)
{
    for (size_t i = 0; i < calls->n_methods; i++)
        if (strcmp(calls->methods[i]->method, method) == 0)
            return calls->methods[i];
    return NULL;
}

/* The @share-th of the durations between two samples, linear within its bucket; NAN without any. */
static double quantile_ms(const Mltrainer__Admin__V1__MethodStatistics *now,
                          const Mltrainer__Admin__V1__MethodStatistics *before, const double *bounds,
                          size_t bound_count, double share)
{
    double all = 0, passed = 0;
    bool whole = now->n_buckets == bound_count + 1;
    size_t known = before && before->n_buckets == now->n_buckets ? before->n_buckets : 0;
    for (size_t i = 0; whole && i < now->n_buckets; i++)
        all += (double)(now->buckets[i] - (i < known ? before->buckets[i] : 0));
    for (size_t i = 0; all > 0 && i < now->n_buckets; i++) {
        double count = (double)(now->buckets[i] - (i < known ? before->buckets[i] : 0));
        double low = i ? bounds[i - 1] : 0, high = i < bound_count ? bounds[i] : low;
        if (count > 0 && passed + count >= share * all)
            return 1000 * (low + (high - low) * (share * all - passed) / count);
        passed += count;
    }
    return NAN;
}

static const char *short_name(const char *method)
{
    const char *slash = strrchr(method, '/');
    const char *dot = method;
    for (const char *c = method; slash && c < slash; c++)
        if (*c == '.')
            dot = c + 1;
    return dot;
}

static int by_calls(const void *a, const void *b)
{
    const struct top_method *one = a, *other = b;
    if (one->calls_per_s != other->calls_per_s)
        return one->calls_per_s < other->calls_per_s ? 1 : -1;
    return one->calls != other->calls ? (one->calls < other->calls ? 1 : -1) : strcmp(one->name, other->name);
}

size_t top_methods(const struct top_sample *before, const struct top_sample *now, struct top_method *out, size_t most)
{
    const Mltrainer__Admin__V1__GetCallStatisticsResponse *calls = now->calls;
    double seconds = seconds_between(before, now);
    bool follow = follows(before, now);
    struct top_method *all = calls ? calloc(calls->n_methods + 1, sizeof *all) : NULL;
    size_t count = 0;
    for (size_t i = 0; all && i < calls->n_methods; i++) {
        const Mltrainer__Admin__V1__MethodStatistics *method = calls->methods[i];
        const Mltrainer__Admin__V1__MethodStatistics *was = follow ? find(before->calls, method->method) : NULL;
        all[count++] = (struct top_method){
            .name = short_name(method->method),
            .calls_per_s = (double)(method->calls_started - (was ? was->calls_started : 0)) / seconds,
            .failed_per_s = (double)(method->calls_failed - (was ? was->calls_failed : 0)) / seconds,
            .p50_ms = quantile_ms(method, was, calls->bounds_seconds, calls->n_bounds_seconds, 0.5),
            .p99_ms = quantile_ms(method, was, calls->bounds_seconds, calls->n_bounds_seconds, 0.99),
            .calls = method->calls_started,
        };
    }
    if (count)
        qsort(all, count, sizeof *all, by_calls);
    count = count < most ? count : most;
    if (count)
        memcpy(out, all, count * sizeof *all);
    free(all);
    return count;
}

double top_calls_per_s(const struct top_sample *before, const struct top_sample *now)
{
    uint64_t since = follows(before, now) ? before->server->calls_started : 0;
    return (double)(now->server->calls_started - since) / seconds_between(before, now);
}
