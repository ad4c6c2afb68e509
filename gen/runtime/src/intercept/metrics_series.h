/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_INTERCEPT_METRICS_SERIES_H
#define MRPC_INTERCEPT_METRICS_SERIES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <mrpc/metrics.h>

/* What is recorded and how. Every number has one writer, the recorder's thread, and readers that may come at any
 * moment: a plain addition, stored atomically, is enough. Lists only grow, and what is new is published whole. */

#define METRICS_CODES 17
#define LATENCY_BOUNDS 41
#define SIZE_BOUNDS 14

/* Buckets of A66. Latencies are kept in us, which all its bounds are whole numbers of. */
extern const int64_t mrpc_latency_bounds_us[LATENCY_BOUNDS];
extern const int64_t mrpc_size_bounds[SIZE_BOUNDS];

struct latency_histogram {
    _Atomic uint64_t sum_us;
    _Atomic uint64_t buckets[LATENCY_BOUNDS + 1];
};

struct size_histogram {
    _Atomic uint64_t sum;
    _Atomic uint64_t buckets[SIZE_BOUNDS + 1];
};

/** Calls, or a client's attempts, that ended with one status. */
struct ended_series {
    struct latency_histogram duration;
    struct size_histogram sent, received;
};

enum series_side { SERIES_SERVER, SERIES_CLIENT };

struct mrpc_metrics_series {
    struct mrpc_metrics_series *_Atomic next;              /* of its recorder, newest first */
    enum series_side side;
    const char *method;                                    /* "service/method" */
    const char *target;                                    /* "" on the server's side */
    _Atomic uint64_t started;
    struct ended_series *_Atomic ended[METRICS_CODES];     /* NULL: none yet */
    struct latency_histogram *_Atomic calls[METRICS_CODES];  /* of clients */
};

struct mrpc_metrics_recorder {
    struct mrpc_metrics_recorder *next;                    /* of the metrics; fixed */
    struct mrpc_metrics *metrics;
    bool in_use;                                           /* under the metrics' lock */
    struct mrpc_metrics_series *_Atomic series;
    struct mrpc_metrics_series **by_name;                  /* the writer's: open addressing, at most half full */
    size_t capacity, count;
};

struct mrpc_metrics {
    size_t series_max;
    pthread_mutex_t lock;                                  /* guards the list, never held while recording */
    struct mrpc_metrics_recorder *recorders;
};

/** Find or make; NULL when out of memory. Thread: the recorder's. */
struct mrpc_metrics_series *mrpc_metrics_series_get(struct mrpc_metrics_recorder *recorder, enum series_side side,
                                                    const char *method, const char *target);
void mrpc_metrics_series_started(struct mrpc_metrics_series *series);
void mrpc_metrics_series_ended(struct mrpc_metrics_series *series, int code, int64_t duration_us, uint64_t sent,
                               uint64_t received);

#endif
