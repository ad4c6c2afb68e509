/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_THREAD_POOL_H
#define MLT_THREAD_POOL_H

#include <stdint.h>

#include <mrpc/attributes.h>

#include "events/domain_loop.h"
#include "fault/fault.h"

/* Threads for what waits: files, artifacts, SQL that reads, HTTP sources. Plugins never run here.
 * A task is the caller's memory (embed it), so an accepted one cannot fail for lack of memory. */

struct thread_pool;

struct thread_pool_options {
    const char *name;       /* of the threads, at most 12 characters */
    unsigned threads;       /* 0 means 4 */
    unsigned queue_limit;   /* tasks that wait; 0 means 1024 */
};

int thread_pool_new(const struct thread_pool_options *options, struct thread_pool **out) MRPC_MUST_USE;
int thread_pool_start(struct thread_pool *pool) MRPC_MUST_USE;
/** Refuse new tasks, run those that wait, join. Idempotent; not from a task. */
void thread_pool_stop(struct thread_pool *pool);
void thread_pool_free(struct thread_pool *pool);

struct thread_task {
    void (*work)(struct thread_task *task); /* on a thread of the pool; may block */
    void (*done)(struct thread_task *task); /* then on reply_loop; may free the task. NULL: work() was all, and may
                                               itself free the task */
    struct domain_loop *reply_loop;         /* outlives the task */
    struct domain_task reply;               /* the pool's, like the rest */
    struct thread_task *next;
    int64_t submitted_us;
    struct trace_place trace;
};

/** Queue @task, whose memory stays untouched by the caller until done(). Thread: any. When reply_loop was stopped
 *  meanwhile, done() runs on the pool's thread instead. Errors: RESOURCE_EXHAUSTED with retry_after when the
 *  queue is full, UNAVAILABLE after stop. */
int thread_pool_submit(struct thread_pool *pool, struct thread_task *task, struct fault *fault) MRPC_MUST_USE;

struct thread_pool_stats {
    unsigned threads;
    unsigned busy;
    unsigned queued;
    uint64_t submitted;
    uint64_t refused;
    uint64_t done;
    int64_t longest_wait_us; /* from submit to a thread, since the start */
    int64_t work_us;         /* all together */
};
/** Thread: any. */
void thread_pool_stats(struct thread_pool *pool, struct thread_pool_stats *out);

#endif
