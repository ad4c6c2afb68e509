/* SPDX-License-Identifier: Apache-2.0 */

/* Recording. Source of names and buckets: gRFC A66, "Metrics Schema". */

#include "intercept/metrics_series.h"

#include <stdlib.h>
#include <string.h>

#include <mrpc/status.h>

#define SERIES_MAX_DEFAULT 1000
#define OTHER "other"

const int64_t mrpc_latency_bounds_us[LATENCY_BOUNDS] = {
    0,     10,    50,    100,    300,    600,    800,    1000,   2000,   3000,    4000,    5000,    6000,     8000,
    10000, 13000, 16000, 20000,  25000,  30000,  40000,  50000,  65000,  80000,   100000,  130000,  160000,   200000,
    250000, 300000, 400000, 500000, 650000, 800000, 1000000, 2000000, 5000000, 10000000, 20000000, 50000000, 100000000,
};
const int64_t mrpc_size_bounds[SIZE_BOUNDS] = {
    0,       1024,    2048,     4096,     16384,     65536,      262144,
    1048576, 4194304, 16777216, 67108864, 268435456, 1073741824, 4294967296,
};

/* One writer: no read-modify-write is needed. */
static void add(_Atomic uint64_t *number, uint64_t value)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + value, memory_order_relaxed);
}

/* The first bound that is not below the value; @count when all are. */
static size_t bucket_of(const int64_t *bounds, size_t count, int64_t value)
{
    size_t low = 0;
    while (count > 0) {
        size_t half = count / 2;
        bool above = bounds[low + half] < value;
        low = above ? low + half + 1 : low;
        count = above ? count - half - 1 : half;
    }
    return low;
}

static void add_latency(struct latency_histogram *histogram, int64_t us)
{
    us = us < 0 ? 0 : us;
    add(&histogram->buckets[bucket_of(mrpc_latency_bounds_us, LATENCY_BOUNDS, us)], 1);
    add(&histogram->sum_us, (uint64_t)us);
}

static void add_size(struct size_histogram *histogram, uint64_t bytes)
{
    add(&histogram->buckets[bucket_of(mrpc_size_bounds, SIZE_BOUNDS, (int64_t)bytes)], 1);
    add(&histogram->sum, bytes);
}

static size_t index_of(int code)
{
    return code >= 0 && code < METRICS_CODES ? (size_t)code : MRPC_UNKNOWN;
}

void mrpc_metrics_series_started(struct mrpc_metrics_series *series)
{
    if (series != NULL)
        add(&series->started, 1);
}

void mrpc_metrics_series_ended(struct mrpc_metrics_series *series, int code, int64_t duration_us, uint64_t sent,
                               uint64_t received)
{
    if (series == NULL)
        return;
    struct ended_series *_Atomic *place = &series->ended[index_of(code)];
    struct ended_series *ended = atomic_load_explicit(place, memory_order_relaxed);
    if (ended == NULL) {
        ended = calloc(1, sizeof(*ended));
        if (ended == NULL)
            return;
        atomic_store_explicit(place, ended, memory_order_release);
    }
    add_latency(&ended->duration, duration_us);
    add_size(&ended->sent, sent);
    add_size(&ended->received, received);
}

void mrpc_metrics_attempt_started(struct mrpc_metrics_series *series)
{
    mrpc_metrics_series_started(series);
}

void mrpc_metrics_attempt_ended(struct mrpc_metrics_series *series, int code, int64_t duration_us,
                                uint64_t sent_wire_bytes, uint64_t received_wire_bytes)
{
    mrpc_metrics_series_ended(series, code, duration_us, sent_wire_bytes, received_wire_bytes);
}

void mrpc_metrics_call_ended(struct mrpc_metrics_series *series, int code, int64_t duration_us)
{
    if (series == NULL)
        return;
    struct latency_histogram *_Atomic *place = &series->calls[index_of(code)];
    struct latency_histogram *calls = atomic_load_explicit(place, memory_order_relaxed);
    if (calls == NULL) {
        calls = calloc(1, sizeof(*calls));
        if (calls == NULL)
            return;
        atomic_store_explicit(place, calls, memory_order_release);
    }
    add_latency(calls, duration_us);
}

static size_t hash_text(const char *text, size_t hash)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 1099511628211u;
    return hash;
}

static struct mrpc_metrics_series **slot_of(struct mrpc_metrics_series **table, size_t capacity, enum series_side side,
                                            const char *method, const char *target)
{
    size_t at = hash_text(target, hash_text(method, 14695981039346656037u + (size_t)side)) & (capacity - 1);
    while (table[at] != NULL && (table[at]->side != side || strcmp(table[at]->method, method) != 0 ||
                                 strcmp(table[at]->target, target) != 0))
        at = (at + 1) & (capacity - 1);
    return &table[at];
}

