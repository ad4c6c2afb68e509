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

/* The inside of a process pool. All of it belongs to the pool's own thread, save what says otherwise. */

struct event;
struct log;
struct process_job;
struct worker;

TAILQ_HEAD(job_queue, process_job);

enum { TOGETHER_MAX = 64 }; /* jobs that a worker gets at once */

struct process_pool {
    struct process_pool_options options; /* with defaults filled in; texts owned */
    struct domain_loop *loop;
    struct event *tick;
    struct event *soon; /* schedule_soon() */
    struct scene_notifier *occupancy; /* who is busy has changed */
    struct worker *workers; /* options.workers of them */
    struct job_queue queue;
    int64_t queue_deadline_ms; /* no job in the queue has an earlier deadline */
    bool started;
    bool ending;            /* stop() has arrived on the pool's thread */
    sem_t all_gone;         /* posted once when ending and no worker is left */

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
/** Tell the bus that a worker has come or gone. */
void pool_tell(struct process_pool *pool, enum process_pool_change change, int pid);

#define POOL_STAT(pool, member, change)                                                                                \
    do {                                                                                                               \
        pthread_mutex_lock(&(pool)->stats_lock);                                                                       \
        (pool)->stats.member += (change);                                                                              \
        pthread_mutex_unlock(&(pool)->stats_lock);                                                                     \
    } while (0)

#endif
