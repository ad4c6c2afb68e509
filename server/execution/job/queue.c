/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/job/queue.h"

#include <stdlib.h>
#include <string.h>

/* One identity. It is there while it has jobs that wait or are under way. */
struct job_share {
    struct job_share *next, **link;
    struct job_queue_entry **heap; /* [1 … count] */
    size_t count, room;
    size_t running;
    char owner[];
};

void job_queue_init(struct job_queue *queue)
{
    *queue = (struct job_queue){.shares = NULL};
}

static void share_free(struct job_share *share)
{
    *share->link = share->next;
    if (share->next)
        share->next->link = share->link;
    free(share->heap);
    free(share);
}

void job_queue_fini(struct job_queue *queue)
{
    while (queue->shares)
        share_free(queue->shares);
}

static struct job_share *share_of(struct job_queue *queue, const char *owner)
{
    for (struct job_share *share = queue->shares; share; share = share->next)
        if (strcmp(share->owner, owner) == 0)
            return share;
    struct job_share *share = calloc(1, sizeof *share + strlen(owner) + 1);
    if (!share)
        return NULL;
    strcpy(share->owner, owner);
    share->next = queue->shares;
    share->link = &queue->shares;
    if (share->next)
        share->next->link = &share->next;
    queue->shares = share;
    return share;
}

static void forget_if_idle(struct job_share *share)
{
    if (!share->count && !share->running)
        share_free(share);
}

/* ---- The heap ---- */

static bool before(const struct job_queue_entry *a, const struct job_queue_entry *b)
{
    return a->claim_ms != b->claim_ms ? a->claim_ms < b->claim_ms : a->arrival < b->arrival;
}

static void place(struct job_share *share, struct job_queue_entry *entry, size_t at)
{
    share->heap[at] = entry;
    entry->place = at;
}

static void sift_up(struct job_share *share, struct job_queue_entry *entry, size_t at)
{
    for (; at > 1 && before(entry, share->heap[at / 2]); at /= 2)
        place(share, share->heap[at / 2], at);
    place(share, entry, at);
}

static void sift_down(struct job_share *share, struct job_queue_entry *entry, size_t at)
{
    for (size_t child; (child = at * 2) <= share->count; at = child) {
        if (child < share->count && before(share->heap[child + 1], share->heap[child]))
            child++;
        if (!before(share->heap[child], entry))
            break;
        place(share, share->heap[child], at);
    }
    place(share, entry, at);
}

static int make_room(struct job_share *share)
{
    if (share->count + 1 < share->room)
        return 0;
    size_t room = share->room ? share->room * 2 : 16;
    struct job_queue_entry **heap = realloc(share->heap, room * sizeof *heap);
    if (!heap)
        return -1;
    share->heap = heap;
    share->room = room;
    return 0;
}

static void take_out(struct job_share *share, struct job_queue_entry *entry)
{
    size_t at = entry->place;
    struct job_queue_entry *last = share->heap[share->count--];
    entry->place = 0;
    if (last == entry)
        return;
    if (at > 1 && before(last, share->heap[at / 2]))
        sift_up(share, last, at);
    else
        sift_down(share, last, at);
}

/* ---- In and out ---- */

int job_queue_push(struct job_queue *queue, struct job_queue_entry *entry, const char *owner, int32_t priority,
                   int64_t now_ms)
{
    struct job_share *share = share_of(queue, owner);
    if (!share)
        return -1;
    if (make_room(share)) {
        forget_if_idle(share);
        return -1;
    }
    entry->share = share;
    entry->claim_ms = now_ms - (int64_t)priority * JOB_QUEUE_AGING_MS;
    entry->arrival = queue->arrivals++;
    sift_up(share, entry, ++share->count);
    queue->count++;
    return 0;
}

void job_queue_remove(struct job_queue *queue, struct job_queue_entry *entry)
{
    struct job_share *share = entry->share;
    if (!entry->place)
        return;
    take_out(share, entry);
    queue->count--;
    entry->share = NULL;
    forget_if_idle(share);
}

static bool goes_first(const struct job_share *a, const struct job_share *b)
{
    return a->running != b->running ? a->running < b->running : before(a->heap[1], b->heap[1]);
}

struct job_queue_entry *job_queue_pop(struct job_queue *queue)
{
    struct job_share *next = NULL;
    for (struct job_share *share = queue->shares; share; share = share->next)
        if (share->count && (!next || goes_first(share, next)))
            next = share;
    if (!next)
        return NULL;
    struct job_queue_entry *entry = next->heap[1];
    take_out(next, entry);
    queue->count--;
    next->running++;
    return entry;
}

void job_queue_done(struct job_queue *queue, struct job_queue_entry *entry)
{
    struct job_share *share = entry->share;
    if (!share || entry->place)
        return;
    entry->share = NULL;
    share->running--;
    forget_if_idle(share);
}
