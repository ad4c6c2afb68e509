/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_LOAD_H
#define REGISTRY_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* How busy instances are, for least-request picks: what ReportLoad said, and what was picked since. Both fade by half
 * every ten seconds, so that an instance of which nothing is heard any more counts as idle in the end, and a pick that
 * no report knows yet counts at once. Not durable.
 *
 * A figure is one word, read and written by any thread without a lock: when it was true, requests, utilization. */

enum { LOAD_HALF_LIFE_MS = 10 * 1000 };

struct load {
    _Atomic uint32_t references;
    _Atomic uint64_t word;
};

/** Requests in work, 0 or more (over a million counts as a million); @utilization 0..1. */
void load_report(struct load *load, int64_t now_ms, int64_t requests, double utilization);
/** One more request is on its way to it. */
void load_pick(struct load *load, int64_t now_ms);
/** Requests for each part of the capacity that is left; the less the better. @weight as of the instance, >= 1. */
double load_score(const struct load *load, int64_t now_ms, uint32_t weight);
void load_unref(struct load *load);

/** The figures of a service's instances, by incarnation. Thread: any. */
struct load_table {
    pthread_mutex_t lock;
    struct load_entry *entries; /* open addressing; capacity is a power of two, or 0 */
    size_t capacity;
    size_t count;
};

void load_table_init(struct load_table *table);
void load_table_fini(struct load_table *table);
/** The figure of an instance, made if it is not there: a reference, the caller's. One that nobody refers to is
 *  forgotten when it has faded and room is needed. NULL when out of memory. */
struct load *load_table_find(struct load_table *table, int64_t incarnation, int64_t now_ms);
size_t load_table_count(struct load_table *table);

#endif
