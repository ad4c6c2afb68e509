/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "execution/job/queue.h"

void job_queue_init(struct job_queue *queue)
{
    *queue = (struct job_queue){.heap = NULL};
}

void job_queue_fini(struct job_queue *queue)
{
    free(queue->heap);
    queue->heap = NULL;
}

static bool before(const struct job_queue_entry *a, const struct job_queue_entry *b)
{
    return a->claim_ms != b->claim_ms ? a->claim_ms < b->claim_ms : a->arrival < b->arrival;
}

static void place(struct job_queue *queue, struct job_queue_entry *entry, size_t at)
{
    queue->heap[at] = entry;
    entry->place = at;
}

static void sift_up(struct job_queue *queue, struct job_queue_entry *entry, size_t at)
{
    for (; at > 1 && before(entry, queue->heap[at / 2]); at /= 2)
        place(queue, queue->heap[at / 2], at);
    place(queue, entry, at);
}

static void sift_down(struct job_queue *queue, struct job_queue_entry *entry, size_t at)
{
    for (size_t child; (child = at * 2) <= queue->count; at = child) {
        if (child < queue->count && before(queue->heap[child + 1], queue->heap[child]))
            child++;
        if (!before(queue->heap[child], entry))
            break;
        place(queue, queue->heap[child], at);
    }
    place(queue, entry, at);
}

int job_queue_push(struct job_queue *queue, struct job_queue_entry *entry, int32_t priority, int64_t now_ms)
{
    if (queue->count + 1 >= queue->room) {
        size_t room = queue->room ? queue->room * 2 : 64;
        struct job_queue_entry **heap = realloc(queue->heap, room * sizeof *heap);
        if (!heap)
            return -1;
        queue->heap = heap;
        queue->room = room;
    }
    entry->claim_ms = now_ms - (int64_t)priority * JOB_QUEUE_AGING_MS;
    entry->arrival = queue->arrivals++;
    sift_up(queue, entry, ++queue->count);
    return 0;
}

void job_queue_remove(struct job_queue *queue, struct job_queue_entry *entry)
{
    size_t at = entry->place;
    if (!at)
        return;
    entry->place = 0;
    struct job_queue_entry *last = queue->heap[queue->count--];
    if (last == entry)
        return;
    if (at > 1 && before(last, queue->heap[at / 2]))
        sift_up(queue, last, at);
    else
        sift_down(queue, last, at);
}

struct job_queue_entry *job_queue_pop(struct job_queue *queue)
{
    struct job_queue_entry *first = queue->count ? queue->heap[1] : NULL;
    if (first)
        job_queue_remove(queue, first);
    return first;
}
