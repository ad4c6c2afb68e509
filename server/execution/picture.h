/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PICTURE_H
#define MLT_EXECUTION_PICTURE_H

#include <stdbool.h>

#include "events/snapshot.h"
#include "execution/execution.h"
#include "execution/job/state.h"

/* What the loop knows and a picture shows: an immutable snapshot, made at most as often as somebody is told of a change
 * (events/scene_changed.h), of a size that does not grow with the number of jobs. */

enum { PICTURE_JOBS = 32, PICTURE_SCHEDULES = 16, PICTURE_PIPELINES = 16, PICTURE_TASKS = 2000 };

struct picture_job {
    char id[24];
    char what[160]; /* "train ridge" */
    char state[16]; /* "running", "cancelling" */
    uint32_t attempt;
};

struct picture_schedule {
    char name[129];
    char stands[64]; /* "next 2026-11-30 22:30 UTC", "paused", "failing" */
    bool paused, failing;
};

struct picture_task {
    char key[129];
    char work[64];  /* "ridge", "evaluate" */
    char job[24];   /* "" before it has one */
    enum job_state state;
    double progress; /* 0..1 */
    size_t first_need, need_count; /* in needs */
};

struct picture_pipeline {
    char id[24];
    char title[129];
    size_t first_task, task_count; /* in tasks */
};

struct execution_picture {
    struct snapshot snapshot;
    struct picture_job jobs[PICTURE_JOBS]; /* attempts under way, newest first */
    size_t job_count;
    size_t running; /* all of them */
    struct picture_schedule schedules[PICTURE_SCHEDULES]; /* the first by name */
    size_t schedule_count;
    size_t schedules_all;
    size_t queued;
    /* the newest, as far as PICTURE_TASKS goes; the newest always */
    struct picture_pipeline pipelines[PICTURE_PIPELINES];
    size_t pipeline_count;
    struct picture_task *tasks;
    size_t task_count;
    uint32_t *needs; /* positions in the pipeline of tasks that must succeed first */
    size_t need_count;
};

/** Make and publish one of the present. Without memory the old one stays. Thread: the loop's, or any before it runs.
 *  @engine is a struct execution. */
void execution_picture_publish(void *engine);
/** Show the newest pipelines in @picture. Thread: the loop's. (pipeline/show.c) */
void pipelines_show(const struct execution *engine, struct execution_picture *picture);
/** NULL before the start. Release it by snapshot_release(&picture->snapshot). Thread: any. */
const struct execution_picture *execution_picture(struct execution *engine);

#endif
