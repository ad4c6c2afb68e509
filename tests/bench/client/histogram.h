/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_BENCH_HISTOGRAM_H
#define MLT_BENCH_HISTOGRAM_H

#include <stdint.h>

/* Latencies in ns, in buckets that are at most 1/64 of their value wide: 64 a power of two. */
#define HISTOGRAM_BUCKETS (64 * 58)

struct histogram {
    uint64_t count;
    uint64_t largest_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);
void histogram_merge(struct histogram *into, const struct histogram *from);
/** The value that a share of @quantile (0..1) does not exceed: the upper edge of its bucket. */
uint64_t histogram_quantile_ns(const struct histogram *histogram, double quantile);

#endif