static bool make_room(struct mrpc_metrics_recorder *recorder)
{
    if (2 * (recorder->count + 1) <= recorder->capacity)
        return true;
    size_t capacity = recorder->capacity == 0 ? 16 : 2 * recorder->capacity;
    struct mrpc_metrics_series **table = calloc(capacity, sizeof(struct mrpc_metrics_series *));
    if (table == NULL)
        return false;
    for (size_t i = 0; i < recorder->capacity; i++) {
        struct mrpc_metrics_series *series = recorder->by_name[i];
        if (series != NULL)
            *slot_of(table, capacity, series->side, series->method, series->target) = series;
    }
    free(recorder->by_name);
    recorder->by_name = table;
    recorder->capacity = capacity;
    return true;
}

static struct mrpc_metrics_series *series_new(enum series_side side, const char *method, const char *target)
{
    size_t method_bytes = strlen(method) + 1;
    size_t target_bytes = strlen(target) + 1;
    struct mrpc_metrics_series *series = calloc(1, sizeof(*series) + method_bytes + target_bytes);
    if (series == NULL)
        return NULL;
    char *texts = (char *)(series + 1);
    series->side = side;
    series->method = memcpy(texts, method, method_bytes);
    series->target = memcpy(texts + method_bytes, target, target_bytes);
    return series;
}

struct mrpc_metrics_series *mrpc_metrics_series_get(struct mrpc_metrics_recorder *recorder, enum series_side side,
                                                    const char *method, const char *target)
{
    if (!make_room(recorder))
        return NULL;
    struct mrpc_metrics_series **slot = slot_of(recorder->by_name, recorder->capacity, side, method, target);
    if (*slot != NULL)
        return *slot;
    if (side == SERIES_CLIENT && recorder->count >= recorder->metrics->series_max && strcmp(target, OTHER) != 0)
        return mrpc_metrics_series_get(recorder, side, method, OTHER);
    struct mrpc_metrics_series *series = series_new(side, method, target);
    if (series == NULL)
        return NULL;
    *slot = series;
    recorder->count++;
    atomic_store_explicit(&series->next, atomic_load_explicit(&recorder->series, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&recorder->series, series, memory_order_release);
    return series;
}

struct mrpc_metrics_series *mrpc_metrics_client_series(struct mrpc_metrics_recorder *recorder, const char *path,
                                                       const char *target)
{
    return mrpc_metrics_series_get(recorder, SERIES_CLIENT, path[0] == '/' ? path + 1 : path, target);
}

int mrpc_metrics_new(const struct mrpc_metrics_options *options, struct mrpc_metrics **out)
{
    struct mrpc_metrics *metrics = calloc(1, sizeof(*metrics));
    if (metrics == NULL)
        return MRPC_ERR_NOMEM;
    metrics->series_max = options != NULL && options->series_max > 0 ? options->series_max : SERIES_MAX_DEFAULT;
    pthread_mutex_init(&metrics->lock, NULL);
    *out = metrics;
    return 0;
}

static void series_free(struct mrpc_metrics_series *series)
{
    for (size_t code = 0; code < METRICS_CODES; code++) {
        free(atomic_load(&series->ended[code]));
        free(atomic_load(&series->calls[code]));
    }
    free(series);
}

void mrpc_metrics_free(struct mrpc_metrics *metrics)
{
    if (metrics == NULL)
        return;
    while (metrics->recorders != NULL) {
        struct mrpc_metrics_recorder *recorder = metrics->recorders;
        metrics->recorders = recorder->next;
        struct mrpc_metrics_series *series = atomic_load(&recorder->series);
        while (series != NULL) {
            struct mrpc_metrics_series *next = atomic_load(&series->next);
            series_free(series);
            series = next;
        }
        free(recorder->by_name);
        free(recorder);
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

/* One that a thread has given back, so that coming and going threads do not add up. */
static struct mrpc_metrics_recorder *take_unused(struct mrpc_metrics *metrics)
{
    struct mrpc_metrics_recorder *recorder = metrics->recorders;
    while (recorder != NULL && recorder->in_use)
        recorder = recorder->next;
    return recorder;
}

int mrpc_metrics_recorder_new(struct mrpc_metrics *metrics, struct mrpc_metrics_recorder **out)
{
    pthread_mutex_lock(&metrics->lock);
    struct mrpc_metrics_recorder *recorder = take_unused(metrics);
    if (recorder == NULL) {
        recorder = calloc(1, sizeof(*recorder));
        if (recorder != NULL) {
            recorder->metrics = metrics;
            recorder->next = metrics->recorders;
            metrics->recorders = recorder;
        }
    }
    if (recorder != NULL)
        recorder->in_use = true;
    pthread_mutex_unlock(&metrics->lock);
    if (recorder == NULL)
        return MRPC_ERR_NOMEM;
    *out = recorder;
    return 0;
}

void mrpc_metrics_recorder_release(struct mrpc_metrics_recorder *recorder)
{
    if (recorder == NULL)
        return;
    pthread_mutex_lock(&recorder->metrics->lock);
    recorder->in_use = false;
    pthread_mutex_unlock(&recorder->metrics->lock);
}
