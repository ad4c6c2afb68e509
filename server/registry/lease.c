/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/lease.h"

#include <stdlib.h>

static void place(struct lease_heap *heap, size_t at, struct lease *lease)
{
    heap->leases[at] = lease;
    lease->heap_at = at + 1;
}

static void sift_up(struct lease_heap *heap, size_t at)
{
    struct lease *lease = heap->leases[at];
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (heap->leases[parent]->heap_ms <= lease->heap_ms)
            break;
        place(heap, at, heap->leases[parent]);
        at = parent;
    }
    place(heap, at, lease);
}

static void sift_down(struct lease_heap *heap, size_t at)
{
    struct lease *lease = heap->leases[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap->leases[child + 1]->heap_ms < heap->leases[child]->heap_ms)
            child++;
        if (lease->heap_ms <= heap->leases[child]->heap_ms)
            break;
        place(heap, at, heap->leases[child]);
        at = child;
    }
    place(heap, at, lease);
}

void lease_heap_fini(struct lease_heap *heap)
{
    free(heap->leases);
    *heap = (struct lease_heap){0};
}

bool lease_set(struct lease_heap *heap, struct lease *lease, int64_t now_ms, int64_t after_ms)
{
    int64_t due_ms = now_ms - heap->stalled_ms + after_ms;
    if (lease->heap_at) {
        lease->due_ms = due_ms;
        if (due_ms < lease->heap_ms) {
            lease->heap_ms = due_ms;
            sift_up(heap, lease->heap_at - 1);
        }
        return true;
    }
    if (heap->count == heap->capacity) {
        size_t capacity = heap->capacity ? heap->capacity * 2 : 64;
        struct lease **grown = realloc(heap->leases, capacity * sizeof *grown);
        if (!grown)
            return false;
        heap->leases = grown;
        heap->capacity = capacity;
    }
    lease->due_ms = lease->heap_ms = due_ms;
    place(heap, heap->count++, lease);
    sift_up(heap, heap->count - 1);
    return true;
}

void lease_clear(struct lease_heap *heap, struct lease *lease)
{
    if (!lease->heap_at)
        return;
    size_t at = lease->heap_at - 1;
    lease->heap_at = 0;
    struct lease *last = heap->leases[--heap->count];
    if (last == lease)
        return;
    place(heap, at, last);
    sift_down(heap, at);
    sift_up(heap, last->heap_at - 1);
}

int64_t lease_remaining_ms(const struct lease_heap *heap, const struct lease *lease, int64_t now_ms)
{
    int64_t left = lease->heap_at ? lease->due_ms - (now_ms - heap->stalled_ms) : 0;
    return left > 0 ? left : 0;
}

int64_t lease_heap_tick(struct lease_heap *heap, int64_t now_ms, int64_t gap_ms)
{
    int64_t gap = heap->last_tick_ms ? now_ms - heap->last_tick_ms : 0;
    heap->last_tick_ms = now_ms;
    if (gap <= gap_ms)
        return 0;
    heap->stalled_ms += gap;
    return gap;
}

struct lease *lease_pop_due(struct lease_heap *heap, int64_t now_ms)
{
    int64_t lived_ms = now_ms - heap->stalled_ms;
    while (heap->count && heap->leases[0]->heap_ms <= lived_ms) {
        struct lease *lease = heap->leases[0];
        if (lease->due_ms <= lived_ms) {
            lease_clear(heap, lease);
            return lease;
        }
        lease->heap_ms = lease->due_ms;
        sift_down(heap, 0);
    }
    return NULL;
}
