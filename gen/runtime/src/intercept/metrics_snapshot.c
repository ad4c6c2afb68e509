/* SPDX-License-Identifier: Apache-2.0 */

/* Reading what threads record: gather all series, bring those of the same labels together, add them up. */

#include <stdlib.h>
#include <string.h>

#include <mrpc/arena.h>
#include <mrpc/status.h>

#include "intercept/metrics_series.h"

/* What is read of an ended_series, or of a client's calls. */
enum part { PART_STARTED, PART_DURATION, PART_SENT, PART_RECEIVED, PART_CALLS };

struct instrument {
    struct mrpc_metric metric;
    enum series_side side;
    enum part part;
};

static const double latency_bounds[LATENCY_BOUNDS] = {
    0,    0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008,
    0.01, 0.013,   0.016,   0.02,   0.025,  0.03,   0.04,   0.05,  0.065, 0.08,  0.1,   0.13,  0.16,  0.2,
    0.25, 0.3,     0.4,     0.5,    0.65,   0.8,    1,      2,     5,     10,    20,    50,    100,
};
static const double size_bounds[SIZE_BOUNDS] = {
    0, 1024, 2048, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864, 268435456, 1073741824, 4294967296,
};

#define COUNTER(NAME, UNIT, TEXT)                                                                                      \
    {                                                                                                                  \
        .name = NAME, .unit = UNIT, .description = TEXT, .type = MRPC_METRIC_COUNTER                                   \
    }
#define LATENCY(NAME, TEXT)                                                                                            \
    {                                                                                                                  \
        .name = NAME, .unit = "s", .description = TEXT, .type = MRPC_METRIC_HISTOGRAM, .bounds = latency_bounds,       \
        .bound_count = LATENCY_BOUNDS                                                                                  \
    }
#define SIZE(NAME, TEXT)                                                                                               \
    {                                                                                                                  \
        .name = NAME, .unit = "By", .description = TEXT, .type = MRPC_METRIC_HISTOGRAM, .bounds = size_bounds,         \
        .bound_count = SIZE_BOUNDS                                                                                     \
    }

static const struct instrument instruments[] = {
    {COUNTER("grpc.client.attempt.started", "{attempt}", "Attempts started, also those that have not ended."),
     SERIES_CLIENT, PART_STARTED},
    {LATENCY("grpc.client.attempt.duration", "Time that an attempt took, with picking a connection."), SERIES_CLIENT,
     PART_DURATION},
    {SIZE("grpc.client.attempt.sent_total_compressed_message_size", "Bytes of an attempt's requests, compressed."),
     SERIES_CLIENT, PART_SENT},
    {SIZE("grpc.client.attempt.rcvd_total_compressed_message_size", "Bytes of an attempt's responses, compressed."),
     SERIES_CLIENT, PART_RECEIVED},
    {LATENCY("grpc.client.call.duration", "Time that a call took as its caller sees it."), SERIES_CLIENT, PART_CALLS},
    {COUNTER("grpc.server.call.started", "{call}", "Calls started, also those that have not ended."), SERIES_SERVER,
     PART_STARTED},
    {LATENCY("grpc.server.call.duration", "Time from a call's first header to its status."), SERIES_SERVER,
     PART_DURATION},
    {SIZE("grpc.server.call.sent_total_compressed_message_size", "Bytes of a call's responses, compressed."),
     SERIES_SERVER, PART_SENT},
    {SIZE("grpc.server.call.rcvd_total_compressed_message_size", "Bytes of a call's requests, compressed."),
     SERIES_SERVER, PART_RECEIVED},
};
#define INSTRUMENTS (sizeof(instruments) / sizeof(*instruments))

/* The public part is first. */
struct snapshot {
    struct mrpc_metrics_snapshot seen;
    struct mrpc_arena *arena;
    struct mrpc_metrics_series **series;   /* of all recorders, by labels */
    size_t series_count;
    struct mrpc_metric_point *points;
    size_t count, capacity;
};

