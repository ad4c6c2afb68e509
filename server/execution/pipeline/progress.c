/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "execution/pipeline/pipeline.h"

/* How a pipeline goes on: its record, where its tasks stand, the next one that is submitted, the end. */

enum { AGAIN_S = 1 };

/* ---- The disk ---- */

struct saving {
    struct domain_task task;
    struct pipeline *pipeline;
    void (*done)(void *arg, const struct fault *fault);
    void *arg;
    struct fault fault;
};

static void again(evutil_socket_t fd, short what, void *arg)
{
    pipeline_drive(arg);
}

static void try_later(struct pipeline *pipeline)
{
    static const struct timeval soon = {.tv_sec = AGAIN_S};
    if (!pipeline->timer)
        pipeline->timer = evtimer_new(domain_loop_base(pipeline->engine->loop), again, pipeline);
    if (pipeline->timer)
        evtimer_add(pipeline->timer, &soon);
}

static void saved(struct domain_task *task)
{
    struct saving *saving = (struct saving *)task;
    if (saving->fault.code)
        log_error(saving->pipeline->engine->log, "execution", "pipeline %s cannot be saved now: %s",
                  saving->pipeline->id, saving->fault.text);
    saving->done(saving->arg, &saving->fault);
    free(saving);
}

/* On the store's thread. After the loop has stopped nobody waits any more. */
static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct saving *saving = arg;
    if (result->code)
        fault_set(&saving->fault, MRPC_UNAVAILABLE, "the store refused: %s", result->text ? result->text : "");
    if (domain_loop_post_task(saving->pipeline->engine->loop, &saving->task))
        free(saving);
}

