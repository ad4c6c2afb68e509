/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "execution/job/depend.h"
#include "execution/job/job.h"
#include "execution/pipeline/pipelines.h"
#include "execution/run/run.h"

/* Saving: a job's record and its events in the store. Keys: execution/job/ID and execution/event/ID/SEQUENCE. */

enum { ARENA_BYTES = 64 * 1024 * 1024 };

struct job *execution_job_new(struct execution *engine, uint64_t number)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->engine = engine;
    job->number = number;
    job->stage = "";
    snprintf(job->id, sizeof job->id, "j%012llu", (unsigned long long)number);
    job->log = event_log_new();
    if (job->log)
        return job;
    free(job);
    return NULL;
}

void execution_job_free(struct job *job)
{
    if (!job)
        return;
    job_clear_timer(job);
    depend_drop(job);
    event_log_unref(job->log);
    free(job->owner);
    free(job->request_id);
    free(job->schedule);
    free(job->pipeline);
    free(job->pipeline_key);
    free(job->spec.data);
    free(job->result.data);
    free(job->failure.data);
    free(job->timings.data);
    free(job->run.data);
    free(job);
}

static int decode_part(const struct mrpc_message_info *info, const struct api_bytes *part, struct mrpc_arena *arena,
                       void *out, struct fault *fault)
{
    return part->data ? api_decode(info, part->data, part->size, arena, out, fault) : 0;
}

/* All that is known of it, which may be more than is on disk. */
static int whole_message(const struct job *job, struct mrpc_arena *arena, API(Job) * *out, struct fault *fault)
{
    API(Job) *message = API_NEW(arena, Job, job);
    if (!message)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = decode_part(API_INFO(job_spec), &job->spec, arena, &message->spec, fault);
    if (!code)
        code = decode_part(API_INFO(job_result), &job->result, arena, &message->result, fault);
    if (!code)
        code = decode_part(API_INFO(job_failure), &job->failure, arena, &message->failure, fault);
    if (!code)
        code = decode_part(API_INFO(job_timings), &job->timings, arena, &message->timings, fault);
    if (code)
        return code;
    message->id = mrpc_arena_strdup(arena, job->id);
    message->state = (API(JobState))job->state;
    message->owner = mrpc_arena_strdup(arena, job->owner);
    message->request_id = mrpc_arena_strdup(arena, job->request_id);
    message->attempt = job->attempt;
    message->progress = job->progress;
    message->stage = (char *)job->stage;
    message->create_time = api_timestamp(arena, job->create_ms);
    message->start_time = job->start_ms ? api_timestamp(arena, job->start_ms) : NULL;
    message->end_time = job->end_ms ? api_timestamp(arena, job->end_ms) : NULL;
    message->deadline = job->deadline_ms ? api_timestamp(arena, job->deadline_ms) : NULL;
    message->last_sequence = job->sequence;
    if (job->pipeline) {
        message->pipeline = mrpc_arena_strdup(arena, job->pipeline);
        message->pipeline_key = mrpc_arena_strdup(arena, job->pipeline_key);
    }
    if (job->schedule) {
        message->schedule = mrpc_arena_strdup(arena, job->schedule);
        message->due_time = api_timestamp(arena, job->due_ms);
    }
    *out = message;
    bool whole = message->id && message->owner && message->request_id && message->schedule && message->pipeline &&
                 message->pipeline_key;
    return whole ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* Until its end is on disk it has not ended: a crash would have it run again. */
enum job_state job_shown_state(const struct job *job)
{
    return job_state_is_final(job->state) ? job->told_state : job->state;
}

int job_message(const struct job *job, struct mrpc_arena *arena, API(Job) * *out, struct fault *fault)
{
    bool dropped = job->log->complete && !job->log->count;
    if (whole_message(job, arena, out, fault))
        return fault->code;
    API(Job) *message = *out;
    message->last_sequence = dropped ? job->sequence : job->log->committed;
    if (job_shown_state(job) == job->state)
        return 0;
    message->state = (API(JobState))job_shown_state(job);
    message->end_time = NULL;
    message->result = NULL;
    message->failure = NULL;
    message->timings = NULL;
    return 0;
}

void job_message_lighten(API(Job) * message)
{
    if (!message->result)
        return;
    message->result->table = NULL;
    message->result->n_folds = 0;
    message->result->n_trials = 0;
}

static void put_record(struct job *job, struct store_batch *batch, struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    API(Job) * message;
    struct api_bytes bytes = {NULL, 0};
    int code =
        arena ? whole_message(job, arena, &message, fault) : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code)
        code = api_encode(API_INFO(job), message, &bytes, fault);
    char key[64];
    snprintf(key, sizeof key, "execution/job/%s", job->id);
    if (!code)
        store_batch_put(batch, store_text(key), (struct store_slice){bytes.data, bytes.size}, STORE_EXPECT_ANY);
    free(bytes.data);
    mrpc_arena_free(arena);
}

