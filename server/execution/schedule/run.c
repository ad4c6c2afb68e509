/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/schedule/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "execution/job/jobs.h"
#include "execution/pipeline/pipelines.h"
#include "utf8/utf8.h"

enum { AGAIN_MS = 5000, ARENA_BYTES = 64 * 1024 * 1024, KEY_BYTES = 180 };

const struct bus_topic execution_schedule_ran = {"execution.schedule_ran", sizeof(struct execution_schedule_event)};

/* Of the two, the one that it submitted last; the other is empty. */
static const char *last(const struct schedule *schedule)
{
    return *schedule->last_job ? schedule->last_job : schedule->last_pipeline;
}

static void tell(const struct schedule *schedule, int64_t due_ms, enum execution_schedule_outcome outcome, int code)
{
    struct execution *engine = schedule->engine;
    struct execution_schedule_event event = {.due_ms = due_ms, .outcome = outcome, .code = code};
    snprintf(event.schedule, sizeof event.schedule, "%s", schedule->name);
    if (outcome == SCHEDULE_SUBMITTED)
        snprintf(event.job, sizeof event.job, "%s", last(schedule));
    if (engine->bus)
        bus_publish(engine->bus, &execution_schedule_ran, &event);
    execution_touch(engine);
}

bool schedule_is_busy(const struct schedule *schedule)
{
    const struct job *job = *schedule->last_job ? jobs_find(schedule->engine, schedule->last_job) : NULL;
    const struct pipeline *pipeline = pipelines_find(schedule->engine, schedule->last_pipeline);
    return (job && !job_state_is_final(job->state)) || (pipeline && !pipeline->ended);
}

/* A change of the schedule may have set it further meanwhile. */
static void move_cursor(struct schedule *schedule, int64_t due_ms)
{
    if (schedule->plan.cursor_ms < due_ms)
        schedule->plan.cursor_ms = due_ms;
}

void schedule_settle(struct schedule *schedule, int64_t due_ms, const struct job *job, const struct pipeline *pipeline)
{
    move_cursor(schedule, due_ms);
    schedule->last_ms = job ? job->create_ms : pipeline->create_ms;
    schedule->run_count++;
    schedule->last_error[0] = '\0';
    snprintf(schedule->last_job, sizeof schedule->last_job, "%s", job ? job->id : "");
    snprintf(schedule->last_pipeline, sizeof schedule->last_pipeline, "%s", job ? "" : pipeline->id);
}

/* No caller's request_id has a colon. */
bool schedule_of_request(const char *request_id, char *name, int64_t *due_ms)
{
    long long due;
    char rest;
    if (sscanf(request_id, "schedule:%128[^:]:%lld%c", name, &due, &rest) != 2)
        return false;
    *due_ms = due;
    return true;
}

/* ---- Submitting ---- */

struct run {
    struct schedule *schedule;
    int64_t due_ms;
};

/* Nothing is wrong with the schedule: the queue is full, or the disk, or the server stops. */
static bool worth_another_try(const struct fault *fault)
{
    return fault->retry_after_ms || fault->code == MRPC_UNAVAILABLE || fault->code == MRPC_RESOURCE_EXHAUSTED ||
           fault->code == MRPC_INTERNAL;
}

static void refuse(struct schedule *schedule, int64_t due_ms, const struct fault *fault)
{
    snprintf(schedule->last_error, sizeof schedule->last_error, "%s%s%.200s", fault->field, *fault->field ? ": " : "",
             fault->text);
    utf8_mend(schedule->last_error);
    log_warn(schedule->engine->log, "execution", "schedule %s submits nothing: %s: %s", schedule->name,
             mrpc_code_name(fault->code), schedule->last_error);
    if (worth_another_try(fault)) {
        schedule->wake_ms = api_now_ms() + AGAIN_MS;
        return;
    }
    move_cursor(schedule, due_ms);
    schedule->wake_ms = 0;
    tell(schedule, due_ms, SCHEDULE_REFUSED, fault->code);
    schedules_save(schedule);
}

static void answered(struct run run, const struct job *job, const struct pipeline *pipeline, const struct fault *fault)
{
    struct schedule *schedule = run.schedule;
    struct execution *engine = schedule->engine;
    schedule->submitting = false;
    if (schedule->removed)
        return schedule_free(schedule);
    schedules_look(engine);
    if (fault->code)
        return refuse(schedule, run.due_ms, fault);
    schedule_settle(schedule, run.due_ms, job, pipeline);
    schedule->wake_ms = 0;
    tell(schedule, run.due_ms, SCHEDULE_SUBMITTED, 0);
    schedules_save(schedule);
}

static void submitted(void *arg, struct job *job, bool existed, const struct fault *fault)
{
    struct run run = *(struct run *)arg;
    free(arg);
    answered(run, job, NULL, fault);
}

static void accepted(void *arg, struct pipeline *pipeline, bool existed, const struct fault *fault)
{
    struct run run = *(struct run *)arg;
    free(arg);
    answered(run, NULL, pipeline, fault);
}

/* What it says to submit; both live in @arena. */
static int read_work(const struct schedule *schedule, struct mrpc_arena *arena, API(Schedule) * *out,
                     struct fault *fault)
{
    int code = api_decode(API_INFO(schedule), schedule->definition.data, schedule->definition.size, arena, out, fault);
    if (code)
        return code;
    return (*out)->job || (*out)->pipeline ? 0
                                           : fault_set(fault, MRPC_DATA_LOSS, "it has neither a job nor a pipeline");
}

static void submit(struct schedule *schedule, int64_t due_ms)
{
    struct mrpc_arena *arena = mrpc_arena_new(ARENA_BYTES);
    struct run *run = calloc(1, sizeof *run);
    struct fault fault = FAULT_INIT;
    API(Schedule) *work = NULL;
    char key[KEY_BYTES];
    int code = arena && run ? read_work(schedule, arena, &work, &fault)
                            : fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    snprintf(key, sizeof key, "schedule:%s:%lld", schedule->name, (long long)due_ms);
    if (code) {
        free(run);
        refuse(schedule, due_ms, &fault);
        mrpc_arena_free(arena);
        return;
    }
    *run = (struct run){schedule, due_ms};
    schedule->submitting = true;
    const struct job_origin origin = {.schedule = schedule->name, .due_ms = due_ms};
    if (work->job)
        jobs_submit(schedule->engine, work->job, schedule->owner, key, &origin, submitted, run);
    else
        pipelines_submit_scheduled(schedule->engine, work->pipeline, schedule->owner, key, accepted, run);
    mrpc_arena_free(arena);
}

void schedule_deal_with(struct schedule *schedule, struct plan_step step)
{
    if (step.action == PLAN_RUN)
        return submit(schedule, step.due_ms);
    schedule->plan.cursor_ms = step.due_ms;
    if (step.action == PLAN_LEAVE) {
        schedule->left_out_count++;
        snprintf(schedule->last_error, sizeof schedule->last_error, "left out: %s has not ended", last(schedule));
        tell(schedule, step.due_ms, SCHEDULE_LEFT_OUT, 0);
    }
    if (step.action == PLAN_PASS)
        tell(schedule, step.due_ms, SCHEDULE_MISSED, 0);
    schedules_save(schedule);
}
