/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "execution/job/job.h"
#include "execution/schedule/schedule.h"

enum { OPERATIONS_LOOKED_AT = 1000 };

static void picture_free(struct snapshot *snapshot)
{
    struct execution_picture *picture = (struct execution_picture *)snapshot;
    free(picture->tasks);
    free(picture->needs);
    free(picture);
}

static const char *kind_name(const struct job *job)
{
    static const char *const names[] = {"", "train", "evaluate", "predict", "compute", "tune", "fetch"};
    return (size_t)job->kind < sizeof names / sizeof *names ? names[job->kind] : "";
}

static void add_job(struct execution_picture *picture, const struct operation *operation)
{
    const struct job *job = operation->job;
    struct picture_job *shown = &picture->jobs[picture->job_count++];
    snprintf(shown->id, sizeof shown->id, "%s", job->id);
    snprintf(shown->what, sizeof shown->what, "%s %s", kind_name(job), operation->model ? operation->model->id : "");
    snprintf(shown->state, sizeof shown->state, "%s", job->state == JOB_CANCELLING ? "cancelling" : "running");
    shown->attempt = job->attempt;
}

static void say_when(int64_t ms, char *out, size_t bytes)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    snprintf(out, bytes, "never due");
    if (ms != INT64_MAX && gmtime_r(&seconds, &utc))
        strftime(out, bytes, "next %Y-%m-%d %H:%M UTC", &utc);
}

static void add_schedules(struct execution_picture *picture, const struct schedules *schedules)
{
    for (size_t i = 0; i < schedules->count; i++) {
        const struct schedule *schedule = schedules->items[i];
        picture->schedules_all += schedule->durable;
        if (!schedule->durable || picture->schedule_count == PICTURE_SCHEDULES)
            continue;
        struct picture_schedule *shown = &picture->schedules[picture->schedule_count++];
        snprintf(shown->name, sizeof shown->name, "%s", schedule->name);
        shown->paused = schedule->plan.paused;
        shown->failing = *schedule->last_error != '\0';
        say_when(due_next(&schedule->plan.rule, schedule->plan.cursor_ms), shown->stands, sizeof shown->stands);
        if (shown->paused)
            snprintf(shown->stands, sizeof shown->stands, "paused");
    }
}

void execution_picture_publish(void *arg)
{
    struct execution *engine = arg;
    struct execution_picture *picture = calloc(1, sizeof *picture);
    if (!picture)
        return;
    snapshot_init(&picture->snapshot, picture_free);
    picture->running = engine->jobs.running;
    picture->queued = engine->jobs.queue.count;
    int looked_at = 0;
    for (const struct operation *operation = engine->operations;
         operation && picture->job_count < PICTURE_JOBS && looked_at < OPERATIONS_LOOKED_AT;
         operation = operation->following, looked_at++)
        if (operation->job)
            add_job(picture, operation);
    add_schedules(picture, &engine->schedules);
    pipelines_show(engine, picture);
    snapshot_publish(&engine->picture, &picture->snapshot);
}

const struct execution_picture *execution_picture(struct execution *engine)
{
    return (const struct execution_picture *)snapshot_acquire(&engine->picture);
}
