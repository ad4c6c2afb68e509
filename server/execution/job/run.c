/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/message.h"
#include "execution/job/failure.h"
#include "execution/job/job.h"
#include "execution/run/run.h"
#include "execution/tune/tune.h"

/* One attempt of a job: from the queue through an operation to what the job becomes. */

enum { PROGRESS_EVERY_MS = 100, INLINE_TABLE_BYTES = 1024 * 1024 };

/* ---- While it runs ---- */

static bool room_for_event(const struct job *job)
{
    return job->log->count < EVENT_LOG_EVENTS_MAX - 16; /* changes of state always fit */
}

static void tell_progress(struct job *job, double fraction)
{
    int64_t now_ms = domain_loop_now_ms(job->engine->loop);
    if (fraction > job->progress)
        job->progress = fraction; /* never back within an attempt */
    if (now_ms - job->progress_told_ms < PROGRESS_EVERY_MS || !room_for_event(job))
        return;
    job->progress_told_ms = now_ms;
    API(JobEvent) event;
    API(ProgressReport) report;
    API_INIT(job_event, &event);
    API_INIT(progress_report, &report);
    report.fraction = job->progress;
    report.stage = (char *)job->operation->stage;
    event.event_case = MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_PROGRESS;
    event.progress = &report;
    job_tell_event(job, &event);
    if (job->pipeline)
        execution_touch(job->engine);
}

static void tell_metric(struct job *job, const struct process_event *from)
{
    API(JobEvent) event;
    API(MetricReport) report;
    if (!room_for_event(job))
        return;
    API_INIT(job_event, &event);
    API_INIT(metric_report, &report);
    report.name = (char *)from->name;
    report.value = from->value;
    report.step = from->step;
    event.event_case = MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_METRIC;
    event.metric = &report;
    job_tell_event(job, &event);
}

static void tell_line(struct job *job, const struct process_event *from)
{
    API(JobEvent) event;
    API(LogLine) line;
    size_t bytes = strlen(from->text);
    if (!room_for_event(job) || job->log->line_bytes + bytes > EVENT_LOG_LINES_BYTES_MAX)
        return;
    job->log->line_bytes += bytes;
    API_INIT(job_event, &event);
    API_INIT(log_line, &line);
    line.level = (API(LogLevel))(from->level + 1); /* the ABI counts from 0, the API from 1 */
    line.text = (char *)from->text;
    event.event_case = MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_LOG;
    event.log = &line;
    job_tell_event(job, &event);
}

static void on_event(struct operation *operation, const struct process_event *event)
{
    struct job *job = operation->arg;
    if (job->operation != operation)
        return;
    job->stage = operation->stage;
    if (event->kind == PROCESS_EVENT_PROGRESS)
        tell_progress(job, operation_progress(operation, event->progress));
    else if (event->kind == PROCESS_EVENT_METRIC)
        tell_metric(job, event);
    else if (event->kind == PROCESS_EVENT_LOG)
        tell_line(job, event);
}

/* ---- How it ended ---- */

static API(Artifact) *
    artifact_message(struct operation *operation, struct job *job, const char *name, uint32_t version)
{
    struct mrpc_arena *arena = operation->arena;
    API(Artifact) *message = operation->artifact.header; /* the container is written: the header is free to grow */
    API(Lineage) *lineage = API_NEW(arena, Lineage, lineage);
    if (!lineage)
        return NULL;
    lineage->job = lineage->run = job->id;
    lineage->dataset = operation->source.reference;
    lineage->dataset_sha256 = operation->source.sha256;
    message->lineage = lineage;
    message->sha256 = operation->artifact.sha256;
    message->name = (char *)name;
    message->version = version;
    message->size_bytes = operation->artifact.size;
    message->create_time = api_timestamp(arena, api_now_ms());
    message->owner = job->owner;
    message->n_test_metrics = operation->result->n_test_metrics;
    message->test_metrics = operation->result->test_metrics;
    return message;
}

