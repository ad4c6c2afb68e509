/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_LEASE_H
#define REGISTRY_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

/* Things that fall due: leases, and the next run of checks. A heap by time whose entries live in their owners. Renewing
 * is one store: the heap learns of a later time when the old one comes up. Times are of CLOCK_MONOTONIC in ms, given by
 * the caller; nothing here reads a clock. */

struct lease {
    int64_t due_ms;  /* when it is really due */
    int64_t heap_ms; /* what the heap sorts it by; never later than due_ms */
    size_t heap_at;  /* index + 1; 0: not in a heap */
};

struct lease_heap {
    struct lease **leases;
    size_t count;
    size_t capacity;
    int64_t last_tick_ms;
    int64_t stalled_ms; /* time that we did not live through, taken off all dues */
};

void lease_heap_fini(struct lease_heap *heap);

/** Set or renew: due in @after_ms. False when out of memory (then nothing changed). */
bool lease_set(struct lease_heap *heap, struct lease *lease, int64_t now_ms, int64_t after_ms) MRPC_MUST_USE;
void lease_clear(struct lease_heap *heap, struct lease *lease);
/** What is left at @now_ms; 0 when it is due or not set. */
int64_t lease_remaining_ms(const struct lease_heap *heap, const struct lease *lease, int64_t now_ms);

/** Tell the heap the time, often. When more than @gap_ms has passed since the last time, the process (or its loop) was
 *  stopped, heartbeats could not arrive, and the gap counts for nobody. Returns the gap, 0 when there was none. */
int64_t lease_heap_tick(struct lease_heap *heap, int64_t now_ms, int64_t gap_ms);

/** The next one that is due, taken out of the heap; NULL when none is. */
struct lease *lease_pop_due(struct lease_heap *heap, int64_t now_ms);

#endif
