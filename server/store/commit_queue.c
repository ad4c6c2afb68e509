/* SPDX-License-Identifier: Apache-2.0 */
#include "store/commit_queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fault/fault.h"

/* A group is bounded so that the first of it does not wait for a sync of hundreds of megabytes. */
enum { GROUP_BATCHES_MAX = 1024, GROUP_BYTES_MAX = 16 * 1024 * 1024, RESERVE_COUNT = 16 };

struct commit_queue {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;     /* the commit thread's */
    pthread_cond_t returned; /* a reserve batch is free again */
    struct store_batch *head;
    struct store_batch **tail;
    size_t limit_bytes;
    struct commit_queue_stats stats;
    bool stopping;
    struct store_batch reserves[RESERVE_COUNT];
    bool reserve_taken[RESERVE_COUNT];
};

/* Holding the lock. */
static struct store_batch *take_reserve(struct commit_queue *queue)
{
    for (;;) {
        for (size_t i = 0; i < RESERVE_COUNT; i++) {
            if (queue->reserve_taken[i])
                continue;
            queue->reserve_taken[i] = true;
            queue->reserves[i] = (struct store_batch){.reserve = true, .broken = MRPC_RESOURCE_EXHAUSTED};
            store_batch_fail(&queue->reserves[i], MRPC_RESOURCE_EXHAUSTED, "no memory for a batch");
            return &queue->reserves[i];
        }
        pthread_cond_wait(&queue->returned, &queue->lock);
    }
}

void commit_queue_push(struct commit_queue *queue, struct store_batch *batch, store_commit_done *done, void *arg)
{
    pthread_mutex_lock(&queue->lock);
    if (!batch)
        batch = take_reserve(queue);
    if (!batch->broken && queue->stats.queued_bytes + store_batch_memory_bytes(batch) > queue->limit_bytes) {
        batch->broken = MRPC_RESOURCE_EXHAUSTED;
        store_batch_fail(batch, MRPC_RESOURCE_EXHAUSTED, "%llu batches wait to be written",
                         (unsigned long long)queue->stats.queued);
        store_batch_fini(batch); /* what waits to be refused holds no memory */
    }
    batch->next = NULL;
    batch->done = done;
    batch->arg = arg;
    batch->trace = trace_leave();
    *queue->tail = batch;
    queue->tail = &batch->next;
    queue->stats.queued++;
    queue->stats.queued_bytes += store_batch_memory_bytes(batch);
    pthread_cond_signal(&queue->wake);
    pthread_mutex_unlock(&queue->lock);
}

/* Holding the lock: cut a group off the head of the queue. */
static size_t take_group(struct commit_queue *queue, struct store_batch **group)
{
    size_t count = 0, bytes = 0;
    while (queue->head && count < GROUP_BATCHES_MAX && (count == 0 || bytes < GROUP_BYTES_MAX)) {
        struct store_batch *batch = queue->head;
        queue->head = batch->next;
        bytes += store_batch_memory_bytes(batch);
        group[count++] = batch;
    }
    if (!queue->head)
        queue->tail = &queue->head;
    queue->stats.queued -= count;
    queue->stats.queued_bytes -= bytes;
    return count;
}

/* For calls that are traced: each batch has come to the store now, and goes back when it is on disk. */
static void tell_taken(struct store_batch *const *group, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (group[i]->trace.call)
            trace_step(&group[i]->trace, "store", SCENE_ICON_DATABASE, "commit");
}

static size_t apply(struct commit_queue *queue, struct store_batch *const *group, size_t count)
{
    struct store_batch *sound[GROUP_BATCHES_MAX];
    size_t sound_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!group[i]->broken)
            sound[sound_count++] = group[i];
    if (sound_count)
        queue->store->ops->commit(queue->store, sound, sound_count);
    size_t committed = 0;
    for (size_t i = 0; i < sound_count; i++)
        committed += sound[i]->result.code == MRPC_OK;
    return committed;
}

static void give_back(struct commit_queue *queue, struct store_batch *batch)
{
    if (!batch->reserve) {
        store_batch_free(batch);
        return;
    }
    pthread_mutex_lock(&queue->lock);
    queue->reserve_taken[batch - queue->reserves] = false;
    pthread_cond_signal(&queue->returned);
    pthread_mutex_unlock(&queue->lock);
}

static void *commit_thread(void *arg)
{
    struct commit_queue *queue = arg;
    struct store_batch *group[GROUP_BATCHES_MAX];
    pthread_mutex_lock(&queue->lock);
    for (;;) {
        while (!queue->head && !queue->stopping)
            pthread_cond_wait(&queue->wake, &queue->lock);
        if (!queue->head)
            break;
        size_t count = take_group(queue, group);
        pthread_mutex_unlock(&queue->lock);
        tell_taken(group, count);
        size_t committed = apply(queue, group, count);
        pthread_mutex_lock(&queue->lock);
        queue->stats.commits += committed;
        queue->stats.groups += committed > 0;
        pthread_mutex_unlock(&queue->lock);
        for (size_t i = 0; i < count; i++) {
            if (!group[i]->result.text)
                group[i]->result.text = "";
            struct trace_place left = group[i]->trace;
            if (left.call)
                trace_enter(left.ring, left.call, "store");
            if (group[i]->done)
                group[i]->done(group[i]->arg, &group[i]->result);
            trace_depart_from(&left);
            give_back(queue, group[i]);
        }
        pthread_mutex_lock(&queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

/* Signals belong to main: a thread of the store must not be the one that takes them. */
static int start_thread(struct commit_queue *queue)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&queue->thread, NULL, commit_thread, queue);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error)
        pthread_setname_np(queue->thread, "store-commit");
    return error;
}

int commit_queue_start(struct store *store, uint32_t limit_bytes, struct commit_queue **out, struct fault *fault)
{
    struct commit_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no memory");
    queue->store = store;
    queue->limit_bytes = limit_bytes ? limit_bytes : UINT32_C(256) * 1024 * 1024;
    queue->tail = &queue->head;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->wake, NULL);
    pthread_cond_init(&queue->returned, NULL);
    if (start_thread(queue)) {
        free(queue);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "store: no thread");
    }
    *out = queue;
    return MRPC_OK;
}

void commit_queue_stop(struct commit_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->stopping = true;
    pthread_cond_signal(&queue->wake);
    pthread_mutex_unlock(&queue->lock);
    pthread_join(queue->thread, NULL);
    pthread_cond_destroy(&queue->returned);
    pthread_cond_destroy(&queue->wake);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

void commit_queue_stats(struct commit_queue *queue, struct commit_queue_stats *out)
{
    pthread_mutex_lock(&queue->lock);
    *out = queue->stats;
    pthread_mutex_unlock(&queue->lock);
}
