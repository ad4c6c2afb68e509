/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "log/log.h"
#include "pool/process/worker.h"

/* Who runs what, and when patience ends. */

#define PROGRESS_MS 50
#define BACKOFF_FIRST_MS 20
#define BACKOFF_MOST_MS 5000
#define NEVER INT64_MAX
#define TOGETHER_BYTES_MAX (1u << 20)

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool is_usable(const struct worker *worker)
{
    return worker->state == WORKER_IDLE && worker->doom == WORKER_LIVES && worker->kill_ms == 0;
}

/* An idle worker that ran for the same caller, best one that has the job's model; else a fresh one. */
struct worker *schedule_find_worker(struct process_pool *pool, const struct process_job *job)
{
    struct worker *fresh = NULL, *known = NULL;

    for (unsigned i = 0; i < pool->options.workers; i++) {
        struct worker *worker = &pool->workers[i];
        if (!is_usable(worker))
            continue;
        if (worker->tasks_run == 0)
            fresh = worker;
        else if (strcmp(worker->isolation, job->isolation) != 0)
            continue;
        else if (!job->model[0] || worker_has_model(worker, job->model))
            return worker;
        else
            known = worker;
    }
    return known ? known : fresh;
}

static unsigned count_usable(const struct process_pool *pool)
{
    unsigned usable = 0;

    for (unsigned i = 0; i < pool->options.workers; i++)
        usable += is_usable(&pool->workers[i]);
    return usable;
}

/* No idle worker may serve the first in the queue: have one replaced. */
static void make_room(struct process_pool *pool)
{
    for (unsigned i = 0; i < pool->options.workers; i++)
        if (pool->workers[i].state == WORKER_STARTING ||
            (pool->workers[i].state == WORKER_EMPTY && pool->workers[i].young_deaths == 0))
            return; /* a fresh one is on its way */
    for (unsigned i = 0; i < pool->options.workers; i++)
        if (is_usable(&pool->workers[i])) {
            worker_kill(&pool->workers[i], WORKER_RECYCLED, "the next task is for somebody else");
            return;
        }
}

static void leave_queue(struct process_pool *pool, struct process_job *job)
{
    TAILQ_REMOVE(&pool->queue, job, entry);
    atomic_fetch_sub(&pool->queued, 1);
}

size_t schedule_weight(const struct worker *worker, const struct process_job *job)
{
    bool stays = job->model[0] && worker_has_model(worker, job->model);

    return stays ? job->input_bytes - job->artifact_bytes : job->input_bytes;
}

static bool may_follow(const struct process_job *first, const struct process_job *job)
{
    return job && job->brief && !job->alone && strcmp(job->isolation, first->isolation) == 0;
}

/* Behind @job go the brief ones that wait next in the queue, the other idle workers' share excepted. */
static void gather(struct worker *worker, struct process_job *job, size_t bytes_max)
{
    struct process_pool *pool = worker->pool;
    unsigned share = (atomic_load(&pool->queued) + 1) / (count_usable(pool) ? count_usable(pool) : 1);
    size_t bytes = schedule_weight(worker, job);
    struct process_job *next;

    if (!may_follow(job, job) || bytes > bytes_max)
        return;
    for (unsigned i = 1; i < TOGETHER_MAX && i < share && may_follow(job, next = TAILQ_FIRST(&pool->queue)); i++) {
        if ((bytes += schedule_weight(worker, next)) > bytes_max)
            return;
        leave_queue(pool, next);
        TAILQ_INSERT_TAIL(&worker->behind, next, entry);
    }
}

void schedule_give(struct worker *worker, struct process_job *job, size_t bytes_max)
{
    leave_queue(worker->pool, job);
    gather(worker, job, bytes_max);
    worker_assign(worker, job);
}

void schedule_enqueue(struct process_pool *pool, struct process_job *job)
{
    TAILQ_INSERT_TAIL(&pool->queue, job, entry);
    if (job->deadline_ms && job->deadline_ms < pool->queue_deadline_ms)
        pool->queue_deadline_ms = job->deadline_ms;
}

