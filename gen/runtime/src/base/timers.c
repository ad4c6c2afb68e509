/* SPDX-License-Identifier: Apache-2.0 */

#include "base/timers.h"

#include <stdlib.h>

#include <mrpc/error.h>

static void put(struct mrpc_timers *timers, size_t place, struct mrpc_timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void sift_up(struct mrpc_timers *timers, size_t place, struct mrpc_timer *timer)
{
    while (place > 1 && timers->heap[place / 2]->at_ms > timer->at_ms) {
        put(timers, place, timers->heap[place / 2]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void sift_down(struct mrpc_timers *timers, size_t place, struct mrpc_timer *timer)
{
    for (;;) {
        size_t child = place * 2;
        if (child > timers->count)
            break;
        if (child < timers->count && timers->heap[child + 1]->at_ms < timers->heap[child]->at_ms)
            child++;
        if (timers->heap[child]->at_ms >= timer->at_ms)
            break;
        put(timers, place, timers->heap[child]);
        place = child;
    }
    put(timers, place, timer);
}

static void settle(struct mrpc_timers *timers, size_t place, struct mrpc_timer *timer)
{
    if (place > 1 && timers->heap[place / 2]->at_ms > timer->at_ms)
        sift_up(timers, place, timer);
    else
        sift_down(timers, place, timer);
}

static int grow(struct mrpc_timers *timers)
{
    if (timers->count + 1 < timers->capacity)
        return 0;
    size_t capacity = timers->capacity == 0 ? 8 : timers->capacity * 2;
    struct mrpc_timer **heap = realloc(timers->heap, capacity * sizeof(*heap));
    if (heap == NULL)
        return MRPC_ERR_NOMEM;
    timers->heap = heap;
    timers->capacity = capacity;
    return 0;
}

void mrpc_timers_fini(struct mrpc_timers *timers)
{
    free(timers->heap);
    *timers = (struct mrpc_timers){0};
}

int mrpc_timers_set(struct mrpc_timers *timers, struct mrpc_timer *timer, int64_t at_ms)
{
    if (timer->place != 0) {
        timer->at_ms = at_ms;
        settle(timers, timer->place, timer);
        return 0;
    }
    int error = grow(timers);
    if (error != 0)
        return error;
    timer->at_ms = at_ms;
    sift_up(timers, ++timers->count, timer);
    return 0;
}

void mrpc_timers_clear(struct mrpc_timers *timers, struct mrpc_timer *timer)
{
    size_t place = timer->place;
    if (place == 0)
        return;
    timer->place = 0;
    struct mrpc_timer *last = timers->heap[timers->count--];
    if (last != timer)
        settle(timers, place, last);
}

int64_t mrpc_timers_next_ms(const struct mrpc_timers *timers)
{
    return timers->count > 0 ? timers->heap[1]->at_ms : INT64_MAX;
}

void mrpc_timers_run(struct mrpc_timers *timers, int64_t now_ms)
{
    while (timers->count > 0 && timers->heap[1]->at_ms <= now_ms) {
        struct mrpc_timer *due = timers->heap[1];
        mrpc_timers_clear(timers, due);
        due->fire(due);
    }
}
