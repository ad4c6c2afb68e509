/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "execution/job/job.h"
#include "execution/picture.h"
#include "execution/pipeline/pipeline.h"

/* The newest pipelines for the picture, as many as there is room for. */

static const char *work_of(const API(JobSpec) * spec)
{
    switch (spec->work_case) {
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN:
        return spec->train->model;
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_EVALUATE:
        return "evaluate";
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_PREDICT:
        return "predict";
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE:
        return spec->compute->model;
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TUNE:
        return "tune";
    case MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_FETCH:
        return "fetch";
    default:
        return "";
    }
}

static size_t needs_of(const struct pipeline *pipeline)
{
    size_t count = 0;
    for (size_t i = 0; i < pipeline->message->spec->n_tasks; i++)
        count += pipeline->message->spec->tasks[i]->n_depends_on;
    return count;
}

static void show_task(struct execution_picture *picture, const struct pipeline *pipeline, size_t at)
{
    const API(PipelineTask) *task = pipeline->message->spec->tasks[at];
    const API(PipelineTaskStatus) *status = pipeline->message->tasks[at];
    const struct job *job = *status->job ? jobs_find(pipeline->engine, status->job) : NULL;
    struct picture_task *shown = &picture->tasks[picture->task_count++];
    *shown = (struct picture_task){.state = (enum job_state)status->state, .progress = job ? job->progress : 0,
                                   .first_need = picture->need_count, .need_count = task->n_depends_on};
    snprintf(shown->key, sizeof shown->key, "%s", task->key);
    snprintf(shown->work, sizeof shown->work, "%s", work_of(task->spec));
    snprintf(shown->job, sizeof shown->job, "%s", status->job);
    for (size_t i = 0; i < task->n_depends_on; i++)
        picture->needs[picture->need_count++] =
            (uint32_t)pipeline_position(pipeline->message->spec, task->depends_on[i]);
}

void pipelines_show(const struct execution *engine, struct execution_picture *picture)
{
    const struct pipelines *all = &engine->pipelines;
    size_t tasks = 0, needs = 0, first = all->count;
    while (first > 0 && all->count - first < PICTURE_PIPELINES) {
        const struct pipeline *next = all->items[first - 1];
        if (tasks && tasks + next->message->n_tasks > PICTURE_TASKS)
            break;
        tasks += next->message->n_tasks;
        needs += needs_of(next);
        first--;
    }
    picture->tasks = calloc(tasks + 1, sizeof *picture->tasks);
    picture->needs = calloc(needs + 1, sizeof *picture->needs);
    if (!picture->tasks || !picture->needs)
        return; /* a picture without them */
    for (size_t i = all->count; i-- > first;) {
        const struct pipeline *pipeline = all->items[i];
        if (!pipeline->durable)
            continue;
        struct picture_pipeline *shown = &picture->pipelines[picture->pipeline_count++];
        *shown = (struct picture_pipeline){.first_task = picture->task_count, .task_count = pipeline->message->n_tasks};
        snprintf(shown->id, sizeof shown->id, "%s", pipeline->id);
        snprintf(shown->title, sizeof shown->title, "%s", pipeline->message->spec->title);
        for (size_t at = 0; at < pipeline->message->n_tasks; at++)
            show_task(picture, pipeline, at);
    }
}