/* A job that waits again, before all others. */
static void wait_again(struct process_pool *pool, struct process_job *job)
{
    job->worker = NULL;
    job->alone = true;
    atomic_fetch_add(&pool->queued, 1);
    TAILQ_INSERT_HEAD(&pool->queue, job, entry);
    if (job->deadline_ms && job->deadline_ms < pool->queue_deadline_ms)
        pool->queue_deadline_ms = job->deadline_ms;
}

void schedule_again(struct worker *worker, struct process_job *first)
{
    struct process_job *job;

    while ((job = TAILQ_LAST(&worker->behind, job_queue))) {
        TAILQ_REMOVE(&worker->behind, job, entry);
        if (job->settled)
            job_unref(job);
        else
            wait_again(worker->pool, job);
    }
    if (first)
        wait_again(worker->pool, first);
}

static void dispatch(struct process_pool *pool)
{
    struct process_job *job;

    while ((job = TAILQ_FIRST(&pool->queue))) {
        struct worker *worker = schedule_find_worker(pool, job);
        if (!worker) {
            make_room(pool);
            return;
        }
        schedule_give(worker, job, TOGETHER_BYTES_MAX);
    }
}

static void end_queued(struct process_pool *pool, struct process_job *job, enum job_ending reason)
{
    leave_queue(pool, job);
    job->ending = reason;
    job->result.queued_us = job_now_us() - job->submitted_us;
    (void)verdict_of_ending(job);
    job_settle(job);
}

/* The worker will come to it, and for nothing. */
static void end_behind(struct process_job *job, enum job_ending reason)
{
    job->ending = reason;
    job->settled = true;
    job->result.queued_us = job_now_us() - job->submitted_us;
    (void)verdict_of_ending(job);
    atomic_fetch_add(&job->references, 1);
    job_settle(job);
}

void schedule_end_job(struct process_job *job, int reason)
{
    struct process_pool *pool = job->pool;
    struct worker *worker = job->worker;

    if (!worker) {
        end_queued(pool, job, (enum job_ending)reason);
        return;
    }
    if (job->ending != JOB_RUNS)
        return;
    if (worker->job != job) {
        end_behind(job, (enum job_ending)reason);
        return;
    }
    int64_t now_ms = domain_loop_now_ms(pool->loop);
    job->ending = (enum job_ending)reason;
    atomic_store(&worker->control->cancelled_task, job->ticket);
    worker->terminate_ms = now_ms + pool->options.cancel_grace_ms;
    worker->kill_ms = worker->terminate_ms + pool->options.kill_grace_ms;
}

/* Tell how far the plugin is, if it got further. The word in shared memory is a hint that anybody may have written. */
static void look_at_progress(struct worker *worker, int64_t now_ms)
{
    struct process_job *job = worker->job;

    if (now_ms - worker->progress_ms < PROGRESS_MS)
        return;
    worker->progress_ms = now_ms;
    if (atomic_load_explicit(&worker->control->progress_task, memory_order_relaxed) != job->ticket)
        return;
    double progress = (double)atomic_load_explicit(&worker->control->progress, memory_order_relaxed) /
                      WORKER_PROGRESS_WHOLE;
    if (progress <= job->progress_told || progress > 1)
        return;
    job->progress_told = progress;
    job_tell(job, &(struct process_event){.kind = PROCESS_EVENT_PROGRESS, .progress = progress});
}

static void look_at_heart(struct worker *worker, int64_t now_ms)
{
    uint64_t heartbeat = atomic_load_explicit(&worker->control->heartbeat, memory_order_relaxed);

    if (heartbeat != worker->heartbeat) {
        worker->heartbeat = heartbeat;
        worker->heartbeat_ms = now_ms;
    }
    if (now_ms - worker->heartbeat_ms >= worker->pool->options.heartbeat_timeout_ms)
        worker_kill(worker, WORKER_STOOD_STILL, "its heartbeat stopped");
}

