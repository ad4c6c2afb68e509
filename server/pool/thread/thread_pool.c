/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/thread/thread_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <mrpc/error.h>

#define THREADS_DEFAULT 4
#define QUEUE_LIMIT_DEFAULT 1024
#define RETRY_AFTER_MS 100

struct thread_pool {
    char name[16];
    unsigned queue_limit;
    unsigned started;
    pthread_t *threads;

    pthread_mutex_t lock; /* guards what follows; no task runs under it */
    pthread_cond_t filled;
    struct thread_task *first;
    struct thread_task **last;
    bool stopping;
    struct thread_pool_stats stats;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int thread_pool_new(const struct thread_pool_options *options, struct thread_pool **out)
{
    struct thread_pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return MRPC_ERR_NOMEM;
    pool->stats.threads = options->threads ? options->threads : THREADS_DEFAULT;
    pool->queue_limit = options->queue_limit ? options->queue_limit : QUEUE_LIMIT_DEFAULT;
    pool->threads = calloc(pool->stats.threads, sizeof(*pool->threads));
    if (!pool->threads) {
        free(pool);
        return MRPC_ERR_NOMEM;
    }
    snprintf(pool->name, sizeof(pool->name), "%.12s", options->name);
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->filled, NULL);
    *out = pool;
    return 0;
}

/* The next task; NULL once the pool stops and nothing waits. */
static struct thread_task *take(struct thread_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (!pool->first && !pool->stopping)
        pthread_cond_wait(&pool->filled, &pool->lock);
    struct thread_task *task = pool->first;
    if (task) {
        int64_t waited_us = now_us() - task->submitted_us;
        pool->first = task->next;
        if (!pool->first)
            pool->last = &pool->first;
        pool->stats.queued--;
        pool->stats.busy++;
        if (waited_us > pool->stats.longest_wait_us)
            pool->stats.longest_wait_us = waited_us;
    }
    pthread_mutex_unlock(&pool->lock);
    return task;
}

static void reply(struct domain_task *task)
{
    struct thread_task *done = (struct thread_task *)((char *)task - offsetof(struct thread_task, reply));
    done->done(done);
}

static void run(struct thread_pool *pool, struct thread_task *task)
{
    /* work() may free the task when nothing comes after it */
    bool replies = task->done != NULL;
    int64_t began_us = now_us();
    struct trace_place left = task->trace;

    trace_arrive(&left, "threads", SCENE_ICON_WORKER, "work");
    task->work(task);
    pthread_mutex_lock(&pool->lock);
    pool->stats.work_us += now_us() - began_us;
    pool->stats.busy--;
    pool->stats.done++;
    pthread_mutex_unlock(&pool->lock);
    if (replies) {
        task->reply.run = reply;
        if (domain_loop_post_task(task->reply_loop, &task->reply) != 0)
            task->done(task);
    }
    trace_depart_from(&left);
}

static void *run_thread(void *arg)
{
    struct thread_pool *pool = arg;
    struct thread_task *task;
    sigset_t all;

    sigfillset(&all); /* signals belong to the main thread */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_setname_np(pthread_self(), pool->name);
    while ((task = take(pool)))
        run(pool, task);
    return NULL;
}

int thread_pool_start(struct thread_pool *pool)
{
    for (; pool->started < pool->stats.threads; pool->started++)
        if (pthread_create(&pool->threads[pool->started], NULL, run_thread, pool) != 0) {
            thread_pool_stop(pool);
            return MRPC_ERR_SYSTEM;
        }
    return 0;
}

void thread_pool_stop(struct thread_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
    for (; pool->started > 0; pool->started--)
        pthread_join(pool->threads[pool->started - 1], NULL);
}

void thread_pool_free(struct thread_pool *pool)
{
    if (!pool)
        return;
    thread_pool_stop(pool);
    pthread_cond_destroy(&pool->filled);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

int thread_pool_submit(struct thread_pool *pool, struct thread_task *task, struct fault *fault)
{
    pthread_mutex_lock(&pool->lock);
    bool stopping = pool->stopping;
    bool full = pool->stats.queued >= pool->queue_limit;
    if (!stopping && full)
        pool->stats.refused++;
    if (!stopping && !full) {
        task->next = NULL;
        task->submitted_us = now_us();
        task->trace = trace_leave();
        *pool->last = task;
        pool->last = &task->next;
        pool->stats.queued++;
        pool->stats.submitted++;
        pthread_cond_signal(&pool->filled);
    }
    pthread_mutex_unlock(&pool->lock);
    if (stopping)
        return fault_set(fault, MRPC_UNAVAILABLE, "the thread pool has stopped");
    if (full)
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, RETRY_AFTER_MS, "%u tasks already wait for a thread",
                           pool->queue_limit);
    return 0;
}

void thread_pool_stats(struct thread_pool *pool, struct thread_pool_stats *out)
{
    pthread_mutex_lock(&pool->lock);
    *out = pool->stats;
    pthread_mutex_unlock(&pool->lock);
}
