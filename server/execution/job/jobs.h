/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_JOBS_H
#define MLT_EXECUTION_JOBS_H

#include "execution/api.h"
#include "execution/job/event_log.h"
#include "execution/job/queue.h"
#include "execution/job/state.h"

/* Jobs: accepted, queued, run, ended, each exactly once. Everything here belongs to the execution loop.
 *
 * A change of a job is made in memory at once, written to the store with the event that tells of it in one batch, and
 * shown to clients when that batch is on disk. Only the newest attempt can end a job: an operation that comes back and
 * is not the one that the job holds is dropped. */

struct execution;
struct operation;
struct event;
struct record;
struct job_dependency;

struct job {
    struct job_queue_entry entry; /* first: the queue gives it back */
    struct execution *engine;
    uint64_t number;
    char id[24]; /* "j000000000042": order of ids is order of creation */
    enum job_state state;
    enum job_state told_state; /* the last that is on disk, and of which the bus has heard */
    API(JobKind) kind;
    int32_t priority;
    uint32_t attempt, max_attempts;
    int64_t backoff_ms;
    bool interrupt_on_restart;
    char *owner;
    char *request_id;
    bool keyed; /* request_id is honoured */
    bool webhook;      /* its specification names one */
    bool webhook_owed; /* somebody is still to be told of its end */
    char *schedule; /* that submitted it, or NULL */
    int64_t due_ms; /* when that was due */
    char *pipeline, *pipeline_key; /* that it belongs to, and its task there; or NULL */
    struct api_bytes spec;                            /* JobSpec, its maps ordered by key */
    struct api_bytes result, failure, timings;        /* once there are */
    int64_t create_ms, start_ms, end_ms, deadline_ms; /* CLOCK_REALTIME; 0: not */
    double progress;
    int64_t progress_told_ms;
    const char *stage;
    struct event_log *log;
    uint64_t sequence;           /* of its newest event */
    struct operation *operation; /* of the present attempt */
    struct event *timer;         /* deadline while it waits, or end of a retry pause */
    void (*on_timer)(struct job *job);
    struct record *produced; /* artifact that its end brings, not durable yet; the index owns it */
    struct api_bytes run;    /* the record that its end brings, until it is durable */
    struct job_dependency *dependencies; /* while it waits: for whom */
    size_t dependency_count, unmet;      /* unmet: of them, those that have not succeeded */
    struct job_dependency *waiters;      /* who waits for this one */
    char skip_reason[64];                /* one of them has not succeeded */
    bool accepted; /* its submission is on disk: callers, pipelines and other jobs know it */
    struct submission *submissions; /* who is told whether it is, until then */
    bool unsaved;                   /* the last commit failed; another try is due */
    unsigned saving;                /* batches on their way to the disk */
};

struct jobs {
    struct job **items; /* by number, ascending */
    size_t count, room;
    struct job_queue queue;
    void *requests; /* tsearch tree of jobs by owner and request_id */
    size_t live;    /* not ended */
    size_t running; /* attempts under way */
    size_t saving;  /* batches on their way to the disk */
    size_t running_limit;
    uint64_t next_number;
    struct event *retry_unsaved;
};

enum { JOBS_REQUEST_KEPT_MS = 24 * 3600 * 1000 };

void jobs_init(struct execution *engine, size_t running_limit);
void jobs_fini(struct execution *engine);

/** Its request_id is free for another job from now on. */
void jobs_forget_request(struct job *job);
/** The job that callers know by this id; NULL when there is none, or when its submission is not on disk yet, so that it
 *  may still come to nothing. */
struct job *jobs_find(struct execution *engine, const char *id);

/** What a submission is answered with, when it is durable (or has failed): @code 0 or fault's. */
typedef void jobs_submitted(void *arg, struct job *job, bool already_existed, const struct fault *fault);

/** What submits a job in somebody's stead: a schedule, or a pipeline. NULL: not that one. */
struct job_origin {
    const char *schedule;
    int64_t due_ms;
    const char *pipeline, *pipeline_key;
};

/** Is there room for @count more of @owner? Errors: RESOURCE_EXHAUSTED with retry_after, UNAVAILABLE while the server
 *  stops. */
int jobs_check_room(struct execution *engine, const char *owner, size_t count, struct fault *fault) MRPC_MUST_USE;
/** It counts from now on as one that has not ended, for all and for its owner; and no longer. */
void job_goes_live(struct job *job);
void job_is_over(struct job *job);

/** Of a job or a pipeline; NULL: none. Errors: INVALID_ARGUMENT naming @field. */
int jobs_check_timeout(const Google__Protobuf__Duration *timeout, const char *field, struct fault *fault) MRPC_MUST_USE;
/** Would it be accepted of @owner? @field names the specification in errors, which are those of depend_check(),
 *  job_bind() and jobs_check_names(). */
int jobs_check(struct execution *engine, const API(JobSpec) * spec, const char *owner, const char *field,
               struct fault *fault) MRPC_MUST_USE;
/** The same, but for names and what it depends on: of a pipeline's task those are keys still. */
int jobs_check_work(struct execution *engine, const API(JobSpec) * spec, const char *field,
                    struct fault *fault) MRPC_MUST_USE;
/** Does what it will make have a name that is @owner's, or nobody's? Jobs have no rights but their owner's. Errors:
 *  PERMISSION_DENIED. */
int jobs_check_names(struct execution *engine, const API(JobSpec) * spec, const char *owner, const char *field,
                     struct fault *fault) MRPC_MUST_USE;
/** Maps come in any order, and some languages shuffle them: sorted, equal requests are equal bytes. */
void jobs_sort_maps(API(JobSpec) * spec);

/** Accept a job; @origin is NULL when a caller submits it. The callback runs exactly once, on the loop, perhaps before
 * this returns. Errors (by the callback): those of job_bind(), ALREADY_EXISTS, RESOURCE_EXHAUSTED with retry_after when
 * the queue is full, those of the store.
 */
void jobs_submit(struct execution *engine, API(JobSpec) * spec, const char *owner, const char *request_id,
                 const struct job_origin *origin, jobs_submitted *submitted, void *arg);
/** Run @durable(arg, job) on the loop once everything told of the job so far is on disk, perhaps before this returns.
 *  Errors: -1 when out of memory. */
int jobs_when_durable(struct job *job, void (*durable)(void *arg, struct job *job), void *arg) MRPC_MUST_USE;
/** Stop it. Nothing happens when it has ended. */
void jobs_cancel(struct job *job, const char *reason);
/** Start what can be started. */
void jobs_dispatch(struct execution *engine);

/** Take in a job read from the store, before the loop runs; jobs_resume() then goes on with all of them. Errors:
 *  DATA_LOSS, RESOURCE_EXHAUSTED. */
int jobs_restore(struct execution *engine, const API(Job) * message, struct fault *fault) MRPC_MUST_USE;
void jobs_resume(struct execution *engine);

/** The job as others may see it, as a message of @arena: ended once its end is on disk, with the events that are there.
 *  Errors: RESOURCE_EXHAUSTED, DATA_LOSS. */
int job_message(const struct job *job, struct mrpc_arena *arena, API(Job) * *out, struct fault *fault) MRPC_MUST_USE;
/** Its state in that message. */
enum job_state job_shown_state(const struct job *job);
/** Leave out what belongs to GetJob: table, folds and trials of the result. */
void job_message_lighten(API(Job) * message);

#endif
