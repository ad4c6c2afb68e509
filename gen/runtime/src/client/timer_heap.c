/* SPDX-License-Identifier: Apache-2.0 */
#include "client/timer_heap.h"

#include <stdlib.h>

static void place(struct mrpc_timer_heap *heap, struct mrpc_timer *timer, size_t position)
{
    heap->slots[position] = timer;
    timer->position = position;
}

static void sift_up(struct mrpc_timer_heap *heap, struct mrpc_timer *timer, size_t position)
{
    while (position > 1 && heap->slots[position / 2]->at_ms > timer->at_ms) {
        place(heap, heap->slots[position / 2], position);
        position /= 2;
    }
    place(heap, timer, position);
}

static void sift_down(struct mrpc_timer_heap *heap, struct mrpc_timer *timer, size_t position)
{
    for (;;) {
        size_t child = position * 2;
        if (child > heap->count)
            break;
        if (child < heap->count && heap->slots[child + 1]->at_ms < heap->slots[child]->at_ms)
            child++;
        if (heap->slots[child]->at_ms >= timer->at_ms)
            break;
        place(heap, heap->slots[child], position);
        position = child;
    }
    place(heap, timer, position);
}

static void settle(struct mrpc_timer_heap *heap, struct mrpc_timer *timer, size_t position)
{
    if (position > 1 && heap->slots[position / 2]->at_ms > timer->at_ms) {
        sift_up(heap, timer, position);
        return;
    }
    sift_down(heap, timer, position);
}

static int make_room(struct mrpc_timer_heap *heap)
{
    if (heap->count + 2 <= heap->capacity)
        return 0;
    size_t capacity = heap->capacity ? heap->capacity * 2 : 16;
    struct mrpc_timer **slots = realloc(heap->slots, capacity * sizeof(struct mrpc_timer *));
    if (!slots)
        return MRPC_ERR_NOMEM;
    heap->slots = slots;
    heap->capacity = capacity;
    return 0;
}

void mrpc_timer_heap_fini(struct mrpc_timer_heap *heap)
{
    free(heap->slots);
    *heap = (struct mrpc_timer_heap){0};
}

int mrpc_timer_heap_set(struct mrpc_timer_heap *heap, struct mrpc_timer *timer, int64_t at_ms)
{
    if (timer->position) {
        timer->at_ms = at_ms;
        settle(heap, timer, timer->position);
        return 0;
    }
    int error = make_room(heap);
    if (error)
        return error;
    timer->at_ms = at_ms;
    sift_up(heap, timer, ++heap->count);
    return 0;
}

void mrpc_timer_heap_remove(struct mrpc_timer_heap *heap, struct mrpc_timer *timer)
{
    size_t position = timer->position;
    if (!position)
        return;
    timer->position = 0;
    struct mrpc_timer *last = heap->slots[heap->count--];
    if (last != timer)
        settle(heap, last, position);
}

struct mrpc_timer *mrpc_timer_heap_first(const struct mrpc_timer_heap *heap)
{
    return heap->count ? heap->slots[1] : NULL;
}