/* ---- Commits ---- */

struct job_commit {
    struct domain_task task;
    struct job *job;
    struct event_log *log;
    uint64_t sequence; /* newest event that it carries */
    bool complete;
    enum job_state state; /* that it carries; JOB_NONE: events alone */
    uint32_t attempt;
    struct record *produced;
    job_saved *saved;
    void *arg;
    struct fault fault;
};

/* Of a job that has ended the store alone keeps the events; who still watches holds the log. */
static void drop_events(struct job *job)
{
    struct event_log *empty = event_log_new();
    if (!empty)
        return;
    empty->complete = true;
    event_log_unref(job->log);
    job->log = empty;
}

/* The disk is full, say. The next try carries all that is missing; until then nobody sees it. */
static void save_later(struct job *job, const struct fault *why)
{
    log_error(job->engine->log, "execution", "job %s cannot be saved now: %s: %s", job->id, mrpc_code_name(why->code),
              why->text);
    job->unsaved = true;
    static const struct timeval soon = {.tv_sec = 1};
    if (!evtimer_pending(job->engine->jobs.retry_unsaved, NULL))
        evtimer_add(job->engine->jobs.retry_unsaved, &soon);
}

const struct bus_topic execution_job_changed = {"execution.job_changed", sizeof(struct execution_job_event)};

static void tell_bus(struct job *job, const struct job_commit *commit)
{
    struct execution_job_event event = {.from = job->told_state, .to = commit->state, .attempt = commit->attempt};
    if (commit->state == JOB_NONE || commit->state == job->told_state)
        return;
    job->told_state = commit->state;
    atomic_fetch_add(&job->engine->moves[commit->state], 1);
    snprintf(event.job, sizeof event.job, "%s", job->id);
    if (job->engine->bus)
        bus_publish(job->engine->bus, &execution_job_changed, &event);
}

static void save_what_was_told(struct job *job);

static void committed(struct domain_task *task)
{
    struct job_commit *commit = (struct job_commit *)task;
    struct job *job = commit->job;
    job->engine->jobs.saving--;
    job->accepted |= !commit->fault.code;
    job->saving--;
    if (!commit->fault.code && commit->produced) {
        commit->produced->durable = true;
        warm_models_forget(&job->engine->warm);
        if (job->produced == commit->produced)
            job->produced = NULL;
    }
    if (!commit->fault.code) {
        tell_bus(job, commit);
        event_log_commit(commit->log, commit->sequence, commit->complete);
        if (job->pipeline && commit->state != JOB_NONE)
            pipelines_job_moved(job);
    } else if (!commit->saved) {
        save_later(job, &commit->fault);
    }
    if (!commit->fault.code && commit->complete) {
        free(job->run.data);
        job->run = (struct api_bytes){NULL, 0};
        drop_events(job);
        depend_unlink(job);
        schedules_job_ended(job);
        depend_ended(job);
        webhooks_job_ended(job);
    } else if (job->accepted) {
        save_what_was_told(job);
    }
    if (commit->saved)
        commit->saved(commit->arg, job, &commit->fault);
    event_log_unref(commit->log);
    free(commit);
}

/* On the store's thread. After the loop has stopped nobody waits any more. */
static void on_commit(void *arg, const struct store_commit_result *result)
{
    struct job_commit *commit = arg;
    if (result->code)
        fault_set(&commit->fault, result->code, "%s", result->text ? result->text : "the store refused");
    if (domain_loop_post_task(commit->job->engine->loop, &commit->task))
        free(commit); /* the log's reference goes with the process */
}

static void put_run(const struct job *job, struct store_batch *batch)
{
    char key[RUN_KEY_BYTES];
    run_key(job->id, key);
    store_batch_put(batch, store_text(key), (struct store_slice){job->run.data, job->run.size}, STORE_EXPECT_ANY);
}

