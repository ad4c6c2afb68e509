/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_METRICS_H
#define REGISTRY_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "registry/message.h"

/* What the registry counts for the metrics page. Written by the domain loop alone, read by anybody: an addition is a
 * load and a store. Labels are words of ours, never names of services or instances. */

enum { REGISTRY_REASONS = 16, REGISTRY_BUCKETS = 12 };

struct registry_histogram {
    _Atomic uint64_t buckets[REGISTRY_BUCKETS + 1]; /* the last is over all bounds */
    _Atomic uint64_t sum_us;
};

struct registry_metrics {
    _Atomic uint64_t transitions[REGISTRY_REASONS]; /* by enum registry_reason */
    _Atomic uint64_t checks[2];                     /* failed, passed */
    _Atomic uint64_t failed_commits;
    _Atomic uint64_t watchers; /* now; these follow within a second */
    _Atomic uint64_t checks_configured;
    _Atomic uint64_t checks_in_flight;
    struct registry_histogram check_durations;
    struct registry_histogram commits; /* from the decision to the view that shows it */
};

/* Thread: the domain loop's. */
void registry_metrics_transition(struct registry_metrics *metrics, enum registry_reason reason);
void registry_metrics_check(struct registry_metrics *metrics, bool passed, int64_t duration_us);
void registry_metrics_commit(struct registry_metrics *metrics, bool durable, int64_t duration_us);

/** The upper end of bucket @at, in us. */
int64_t registry_metrics_bound_us(int at);

#endif