int pipeline_save(struct pipeline *pipeline, void (*done)(void *arg, const struct fault *fault), void *arg,
                struct fault *fault)
{
    char key[64];
    struct api_bytes bytes;
    struct saving *saving = calloc(1, sizeof *saving);
    if (!saving || api_encode(API_INFO(pipeline), pipeline->message, &bytes, fault)) {
        free(saving);
        return fault->code ? fault->code : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    *saving = (struct saving){.task.run = saved, .pipeline = pipeline, .done = done, .arg = arg};
    struct store_batch *batch = store_batch_new();
    snprintf(key, sizeof key, "execution/pipeline/%s", pipeline->id);
    store_batch_put(batch, store_text(key), (struct store_slice){bytes.data, bytes.size}, STORE_EXPECT_ANY);
    free(bytes.data);
    store_commit(pipeline->engine->store, batch, on_commit, saving);
    return 0;
}

/* ---- Where it stands ---- */

static bool is_final(API(JobState) state)
{
    return job_state_is_final((enum job_state)state);
}

/* There are tasks without a job, and they are to get one. */
static bool has_more(const struct pipeline *pipeline)
{
    const API(Pipeline) *message = pipeline->message;
    return pipeline->submitted < message->n_tasks && message->state == PIPELINE_STATE(RUNNING) && !pipeline->given_up;
}

/* All that has a job has ended, and what has none will get none. */
static bool is_over(const struct pipeline *pipeline)
{
    const API(Pipeline) *message = pipeline->message;
    if (pipeline->submitting || pipeline->cancelling || has_more(pipeline))
        return false;
    for (size_t i = 0; i < message->n_tasks; i++)
        if (*message->tasks[i]->job && !is_final(message->tasks[i]->state))
            return false;
    return true;
}

/* What has no job will have none. */
static void name_rest(API(Pipeline) * message, enum job_state state)
{
    for (size_t i = 0; i < message->n_tasks; i++)
        if (!*message->tasks[i]->job)
            message->tasks[i]->state = (API(JobState))state;
}

static API(PipelineState) outcome(const API(Pipeline) * message)
{
    if (message->state != PIPELINE_STATE(RUNNING))
        return message->state;
    for (size_t i = 0; i < message->n_tasks; i++)
        if ((enum job_state)message->tasks[i]->state != JOB_SUCCEEDED)
            return PIPELINE_STATE(FAILED);
    return PIPELINE_STATE(SUCCEEDED);
}

static void end_saved(void *arg, const struct fault *fault)
{
    struct pipeline *pipeline = arg;
    pipeline->ending = false;
    if (fault->code)
        return try_later(pipeline);
    pipeline->ended = true;
    name_rest(pipeline->message, JOB_SKIPPED);
    pipeline->message->state = pipeline->outcome;
    pipeline->message->end_time = api_timestamp(pipeline->arena, pipeline->end_ms);
    pipeline->engine->pipelines.live--;
    execution_touch(pipeline->engine);
    schedules_pipeline_ended(pipeline);
    pipeline_tell(pipeline);
}

/* Saved as ended, shown as it was until that is on disk: what somebody was told once, a restart does not take back. */
static void end(struct pipeline *pipeline)
{
    API(Pipeline) *message = pipeline->message;
    const API(Pipeline) before = *message;
    struct fault fault = FAULT_INIT;
    name_rest(message, JOB_SKIPPED);
    pipeline->outcome = message->state = outcome(message);
    pipeline->end_ms = api_now_ms();
    message->end_time = api_timestamp(pipeline->arena, pipeline->end_ms);
    pipeline->ending = true;
    int code = pipeline_save(pipeline, end_saved, pipeline, &fault);
    message->state = before.state;
    message->end_time = before.end_time;
    name_rest(message, JOB_WAITING);
    if (!code)
        return;
    log_error(pipeline->engine->log, "execution", "pipeline %s: its end cannot be saved: %s", pipeline->id, fault.text);
    pipeline->ending = false;
    try_later(pipeline);
}

static void look(struct pipeline *pipeline)
{
    pipeline_tell(pipeline);
    if (!pipeline->ended && !pipeline->ending && is_over(pipeline))
        end(pipeline);
}

/* As it stands on disk: an end of the pipeline must not get there without those of its jobs. */
void pipeline_take_job(struct pipeline *pipeline, const struct job *job)
{
    size_t at = pipeline_position(pipeline->message->spec, job->pipeline_key);
    if (at == pipeline->message->n_tasks)
        return;
    API(PipelineTaskStatus) *status = pipeline->message->tasks[at];
    if (!*status->job)
        status->job = mrpc_arena_strdup(pipeline->arena, job->id);
    if (!status->job)
        status->job = "";
    status->state = (API(JobState))job->told_state;
}

void pipelines_job_moved(struct job *job)
{
    struct pipeline *pipeline = pipelines_find_any(job->engine, job->pipeline);
    if (!pipeline || pipeline->ended)
        return;
    pipeline_take_job(pipeline, job);
    look(pipeline);
}

bool pipelines_refer_to(const struct execution *engine, const struct job *job)
{
    const struct pipeline *pipeline = job->pipeline ? pipelines_find_any(engine, job->pipeline) : NULL;
    return pipeline && !pipeline->ended;
}

/* ---- Submitting its tasks ---- */

static void call_ready(struct pipeline *pipeline)
{
    void (*ready)(void *, struct pipeline *) = pipeline->ready;
    pipeline->ready = NULL;
    if (ready)
        ready(pipeline->arg, pipeline);
}

void pipeline_cancel_jobs(struct pipeline *pipeline, const char *reason)
{
    for (size_t i = 0; i < pipeline->message->n_tasks; i++) {
        struct job *job = jobs_find(pipeline->engine, pipeline->message->tasks[i]->job);
        if (job)
            jobs_cancel(job, reason);
    }
}

/* It was possible when the pipeline was accepted and is not any more: a dataset has gone, say. With its end on disk it
 * has FAILED; a restart before that tries again. */
static void give_up(struct pipeline *pipeline, const struct fault *fault)
{
    log_warn(pipeline->engine->log, "execution", "pipeline %s: task %s: %s", pipeline->id,
             pipeline->message->spec->tasks[pipeline->order[pipeline->submitted]]->key, fault->text);
    pipeline->given_up = true;
    pipeline_cancel_jobs(pipeline, "another task of its pipeline cannot be submitted");
    call_ready(pipeline);
    look(pipeline);
}

static void task_submitted(void *arg, struct job *job, bool existed, const struct fault *fault)
{
    struct pipeline *pipeline = arg;
    pipeline->submitting = false;
    if (fault->code == MRPC_RESOURCE_EXHAUSTED || fault->code == MRPC_UNAVAILABLE)
        return try_later(pipeline);
    if (fault->code)
        return give_up(pipeline, fault);
    pipeline_take_job(pipeline, job);
    pipeline->submitted++;
    if (pipeline->message->state != PIPELINE_STATE(RUNNING))
        jobs_cancel(job, "its pipeline was cancelled");
    pipeline_drive(pipeline);
}

static void submit_next(struct pipeline *pipeline)
{
    const API(Pipeline) *message = pipeline->message;
    size_t at = pipeline->order[pipeline->submitted];
    const char *task = message->spec->tasks[at]->key;
    char request_id[200];
    struct mrpc_arena *arena = mrpc_arena_new(PIPELINE_ARENA_BYTES);
    API(JobSpec) *spec = arena ? pipeline_task_job(message->spec, message->tasks, at, arena) : NULL;
    if (!spec) {
        mrpc_arena_free(arena);
        return try_later(pipeline);
    }
    if (message->spec->timeout && !spec->timeout)
        spec->timeout = message->spec->timeout;
    snprintf(request_id, sizeof request_id, "pipeline:%s:%s", pipeline->id, task);
    pipeline->submitting = true;
    jobs_submit(pipeline->engine, spec, message->owner, request_id,
                &(struct job_origin){.pipeline = pipeline->id, .pipeline_key = task}, task_submitted, pipeline);
    mrpc_arena_free(arena);
}

/* One at a time, for a job must be on disk before another can name it. */
void pipeline_drive(struct pipeline *pipeline)
{
    if (pipeline->ended || pipeline->submitting || pipeline->cancelling)
        return;
    if (has_more(pipeline))
        return submit_next(pipeline);
    call_ready(pipeline);
    look(pipeline);
}

/* ---- Cancelling ---- */

struct cancellation {
    struct pipeline *pipeline;
    char *reason;
    void (*done)(void *arg, const struct fault *fault);
    void *arg;
};

static void cancellation_free(struct cancellation *cancellation)
{
    free(cancellation->reason);
    free(cancellation);
}

static void cancellation_saved(void *arg, const struct fault *fault)
{
    struct cancellation *cancellation = arg;
    struct pipeline *pipeline = cancellation->pipeline;
    pipeline->cancelling--;
    if (!fault->code) {
        pipeline->message->state = PIPELINE_STATE(CANCELLED);
        pipeline_cancel_jobs(pipeline, cancellation->reason);
    }
    cancellation->done(cancellation->arg, fault);
    cancellation_free(cancellation);
    pipeline_drive(pipeline);
}

static int save_cancelled(struct cancellation *cancellation, struct fault *fault)
{
    API(Pipeline) *message = cancellation->pipeline->message;
    API(PipelineState) before = message->state;
    message->state = PIPELINE_STATE(CANCELLED);
    int code = pipeline_save(cancellation->pipeline, cancellation_saved, cancellation, fault);
    message->state = before;
    return code;
}

/* First on disk, then done: a pipeline that was seen cancelled stays so, and when the disk refuses it goes on. */
int pipelines_cancel(struct pipeline *pipeline, const char *reason, void (*done)(void *arg, const struct fault *fault),
                     void *arg, struct fault *fault)
{
    if (pipeline->ended || pipeline->ending || pipeline->message->state != PIPELINE_STATE(RUNNING)) {
        struct fault none = FAULT_INIT;
        done(arg, &none);
        return 0;
    }
    struct cancellation *cancellation = calloc(1, sizeof *cancellation);
    char *copy = strdup(reason);
    if (!cancellation || !copy) {
        free(cancellation);
        free(copy);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    *cancellation = (struct cancellation){pipeline, copy, done, arg};
    int code = save_cancelled(cancellation, fault);
    if (code)
        cancellation_free(cancellation);
    else
        pipeline->cancelling++;
    return code;
}