static void put_webhook(const struct job *job, struct store_batch *batch)
{
    char key[WEBHOOK_KEY_BYTES];
    webhook_key(job->id, key);
    store_batch_put(batch, store_text(key), store_text("owed"), STORE_EXPECT_ANY);
}

/* All that are not known to be on disk, though they may be on their way there: whichever batches arrive, the events
 * that are there have no gap. */
static void put_events(struct job *job, struct store_batch *batch)
{
    for (uint64_t sequence = job->log->committed + 1; sequence <= job->log->count; sequence++) {
        char key[96];
        const struct api_bytes *event = &job->log->events[sequence - 1];
        snprintf(key, sizeof key, "execution/event/%s/%012llu", job->id, (unsigned long long)sequence);
        store_batch_put(batch, store_text(key), (struct store_slice){event->data, event->size}, STORE_EXPECT_ANY);
    }
}

static void submit_batch(struct job *job, bool with_record, job_saved *saved, void *arg)
{
    struct job_commit *commit = calloc(1, sizeof *commit);
    struct fault fault = FAULT_INIT;
    struct store_batch *batch = store_batch_new();
    if (with_record)
        put_record(job, batch, &fault);
    if (with_record && job->produced)
        artifact_put(batch, job->produced);
    if (with_record && job->run.data)
        put_run(job, batch);
    if (with_record && job->webhook_owed)
        put_webhook(job, batch);
    put_events(job, batch);
    if (!commit || fault.code) {
        store_batch_free(batch);
        free(commit);
        if (!fault.code)
            fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        if (saved)
            saved(arg, job, &fault);
        else
            save_later(job, &fault);
        return;
    }
    *commit = (struct job_commit){.task.run = committed,
                                  .job = job,
                                  .log = event_log_ref(job->log),
                                  .sequence = job->log->count,
                                  .complete = job_state_is_final(job->state),
                                  .state = with_record ? job->state : JOB_NONE,
                                  .attempt = job->attempt,
                                  .produced = with_record ? job->produced : NULL,
                                  .saved = saved,
                                  .arg = arg,
                                  .fault = FAULT_INIT};
    job->engine->jobs.saving++;
    job->saving++;
    store_commit(job->engine->store, batch, on_commit, commit);
}

static uint64_t append(struct job *job, API(JobEvent) * event, struct mrpc_arena *arena)
{
    struct fault fault = FAULT_INIT;
    struct api_bytes bytes;
    event->sequence = job->log->count + 1;
    event->time = api_timestamp(arena, api_now_ms());
    if (!event->time || api_encode(API_INFO(job_event), event, &bytes, &fault))
        return 0;
    uint64_t sequence = event_log_append(job->log, bytes);
    if (sequence)
        job->sequence = sequence;
    return sequence;
}

/* One batch at a time: what is told while it is on its way goes with the next. */
static void save_what_was_told(struct job *job)
{
    if (!job->saving && !job->unsaved && job->log->count > job->log->committed)
        submit_batch(job, false, NULL, NULL);
}

void job_tell_event(struct job *job, API(JobEvent) * event)
{
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    if (arena && append(job, event, arena))
        save_what_was_told(job);
    mrpc_arena_free(arena);
}

void job_save(struct job *job)
{
    job->unsaved = false;
    submit_batch(job, true, NULL, NULL);
}

void job_move(struct job *job, enum job_state to, const char *reason, job_saved *saved, void *arg)
{
    API(JobEvent) event;
    API(StateChange) change;
    API_INIT(job_event, &event);
    API_INIT(state_change, &change);
    change.from = (API(JobState))job->state;
    job_state_move(&job->state, to);
    change.to = (API(JobState))to;
    change.attempt = job->attempt;
    change.reason = (char *)reason;
    event.event_case = MLTRAINER__EXECUTION__V1__JOB_EVENT__EVENT_STATE;
    event.state = &change;
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    if (!arena || !append(job, &event, arena))
        log_error(job->engine->log, "execution", "job %s: no memory for an event", job->id);
    mrpc_arena_free(arena);
    execution_touch(job->engine);
    job->webhook_owed = job_state_is_final(to) && webhooks_wanted(job->engine, job);
    submit_batch(job, true, saved, arg);
}
