/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/metrics.h"

/* 0.5 ms, then 1, 2 and 5 of each power of ten to 2 s: syncs of disks and checks over networks both lie in there. */
static const int64_t bounds_us[REGISTRY_BUCKETS] = {500,    1000,   2000,   5000,    10000,   20000,
                                                    50000, 100000, 200000, 500000, 1000000, 2000000};

int64_t registry_metrics_bound_us(int at)
{
    return bounds_us[at];
}

static void add(_Atomic uint64_t *number, uint64_t more)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + more, memory_order_relaxed);
}

static void observe(struct registry_histogram *histogram, int64_t duration_us)
{
    int at = 0;
    while (at < REGISTRY_BUCKETS && duration_us > bounds_us[at])
        at++;
    add(&histogram->buckets[at], 1);
    add(&histogram->sum_us, duration_us > 0 ? (uint64_t)duration_us : 0);
}

void registry_metrics_transition(struct registry_metrics *metrics, enum registry_reason reason)
{
    add(&metrics->transitions[(unsigned)reason % REGISTRY_REASONS], 1);
}

void registry_metrics_check(struct registry_metrics *metrics, bool passed, int64_t duration_us)
{
    add(&metrics->checks[passed], 1);
    observe(&metrics->check_durations, duration_us);
}

void registry_metrics_commit(struct registry_metrics *metrics, bool durable, int64_t duration_us)
{
    if (!durable)
        add(&metrics->failed_commits, 1);
    observe(&metrics->commits, duration_us);
}
