/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_POOL_JOB_H
#define MLT_POOL_JOB_H

#include <stdatomic.h>
#include <sys/queue.h>

#include <mrpc/server.h>

#include <worker.mrpc.h>

#include "pool/process/pool_state.h"

/** Why a job is being ended before its plugin is done. */
enum job_ending {
    JOB_RUNS = 0,
    JOB_CANCELLED,
    JOB_TIMED_OUT,
    JOB_POOL_STOPS,
};

/** An accepted task. Made on the caller's thread, then the pool's alone; the result is handed to reply_loop and freed
 *  there. References: the pool's, until the job is settled, and one for each event under way. */
struct process_job {
    struct domain_task transfer; /* to the pool with the submission, to reply_loop with the result */
    struct mrpc_deferred deferred; /* on the connection's loop that submitted it, until its wake-up ends */
    TAILQ_ENTRY(process_job) entry; /* in the pool's queue, or behind the job that its worker runs */
    struct worker *worker;          /* that has it; NULL: it waits */
    struct process_pool *pool;
    atomic_uint references;
    atomic_uint events_under_way;

    uint64_t ticket;
    struct mrpc_arena *arena; /* the message, the frame, what the result points to */
    Mltrainer__Worker__Task *message; /* the task in full */
    Mltrainer__Worker__Task *sent;    /* as it goes to the worker */
    const struct ArrowSchema *schema; /* the caller's */
    const struct ArrowArray *array;
    const void *artifact;
    size_t artifact_bytes;
    char isolation[PROCESS_ISOLATION_BYTES];
    char model[65];          /* "": it does not stay in the worker */
    bool brief, fleeting;
    size_t input_bytes;      /* of table and artifact, about */
    bool alone;              /* it was with others in a worker that was lost */
    bool settled;            /* ended while it was behind another: what the worker says of it means nothing */
    bool puts_model;         /* on the worker's shelf */
    int64_t deadline_ms;
    struct domain_loop *reply_loop;
    void (*on_event)(void *arg, uint64_t ticket, const struct process_event *event);
    void (*on_done)(void *arg, uint64_t ticket, struct process_result *result);
    void *arg;

    enum job_ending ending;
    int64_t submitted_us;
    int64_t started_us;
    struct trace_place trace;
    double progress_told;
    struct process_result result;
    size_t metric_capacity;
    struct process_metric *metrics;
};

/** Copy @task, or what of a fleeting one is not borrowed. Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
int job_new(struct process_pool *pool, const struct process_task *task, struct process_job **out,
            struct fault *fault) MRPC_MUST_USE;
void job_unref(struct process_job *job);
/** The pool goes: so does what is kept for further jobs. */
void job_free_spares(struct process_pool *pool);

/** Send an event to the caller; dropped when too many are under way. Texts are copied. */
void job_tell(struct process_job *job, const struct process_event *event);
/** Keep a final metric. Errors: -1 when there are too many or no memory. */
int job_keep_metric(struct process_job *job, const char *name, double value);

/** The job is over: tell job->result, whose fault says how, and drop the pool's reference. */
void job_settle(struct process_job *job);

/** The pool has stopped before @job came to it: UNAVAILABLE, on the calling thread if the job names no loop. */
void job_refuse(struct process_job *job);

int64_t job_now_us(void);

#endif