static void look_at_patience(struct worker *worker, int64_t now_ms)
{
    struct process_job *job;

    if (worker->job && worker->job->deadline_ms && worker->job->deadline_ms <= now_ms)
        schedule_end_job(worker->job, JOB_TIMED_OUT);
    TAILQ_FOREACH(job, &worker->behind, entry)
        if (job->deadline_ms && job->deadline_ms <= now_ms)
            schedule_end_job(job, JOB_TIMED_OUT);
    if (worker->terminate_ms && worker->terminate_ms <= now_ms) {
        worker->terminate_ms = 0;
        worker_signal(worker, SIGTERM);
    }
    if (worker->kill_ms && worker->kill_ms <= now_ms)
        worker_kill(worker, WORKER_OBEYS_JOB, "it did not end when told to");
}

static void look_at(struct worker *worker, int64_t now_ms)
{
    if (worker->state == WORKER_EMPTY || worker->doom != WORKER_LIVES)
        return;
    if (worker->state == WORKER_STARTING && now_ms - worker->spawned_ms >= worker->pool->options.start_timeout_ms)
        worker_kill(worker, WORKER_NEVER_STARTED, "it did not start in time");
    if (worker->state == WORKER_BUSY) {
        look_at_progress(worker, now_ms);
        look_at_heart(worker, now_ms);
    }
    look_at_patience(worker, now_ms);
}

static int64_t backoff_ms(unsigned deaths)
{
    int64_t pause_ms = BACKOFF_FIRST_MS << (deaths > 8 ? 8 : deaths - 1);

    return sooner(pause_ms, BACKOFF_MOST_MS);
}

void schedule_worker_gone(struct worker *worker, bool died_young)
{
    struct process_pool *pool = worker->pool;

    worker->young_deaths = died_young ? worker->young_deaths + 1 : 0;
    worker->respawn_ms = died_young ? domain_loop_now_ms(pool->loop) + backoff_ms(worker->young_deaths) : 0;
    schedule_run(pool);
}

static void fill_place(struct worker *worker, int64_t now_ms)
{
    if (worker->state != WORKER_EMPTY || worker->respawn_ms > now_ms || worker_spawn(worker) == 0)
        return;
    worker->young_deaths++;
    worker->respawn_ms = now_ms + backoff_ms(worker->young_deaths);
    log_warn(worker->pool->options.log, "pool", "worker cannot be started error=\"%s\" again_in_ms=%lld",
             strerror(errno), (long long)(worker->respawn_ms - now_ms));
}

static void expire_queue(struct process_pool *pool, int64_t now_ms)
{
    struct process_job *job = TAILQ_FIRST(&pool->queue);
    int64_t next_ms = NEVER;

    if (now_ms < pool->queue_deadline_ms)
        return;
    while (job) {
        struct process_job *next = TAILQ_NEXT(job, entry);
        if (job->deadline_ms && job->deadline_ms <= now_ms)
            end_queued(pool, job, JOB_TIMED_OUT);
        else if (job->deadline_ms)
            next_ms = sooner(next_ms, job->deadline_ms);
        job = next;
    }
    pool->queue_deadline_ms = next_ms;
}

int64_t schedule_next_look_ms(const struct worker *worker, int64_t now_ms)
{
    int64_t next_ms = NEVER;

    if (worker->state == WORKER_EMPTY)
        return worker->pool->ending ? NEVER : worker->respawn_ms;
    if (worker->doom != WORKER_LIVES)
        return NEVER; /* its pidfd will tell */
    if (worker->state == WORKER_STARTING)
        next_ms = worker->spawned_ms + worker->pool->options.start_timeout_ms;
    if (worker->state == WORKER_BUSY)
        next_ms = now_ms + PROGRESS_MS;
    if (worker->job && worker->job->deadline_ms && worker->job->ending == JOB_RUNS)
        next_ms = sooner(next_ms, worker->job->deadline_ms);
    if (worker->terminate_ms)
        next_ms = sooner(next_ms, worker->terminate_ms);
    return worker->kill_ms ? sooner(next_ms, worker->kill_ms) : next_ms;
}

