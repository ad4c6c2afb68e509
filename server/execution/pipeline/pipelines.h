/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PIPELINES_H
#define MLT_EXECUTION_PIPELINES_H

#include <stdbool.h>
#include <stddef.h>

#include "execution/api.h"

/* Pipelines: several jobs that depend on each other, submitted together.
 *
 *     accepted: its record is on disk ─► its tasks are submitted one by one, in order ─► jobs wait for jobs
 *     (job/depend.h)
 *
 * A task's job has the request key "pipeline:ID:KEY", so a restart in between submits what is missing and nothing
 * twice. The record does not change until the end or a cancellation; where the tasks stand, their jobs tell. Thread:
 * the execution loop's. */

struct execution;
struct job;
struct event;

struct pipeline_watcher {
    void (*changed)(struct pipeline_watcher *watcher);
    struct pipeline_watcher *next, **link;
};

struct pipeline {
    struct execution *engine;
    char id[24]; /* "p000000000042" */
    uint64_t number;
    struct mrpc_arena *arena;
    API(Pipeline) * message; /* in the arena; its tasks stand as their jobs do */
    size_t *order, submitted; /* positions of tasks as they are submitted, and how many have a job */
    bool submitting;          /* one of them is on its way to the disk */
    bool durable;             /* nobody is shown one that is not */
    bool given_up;            /* a task cannot have a job: the others get none */
    unsigned cancelling;      /* cancellations on their way to the disk */
    bool ending;              /* all is over, and that is on its way to the disk: */
    API(PipelineState) outcome; /* what nobody is told before */
    bool ended;
    int64_t create_ms, end_ms; /* CLOCK_REALTIME; 0: not */
    struct event *timer;       /* another try */
    void (*ready)(void *arg, struct pipeline *pipeline); /* all tasks have jobs, or it cannot be; once */
    void *arg; /* freed by ready, or with a pipeline that never is */
    struct pipeline_watcher *watchers;
};

struct pipelines {
    struct pipeline **items; /* by number, ascending */
    size_t count, room;
    size_t live;
    uint64_t next_number;
};

enum { PIPELINES_LIVE_MAX = 1000, PIPELINES_KEPT_MAX = 10000 };

void pipelines_fini(struct execution *engine);

/** NULL when there is none, or not a durable one. */
struct pipeline *pipelines_find(const struct execution *engine, const char *id);

/** Accept what @spec says. The callback runs exactly once, on the loop, when its tasks have jobs: @fault is why not.
 *  Errors (by the callback): those of pipeline_order() and of SubmitJob, ALREADY_EXISTS, RESOURCE_EXHAUSTED. */
typedef void pipeline_accepted(void *arg, struct pipeline *pipeline, bool already_existed, const struct fault *fault);
void pipelines_submit(struct execution *engine, const API(PipelineSpec) * spec, const char *owner,
                      const char *request_id, pipeline_accepted *accepted, void *arg);
/** The same for a schedule, which need not wait for its tasks: the callback runs when it is on disk. */
void pipelines_submit_scheduled(struct execution *engine, const API(PipelineSpec) * spec, const char *owner,
                                const char *request_id, pipeline_accepted *accepted, void *arg);
/** Would it be accepted of @owner, if there were room? @field names it in errors. */
int pipelines_check(struct execution *engine, const API(PipelineSpec) * spec, const char *owner, const char *field,
                    struct fault *fault) MRPC_MUST_USE;
/** As jobs_sort_maps(), of all tasks. */
void pipelines_sort_maps(API(PipelineSpec) * spec);

/** Cancel it, and when that is on disk stop every job of it; then @done(arg), with what the disk refused it for.
 *  Errors: RESOURCE_EXHAUSTED. */
int pipelines_cancel(struct pipeline *pipeline, const char *reason, void (*done)(void *arg, const struct fault *fault),
                     void *arg, struct fault *fault) MRPC_MUST_USE;

/** A job's state has changed, and that is on disk. Nothing happens when it is not a pipeline's. */
void pipelines_job_moved(struct job *job);
/** Does a pipeline that has not ended still need this job? */
bool pipelines_refer_to(const struct execution *engine, const struct job *job);

/** At the start: out of the store, before the jobs; then once, after all jobs are there. */
int pipelines_restore(struct execution *engine, const API(Pipeline) * message, struct fault *fault) MRPC_MUST_USE;
void pipelines_resume(struct execution *engine);

/** Let go of what ended before @before_ms, or of the oldest beyond PIPELINES_KEPT_MAX; not of the newest, nor of one
 *  whose request_id is honoured still. */
void pipelines_sweep(struct execution *engine, int64_t now_ms, int64_t before_ms);

void pipeline_watch(struct pipeline *pipeline, struct pipeline_watcher *watcher);
void pipeline_unwatch(struct pipeline_watcher *watcher);

#endif
