/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_INTERCEPT_TOKEN_BUCKET_H
#define MRPC_INTERCEPT_TOKEN_BUCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A token bucket that is one number: the time at which it is full again. Taking a token moves it on by the time that a
 * token needs; a bucket that would then need longer than its burst is empty. One compare-and-swap, no clock of its own.
 * Source: ITU-T I.371, annex A (generic cell rate algorithm, virtual scheduling). */

struct token_rate {
    int64_t interval_ns;   /* a token's */
    int64_t burst_ns;      /* what a full bucket holds: burst x interval */
};

/** @per_second 1 … 1e9, @burst at least 1. */
static inline struct token_rate mrpc_token_rate(uint32_t per_second, uint32_t burst)
{
    int64_t interval_ns = 1000000000 / (int64_t)per_second;
    return (struct token_rate){.interval_ns = interval_ns, .burst_ns = interval_ns * (int64_t)burst};
}

/** Take a token. False when there is none: *@wait_ns is the time until there will be. Thread: any. */
static inline bool mrpc_token_take(_Atomic int64_t *full_at_ns, const struct token_rate *rate, int64_t now_ns,
                                   int64_t *wait_ns)
{
    int64_t seen = atomic_load_explicit(full_at_ns, memory_order_relaxed);
    for (;;) {
        int64_t next = (seen > now_ns ? seen : now_ns) + rate->interval_ns;
        if (next - now_ns > rate->burst_ns) {
            *wait_ns = next - now_ns - rate->burst_ns;
            return false;
        }
        if (atomic_compare_exchange_weak_explicit(full_at_ns, &seen, next, memory_order_relaxed, memory_order_relaxed))
            return true;
    }
}

#endif