/* A tick that comes too early only looks, so it is never put off: tasks that come and go leave it alone. */
static void tick_at(struct process_pool *pool, int64_t next_ms, int64_t now_ms)
{
    if (next_ms >= pool->tick_ms)
        return;
    pool->tick_ms = next_ms;
    int64_t wait_ms = next_ms > now_ms ? next_ms - now_ms : 1;
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    event_add(pool->tick, &wait);
}

void schedule_keep_ticking(struct process_pool *pool)
{
    int64_t now_ms = domain_loop_now_ms(pool->loop);

    tick_at(pool, now_ms + PROGRESS_MS, now_ms);
}

static void set_clock(struct process_pool *pool, int64_t now_ms)
{
    int64_t next_ms = pool->queue_deadline_ms;

    for (unsigned i = 0; i < pool->options.workers; i++)
        next_ms = sooner(next_ms, schedule_next_look_ms(&pool->workers[i], now_ms));
    tick_at(pool, next_ms, now_ms);
}

static unsigned count(const struct process_pool *pool, enum worker_state state)
{
    unsigned found = 0;

    for (unsigned i = 0; i < pool->options.workers; i++)
        found += pool->workers[i].state == state;
    return found;
}

static void end_everything(struct process_pool *pool)
{
    struct process_job *job;

    while ((job = TAILQ_FIRST(&pool->queue)))
        end_queued(pool, job, JOB_POOL_STOPS);
    for (unsigned i = 0; i < pool->options.workers; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->job && worker->job->ending == JOB_RUNS)
            worker->job->ending = JOB_POOL_STOPS;
        TAILQ_FOREACH(job, &worker->behind, entry)
            if (job->ending == JOB_RUNS)
                end_behind(job, JOB_POOL_STOPS);
        worker_kill(worker, WORKER_RECYCLED, "the pool stops");
    }
    if (count(pool, WORKER_EMPTY) == pool->options.workers)
        sem_post(&pool->all_gone);
}

void schedule_show(struct process_pool *pool)
{
    static const enum process_worker_state shown[] = {
        [WORKER_EMPTY] = PROCESS_WORKER_ABSENT,
        [WORKER_STARTING] = PROCESS_WORKER_STARTING,
        [WORKER_IDLE] = PROCESS_WORKER_IDLE,
        [WORKER_BUSY] = PROCESS_WORKER_BUSY,
    };
    pthread_mutex_lock(&pool->stats_lock);
    pool->stats.idle = count(pool, WORKER_IDLE);
    pool->stats.busy = count(pool, WORKER_BUSY);
    bool changed = false;
    for (unsigned i = 0; i < pool->options.workers; i++) {
        const struct worker *worker = &pool->workers[i];
        struct process_worker now = {shown[worker->state], worker->state == WORKER_EMPTY ? 0 : worker->pid};
        changed |= now.state != pool->shown[i].state || now.pid != pool->shown[i].pid;
        pool->shown[i] = now;
    }
    pthread_mutex_unlock(&pool->stats_lock);
    if (changed)
        scene_notifier_touch(pool->occupancy);
}

void schedule_run(struct process_pool *pool)
{
    int64_t now_ms = domain_loop_now_ms(pool->loop);

    if (pool->ending) {
        event_del(pool->tick);
        end_everything(pool);
        return;
    }
    for (unsigned i = 0; i < pool->options.workers; i++) {
        look_at(&pool->workers[i], now_ms);
        fill_place(&pool->workers[i], now_ms);
    }
    expire_queue(pool, now_ms);
    dispatch(pool);
    set_clock(pool, now_ms);
    schedule_show(pool);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct process_pool *pool = arg;

    pool_enter(pool);
    pool->tick_ms = NEVER;
    schedule_run(pool);
    pool_leave(pool);
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
    pool_enter(arg);
    schedule_run(arg);
    pool_leave(arg);
}

void schedule_soon(struct process_pool *pool)
{
    event_active(pool->soon, EV_TIMEOUT, 0);
}

int pool_events_new(struct process_pool *pool)
{
    pool->tick = event_new(domain_loop_base(pool->loop), -1, 0, on_tick, pool);
    pool->soon = event_new(domain_loop_base(pool->loop), -1, 0, on_soon, pool);
    return pool->tick && pool->soon ? 0 : -1;
}