static uint64_t read_number(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static int compare(const void *a, const void *b)
{
    const struct mrpc_metrics_series *left = *(struct mrpc_metrics_series *const *)a;
    const struct mrpc_metrics_series *right = *(struct mrpc_metrics_series *const *)b;
    if (left->side != right->side)
        return left->side < right->side ? -1 : 1;
    int order = strcmp(left->method, right->method);
    return order != 0 ? order : strcmp(left->target, right->target);
}

/* Series that come up meanwhile are newer than a list's head: they wait for the next time. */
static bool gather(struct mrpc_metrics *metrics, struct snapshot *snapshot)
{
    size_t capacity = 0;
    pthread_mutex_lock(&metrics->lock);
    for (struct mrpc_metrics_recorder *recorder = metrics->recorders; recorder != NULL; recorder = recorder->next) {
        struct mrpc_metrics_series *series = atomic_load_explicit(&recorder->series, memory_order_acquire);
        for (; series != NULL; series = atomic_load_explicit(&series->next, memory_order_acquire)) {
            if (snapshot->series_count == capacity) {
                capacity = capacity == 0 ? 64 : 2 * capacity;
                void *larger = realloc(snapshot->series, capacity * sizeof(*snapshot->series));
                if (larger == NULL)
                    goto out_of_memory;
                snapshot->series = larger;
            }
            snapshot->series[snapshot->series_count++] = series;
        }
    }
    pthread_mutex_unlock(&metrics->lock);
    if (snapshot->series_count > 0)
        qsort(snapshot->series, snapshot->series_count, sizeof(*snapshot->series), compare);
    return true;
out_of_memory:
    pthread_mutex_unlock(&metrics->lock);
    return false;
}

static struct mrpc_metric_point *point_new(struct snapshot *snapshot)
{
    if (snapshot->count == snapshot->capacity) {
        size_t capacity = snapshot->capacity == 0 ? 64 : 2 * snapshot->capacity;
        struct mrpc_metric_point *points = mrpc_arena_alloc(snapshot->arena, capacity * sizeof(*points));
        if (points == NULL)
            return NULL;
        if (snapshot->count > 0)
            memcpy(points, snapshot->points, snapshot->count * sizeof(*points));
        snapshot->points = points;
        snapshot->capacity = capacity;
    }
    return &snapshot->points[snapshot->count++];
}

static uint64_t add_buckets(uint64_t *sum, const _Atomic uint64_t *buckets, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t number = read_number(&buckets[i]);
        sum[i] += number;
        total += number;
    }
    return total;
}

static void add_latencies(struct mrpc_metric_point *point, uint64_t *buckets, const struct latency_histogram *histogram)
{
    point->count += add_buckets(buckets, histogram->buckets, LATENCY_BOUNDS + 1);
    point->sum += (double)read_number(&histogram->sum_us) / 1e6;
}

static void add_sizes(struct mrpc_metric_point *point, uint64_t *buckets, const struct size_histogram *histogram)
{
    point->count += add_buckets(buckets, histogram->buckets, SIZE_BOUNDS + 1);
    point->sum += (double)read_number(&histogram->sum);
}

static void add_series(struct mrpc_metric_point *point, uint64_t *buckets, const struct mrpc_metrics_series *series,
                       enum part part, size_t code)
{
    if (part == PART_CALLS) {
        const struct latency_histogram *calls = atomic_load_explicit(&series->calls[code], memory_order_acquire);
        if (calls != NULL)
            add_latencies(point, buckets, calls);
        return;
    }
    const struct ended_series *ended = atomic_load_explicit(&series->ended[code], memory_order_acquire);
    if (ended == NULL)
        return;
    if (part == PART_DURATION)
        add_latencies(point, buckets, &ended->duration);
    else
        add_sizes(point, buckets, part == PART_SENT ? &ended->sent : &ended->received);
}