static int register_artifact(struct job *job, struct operation *operation, struct fault *fault)
{
    struct record_index *index = &job->engine->artifacts;
    const char *name = *operation->train->artifact_name ? operation->train->artifact_name : operation->model->id;
    uint32_t version = record_index_next_version(index, name);
    API(Artifact) *message = artifact_message(operation, job, name, version);
    struct api_bytes bytes;
    const struct caller owner = {.owner = job->owner};
    if (!message)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (record_index_check_owner(index, name, &owner, "artifact_name", fault))
        return fault->code;
    int code = api_encode(API_INFO(artifact), message, &bytes, fault);
    if (code)
        return code;
    struct record *record =
        record_new(name, version, operation->artifact.sha256, operation->artifact.size, job->owner, bytes);
    if (!record || record_index_add(index, record)) {
        record_free(record);
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    snprintf(record->job, sizeof record->job, "%s", job->id);
    job->produced = record;
    return 0;
}

static int keep_result(struct job *job, struct operation *operation, struct fault *fault)
{
    int code = 0;
    if (operation->train)
        code = register_artifact(job, operation, fault);
    else if (operation->output && !operation->judge && !operation->deposit)
        code = dataset_table_write(operation->output, INLINE_TABLE_BYTES, operation->arena, &operation->result->table,
                                   fault);
    if (!code)
        code = api_encode(API_INFO(job_result), operation->result, &job->result, fault);
    return code || !(operation->train || operation->judge) ? code : run_make(job, operation, &job->run, fault);
}

/* Its job did not succeed after all: what it made must not come to the disk with that. */
static void drop_produced(struct job *job)
{
    if (!job->produced)
        return;
    record_index_remove(&job->engine->artifacts, job->produced);
    record_free(job->produced);
    job->produced = NULL;
}

static void keep_timings(struct job *job, struct operation *operation)
{
    struct fault fault = FAULT_INIT;
    free(job->timings.data);
    job->timings = (struct api_bytes){NULL, 0};
    if (api_encode(API_INFO(job_timings), operation->timings, &job->timings, &fault))
        log_error(job->engine->log, "execution", "job %s: %s", job->id, fault.text);
}

static void requeue(struct job *job)
{
    job_move(job, JOB_QUEUED, "", NULL, NULL);
    job_enqueue(job);
    jobs_dispatch(job->engine);
}

static void retry(struct job *job, const struct operation *operation)
{
    char reason[500];
    snprintf(reason, sizeof reason, "attempt %u failed: %s", job->attempt, operation->fault.text);
    job_move(job, JOB_RETRY_WAIT, reason, NULL, NULL);
    job_set_timer(job, failure_pause_ms(job, operation), requeue);
}

static void end(struct job *job, enum job_state state, const char *reason)
{
    job->end_ms = api_now_ms();
    job_is_over(job);
    if (state == JOB_SUCCEEDED)
        job->progress = 1;
    job->stage = "";
    job_move(job, state, reason, NULL, NULL);
}

static void fail(struct job *job, const struct operation *operation)
{
    if (failure_keep(job, operation))
        log_error(job->engine->log, "execution", "job %s: its failure cannot be kept", job->id);
}

static void conclude(struct job *job, struct operation *operation)
{
    if (job->state == JOB_CANCELLING)
        return end(job, JOB_CANCELLED, "");
    if (!operation->fault.code && keep_result(job, operation, &operation->fault) == 0)
        return end(job, JOB_SUCCEEDED, "");
    drop_produced(job);
    if (operation->fault.code == MRPC_DEADLINE_EXCEEDED) {
        fail(job, operation);
        return end(job, JOB_TIMED_OUT, operation->fault.text);
    }
    if (failure_is_worth_another(job, operation))
        return retry(job, operation);
    fail(job, operation);
    end(job, JOB_FAILED, operation->fault.text);
}

/* The fence: only the operation that the job holds may end it. While the server stops nothing is concluded: the job
 * stays RUNNING in the store, and recovery decides. */
static void on_done(struct operation *operation)
{
    struct job *job = operation->arg;
    struct execution *engine = job->engine;
    if (job->operation == operation) {
        job->operation = NULL;
        engine->jobs.running--;
        job_queue_done(&engine->jobs.queue, &job->entry);
        if (!engine->stopping) {
            keep_timings(job, operation);
            conclude(job, operation);
        }
    }
    operation_free(operation);
    if (!engine->stopping)
        jobs_dispatch(engine);
}

/* ---- The beginning ---- */

static int bind(struct job *job, struct operation *operation, struct fault *fault)
{
    API(JobSpec) * spec;
    int code = api_decode(API_INFO(job_spec), job->spec.data, job->spec.size, operation->arena, &spec, fault);
    return code ? code : job_bind(operation, spec, "spec", fault);
}

static void begin(struct job *job, struct operation *operation)
{
    switch (job->kind) {
    case MLTRAINER__EXECUTION__V1__JOB_KIND__JOB_KIND_TRAIN:
        return operation_train(operation);
    case MLTRAINER__EXECUTION__V1__JOB_KIND__JOB_KIND_EVALUATE:
        return operation_evaluate(operation);
    case MLTRAINER__EXECUTION__V1__JOB_KIND__JOB_KIND_PREDICT:
        return operation_predict(operation);
    case MLTRAINER__EXECUTION__V1__JOB_KIND__JOB_KIND_FETCH:
        return operation_fetch(operation);
    case MLTRAINER__EXECUTION__V1__JOB_KIND__JOB_KIND_TUNE:
        return operation_tune(operation);
    default:
        return operation_compute(operation);
    }
}

static int64_t monotonic_deadline(const struct job *job)
{
    if (!job->deadline_ms)
        return 0;
    int64_t left_ms = job->deadline_ms - api_now_ms();
    return domain_loop_now_ms(job->engine->loop) + (left_ms > 1 ? left_ms : 1);
}

void job_start(struct job *job)
{
    struct operation *operation = operation_new(job->engine);
    if (!operation) {
        job->engine->jobs.running--;
        job_queue_done(&job->engine->jobs.queue, &job->entry);
        return job_set_timer(job, 1000, job_enqueue);
    }
    job->attempt++;
    job->progress = 0;
    if (!job->start_ms)
        job->start_ms = api_now_ms();
    job->operation = operation;
    job_move(job, JOB_RUNNING, "", NULL, NULL);
    operation->arg = job;
    operation->job = job;
    operation->on_event = on_event;
    operation->on_done = on_done;
    operation->deadline_ms = monotonic_deadline(job);
    operation->isolation = job->owner;
    struct fault fault = FAULT_INIT;
    if (bind(job, operation, &fault))
        return operation_end(operation, &fault);
    begin(job, operation);
}
