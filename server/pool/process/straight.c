/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pool/process/worker.h"

/* The pool's lock, and the way to a worker without a change of threads:
 *
 *   submitting thread ──► worker ──► pool's thread ──► whoever waits
 *
 * It is taken when nobody waits, a worker that may have the task is idle, the task is light enough to be copied by a
 * thread that has other things to do, and the lock is free. In every other case the task goes through the queue; it
 * never waits for the lock, under which the pool's thread may be copying a large result. */

#define STRAIGHT_BYTES_MAX ((size_t)64 << 10)

static void look(struct domain_task *task)
{
    struct process_pool *pool = (struct process_pool *)((char *)task - offsetof(struct process_pool, look));

    pool_enter(pool);
    pool->look_posted = false;
    schedule_run(pool);
    schedule_keep_ticking(pool);
    pool_leave(pool);
}

void pool_look_soon(struct process_pool *pool)
{
    if (pool->look_posted)
        return;
    pool->look.run = look;
    pool->look_posted = domain_loop_post_task(pool->loop, &pool->look) == 0;
}

void pool_enter(struct process_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
}

void pool_leave(struct process_pool *pool)
{
    for (unsigned i = 0; i < pool->options.workers; i++)
        worker_await_room(&pool->workers[i]);
    struct domain_task *task = pool->deliveries;
    pool->deliveries = NULL;
    pool->last_delivery = &pool->deliveries;
    pthread_mutex_unlock(&pool->lock);
    while (task) {
        struct domain_task *next = task->next;
        task->run(task);
        task = next;
    }
}

void pool_deliver(struct process_pool *pool, struct domain_task *task)
{
    task->next = NULL;
    *pool->last_delivery = task;
    pool->last_delivery = &task->next;
}

/* What of @job would be copied into @worker's memory. */
static size_t weight(const struct worker *worker, const struct process_job *job)
{
    bool stays = job->model[0] && worker_has_model(worker, job->model);

    return stays ? job->input_bytes - job->artifact_bytes : job->input_bytes;
}

/* Has something come up that only the pool's thread can do? */
static bool needs_look(const struct process_pool *pool, const struct worker *worker)
{
    return !worker->job || worker->stuck || pool->deliveries || !TAILQ_EMPTY(&pool->queue) ||
           schedule_next_look_ms(worker, domain_loop_now_ms(pool->loop)) < pool->tick_ms;
}

bool straight_give(struct process_pool *pool, struct process_job *job, bool first)
{
    if (!first || pthread_mutex_trylock(&pool->lock) != 0)
        return false;
    struct worker *worker = pool->ending || !TAILQ_EMPTY(&pool->queue) ? NULL : schedule_find_worker(pool, job);
    if (worker && weight(worker, job) > STRAIGHT_BYTES_MAX)
        worker = NULL;
    if (worker) {
        atomic_fetch_sub(&pool->queued, 1);
        worker_assign(worker, job);
        schedule_show(pool);
        if (needs_look(pool, worker))
            pool_look_soon(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return worker != NULL;
}
