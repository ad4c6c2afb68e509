/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_TIMER_HEAP_H
#define MRPC_CLIENT_TIMER_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/error.h>

/** A timer, embedded in its owner; zeroed but for @fire it is at rest. */
struct mrpc_timer {
    int64_t at_ms;
    size_t position; /* in the heap, from 1; 0: at rest */
    /** Thread: the loop's. The timer is at rest again and may be set, or its owner freed. */
    void (*fire)(struct mrpc_timer *timer);
};

/** A binary heap of pointers to timers, the earliest first. A zeroed struct is empty. */
struct mrpc_timer_heap {
    struct mrpc_timer **slots; /* slots[0] is not used */
    size_t count;
    size_t capacity;
};

void mrpc_timer_heap_fini(struct mrpc_timer_heap *heap);
/** Insert, or move to another time. Errors: MRPC_ERR_NOMEM (only for one at rest). */
int mrpc_timer_heap_set(struct mrpc_timer_heap *heap, struct mrpc_timer *timer, int64_t at_ms) MRPC_MUST_USE;
void mrpc_timer_heap_remove(struct mrpc_timer_heap *heap, struct mrpc_timer *timer);
/** The earliest, or NULL. */
struct mrpc_timer *mrpc_timer_heap_first(const struct mrpc_timer_heap *heap);

#endif