static struct mrpc_metric_point *labelled(struct snapshot *snapshot, const struct instrument *instrument,
                                          const struct mrpc_metrics_series *series, const char *status)
{
    struct mrpc_metric_point *point = point_new(snapshot);
    char *method = mrpc_arena_strdup(snapshot->arena, series->method);
    char *target = mrpc_arena_strdup(snapshot->arena, series->target);
    if (point == NULL || method == NULL || target == NULL)
        return NULL;
    *point = (struct mrpc_metric_point){
        .metric = &instrument->metric,
        .method = method,
        .target = series->side == SERIES_CLIENT ? target : NULL,
        .status = status,
    };
    return point;
}

/* All of the same labels: @count series from @first. */
static bool add_counter(struct snapshot *snapshot, const struct instrument *instrument, size_t first, size_t count)
{
    struct mrpc_metric_point *point = labelled(snapshot, instrument, snapshot->series[first], NULL);
    for (size_t i = 0; point != NULL && i < count; i++)
        point->count += read_number(&snapshot->series[first + i]->started);
    return point != NULL;
}

static bool has_ended(const struct snapshot *snapshot, enum part part, size_t code, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        const struct mrpc_metrics_series *series = snapshot->series[i];
        if (part == PART_CALLS ? atomic_load_explicit(&series->calls[code], memory_order_acquire) != NULL
                               : atomic_load_explicit(&series->ended[code], memory_order_acquire) != NULL)
            return true;
    }
    return false;
}

static bool add_histograms(struct snapshot *snapshot, const struct instrument *instrument, size_t first, size_t count)
{
    for (size_t code = 0; code < METRICS_CODES; code++) {
        if (!has_ended(snapshot, instrument->part, code, first, count))
            continue;
        struct mrpc_metric_point *point =
            labelled(snapshot, instrument, snapshot->series[first], mrpc_code_name((int)code));
        uint64_t *buckets = mrpc_arena_calloc(snapshot->arena, instrument->metric.bound_count + 1, sizeof(*buckets));
        if (point == NULL || buckets == NULL)
            return false;
        for (size_t i = 0; i < count; i++)
            add_series(point, buckets, snapshot->series[first + i], instrument->part, code);
        point->buckets = buckets;
    }
    return true;
}

static bool add_instrument(struct snapshot *snapshot, const struct instrument *instrument)
{
    size_t count;
    for (size_t first = 0; first < snapshot->series_count; first += count) {
        for (count = 1; first + count < snapshot->series_count; count++)
            if (compare(&snapshot->series[first], &snapshot->series[first + count]) != 0)
                break;
        if (snapshot->series[first]->side != instrument->side)
            continue;
        bool added = instrument->part == PART_STARTED ? add_counter(snapshot, instrument, first, count)
                                                      : add_histograms(snapshot, instrument, first, count);
        if (!added)
            return false;
    }
    return true;
}

int mrpc_metrics_snapshot(struct mrpc_metrics *metrics, struct mrpc_metrics_snapshot **out)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    if (snapshot == NULL)
        return MRPC_ERR_NOMEM;
    snapshot->arena = mrpc_arena_new(0);
    bool done = snapshot->arena != NULL && gather(metrics, snapshot);
    for (size_t i = 0; done && i < INSTRUMENTS; i++)
        done = add_instrument(snapshot, &instruments[i]);
    free(snapshot->series);
    snapshot->series = NULL;
    snapshot->seen = (struct mrpc_metrics_snapshot){.points = snapshot->points, .count = snapshot->count};
    if (!done) {
        mrpc_metrics_snapshot_free(&snapshot->seen);
        return MRPC_ERR_NOMEM;
    }
    *out = &snapshot->seen;
    return 0;
}

void mrpc_metrics_snapshot_free(struct mrpc_metrics_snapshot *seen)
{
    if (seen == NULL)
        return;
    struct snapshot *snapshot = (struct snapshot *)seen;
    mrpc_arena_free(snapshot->arena);
    free(snapshot);
}
