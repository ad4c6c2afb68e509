/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_POOL_STATE_H
#define MLT_POOL_STATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "events/scene_changed.h"
#include "pool/process/process_pool.h"

/* The inside of a process pool. All of it, jobs with a worker included, is guarded by the pool's lock, save what says
 * otherwise. Starting, hearing, judging and ending workers, and all that touches the loop's events, is for the pool's
 * own thread; who submits a task may give it to an idle worker itself (straight.c), if the lock is free. Callbacks that
 * are for the pool's thread wait in `deliveries` until it has let go of the lock. */

struct event;
struct log;
struct mrpc_deferred;
struct process_job;
struct worker;

TAILQ_HEAD(job_queue, process_job);

enum { TOGETHER_MAX = 64 };  /* jobs that a worker gets at once */
enum { BRIEF_FOR_ONE = 100 }; /* brief jobs that wear a worker as much as another does */

struct process_pool {
    struct process_pool_options options; /* with defaults filled in; texts owned */
    struct domain_loop *loop;
    pthread_mutex_t lock;
    struct domain_task *deliveries, **last_delivery; /* callbacks that the pool's thread owes, in their order */
    struct domain_task look;  /* pool_look_soon() */
    bool look_posted;
    struct event *tick;
    int64_t tick_ms;          /* when the tick is due; INT64_MAX: it is not set */
    struct event *soon; /* schedule_soon() */
    struct scene_notifier *occupancy; /* who is busy has changed */
    struct worker *workers; /* options.workers of them */
    struct job_queue queue;
    int64_t queue_deadline_ms; /* no job in the queue has an earlier deadline */
    bool started;
    bool ending;            /* stop() has arrived on the pool's thread */
    sem_t all_gone;         /* posted once when ending and no worker is left */

    pthread_mutex_t spare_lock; /* guards what is kept of jobs for the next ones: job.c */
    struct job_queue spare;
    unsigned spare_count;

    atomic_uint on_the_way; /* accepted, posted to the pool's thread, not there yet */
    _Atomic uint64_t last_ticket;
    atomic_uint queued;     /* accepted, not with a worker */
    atomic_bool stopping;

    pthread_mutex_t stats_lock; /* guards what follows, for readers elsewhere */
    struct process_pool_stats stats;
    struct process_worker *shown; /* options.workers of them */
};

/** Give waiting jobs to workers, start missing workers, and set the clock for what is due next. */
void schedule_run(struct process_pool *pool);
/** The same, once all that is on the loop now has been done: what arrives together is given away together. */
void schedule_soon(struct process_pool *pool);
/** Begin to end @job, which a worker has: ask, then SIGTERM, then SIGKILL. The first reason stays. */
void schedule_end_job(struct process_job *job, int reason);
/** A worker's process is gone, with the job in @first, which is its own affair: what was behind it waits again. */
void schedule_again(struct worker *worker, struct process_job *first);
/** A worker's process is gone, its job settled: plan the next. */
void schedule_worker_gone(struct worker *worker, bool died_young);

int pool_events_new(struct process_pool *pool);
/** When something is due with @worker, at the latest; INT64_MAX: nothing is. */
int64_t schedule_next_look_ms(const struct worker *worker, int64_t now_ms);
/** Tasks that are given straight may be over before anybody looks: have a tick for the next ones. */
void schedule_keep_ticking(struct process_pool *pool);
/** What readers on other threads see: who is busy. */
void schedule_show(struct process_pool *pool);

/** Take the lock, and let go of it and make the callbacks that have come up. Thread: the pool's. */
void pool_enter(struct process_pool *pool);
void pool_leave(struct process_pool *pool);
/** @task is a callback for the pool's thread. With the lock; on another thread pool_look_soon() follows. */
void pool_deliver(struct process_pool *pool, struct domain_task *task);
/** Have the pool's thread look at everything. Thread: any, with the lock. */
void pool_look_soon(struct process_pool *pool);

/** Accepted jobs, in their order, into the queue, and what waits there to idle workers that may have it, here and now;
 *  or to the pool's thread, if somebody else has the lock or others are on their way. @list: of process_job.deferred;
 *  @arg: the pool. Thread: any, without the lock. */
void straight_give(struct mrpc_deferred *list, void *arg);
/** Give @job, which waits in the queue, to @worker, and the brief ones that wait next with it, unless that copies more
 *  than @bytes_max. */
void schedule_give(struct worker *worker, struct process_job *job, size_t bytes_max);
/** The way through the pool's loop. Thread: any, without the lock. */
void pool_post(struct process_pool *pool, struct process_job *job);
/** What of @job would be copied into @worker's memory. */
size_t schedule_weight(const struct worker *worker, const struct process_job *job);
/** Into the queue, as the last. */
void schedule_enqueue(struct process_pool *pool, struct process_job *job);
/** An idle worker for @job, or NULL. With the lock. */
struct worker *schedule_find_worker(struct process_pool *pool, const struct process_job *job);
/** Tell the bus that a worker has come or gone. */
void pool_tell(struct process_pool *pool, enum process_pool_change change, int pid);

#define POOL_STAT(pool, member, change)                                                                                \
    do {                                                                                                               \
        pthread_mutex_lock(&(pool)->stats_lock);                                                                       \
        (pool)->stats.member += (change);                                                                              \
        pthread_mutex_unlock(&(pool)->stats_lock);                                                                     \
    } while (0)

#endif
