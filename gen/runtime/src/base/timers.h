/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_BASE_TIMERS_H
#define MRPC_BASE_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/** A moment at which something is to happen; embed it in what it concerns. A zeroed one is not set. */
struct mrpc_timer {
    int64_t at_ms;
    size_t place;                              /* in the heap, from 1; 0: not set */
    void (*fire)(struct mrpc_timer *timer);    /* may set, clear or free any timer, its own too */
};

/** Timers ordered by moment: a binary heap of pointers, O(log n) to set and clear. A zeroed struct is empty. It reads
 *  no clock: who owns it says what time it is. Thread: one at a time. */
struct mrpc_timers {
    struct mrpc_timer **heap;   /* heap[1] is the earliest */
    size_t count;
    size_t capacity;
};

void mrpc_timers_fini(struct mrpc_timers *timers);

/** Set, or move, @timer. Errors: MRPC_ERR_NOMEM; a timer that was set already can always be moved. */
int mrpc_timers_set(struct mrpc_timers *timers, struct mrpc_timer *timer, int64_t at_ms) MRPC_MUST_USE;
void mrpc_timers_clear(struct mrpc_timers *timers, struct mrpc_timer *timer);

/** INT64_MAX when none is set. */
int64_t mrpc_timers_next_ms(const struct mrpc_timers *timers);

/** Fire, in order, what is due at @now_ms; each is cleared before it fires. */
void mrpc_timers_run(struct mrpc_timers *timers, int64_t now_ms);

#endif
