/* SPDX-License-Identifier: Apache-2.0 */
#include "histogram.h"

/* Below 64 a bucket a value; above, the six bits under the leading one choose among the 64 of that power of two. */
static unsigned bucket_of(uint64_t ns)
{
    if (ns < 64)
        return (unsigned)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - 6;
    unsigned bucket = (shift + 1) * 64 + (unsigned)(ns >> shift & 63);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t upper_edge(unsigned bucket)
{
    if (bucket < 64)
        return bucket;
    unsigned shift = bucket / 64 - 1;
    return ((uint64_t)(64 + bucket % 64 + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    histogram->count++;
    histogram->buckets[bucket_of(ns)]++;
    if (ns > histogram->largest_ns)
        histogram->largest_ns = ns;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    into->count += from->count;
    if (from->largest_ns > into->largest_ns)
        into->largest_ns = from->largest_ns;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}

uint64_t histogram_quantile_ns(const struct histogram *histogram, double quantile)
{
    uint64_t wanted = (uint64_t)(quantile * (double)histogram->count), seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > wanted)
            return upper_edge(i) < histogram->largest_ns ? upper_edge(i) : histogram->largest_ns;
    }
    return histogram->largest_ns;
}
