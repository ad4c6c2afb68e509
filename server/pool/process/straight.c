/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "pool/process/worker.h"

/* The pool's lock, and the way to a worker without a change of threads:
 *
 *   submitting thread ──► worker ──► pool's thread ──► whoever waits
 *
 * If the lock is free, who submits puts the task into the queue and gives what waits there to idle workers, as far as
 * that is light enough for a thread that has other things to do. On a connection's loop this is done at the end of its
 * wake-up, so that what came together goes in one message. Nobody waits for the lock, under which the pool's thread may
 * be copying a large result: the task goes through the pool's loop then. */

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

static struct process_job *next_of(struct mrpc_deferred **list)
{
    struct process_job *job = (struct process_job *)((char *)*list - offsetof(struct process_job, deferred));

    *list = (*list)->next;
    return job;
}

/* No job overtakes one that is on the way, and a pool that ends has its own way to end them. */
static bool enter_straight(struct process_pool *pool)
{
    if (atomic_load(&pool->on_the_way) || pthread_mutex_trylock(&pool->lock) != 0)
        return false;
    if (!pool->ending)
        return true;
    pthread_mutex_unlock(&pool->lock);
    return false;
}

/* As much as there are idle workers for. What takes long to copy is for the pool's thread. */
static void give_what_waits(struct process_pool *pool)
{
    struct process_job *job;

    while ((job = TAILQ_FIRST(&pool->queue))) {
        struct worker *worker = schedule_find_worker(pool, job);
        if (!worker || schedule_weight(worker, job) > STRAIGHT_BYTES_MAX)
            return;
        schedule_give(worker, job, STRAIGHT_BYTES_MAX);
    }
}

/* Has something come up that only the pool's thread can do? Workers that are busy will wake it themselves. */
static bool needs_look(const struct process_pool *pool)
{
    bool waits = !TAILQ_EMPTY(&pool->queue);
    int64_t now_ms = domain_loop_now_ms(pool->loop), next_ms = waits ? pool->queue_deadline_ms : INT64_MAX;

    if (pool->deliveries)
        return true;
    for (unsigned i = 0; i < pool->options.workers; i++) {
        const struct worker *worker = &pool->workers[i];
        int64_t worker_ms = worker->state == WORKER_BUSY ? schedule_next_look_ms(worker, now_ms) : INT64_MAX;
        if (worker->stuck || (waits && worker->state == WORKER_IDLE))
            return true;
        next_ms = worker_ms < next_ms ? worker_ms : next_ms;
    }
    return next_ms < pool->tick_ms;
}

void straight_give(struct mrpc_deferred *list, void *arg)
{
    struct process_pool *pool = arg;

    if (!enter_straight(pool)) {
        while (list)
            pool_post(pool, next_of(&list));
        return;
    }
    while (list)
        schedule_enqueue(pool, next_of(&list));
    give_what_waits(pool);
    schedule_show(pool);
    if (needs_look(pool))
        pool_look_soon(pool);
    pthread_mutex_unlock(&pool->lock);
}
