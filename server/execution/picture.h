/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PICTURE_H
#define MLT_EXECUTION_PICTURE_H

#include <stdbool.h>

#include "events/snapshot.h"
#include "execution/execution.h"

/* What the loop knows and a picture shows: an immutable snapshot, made at most as often as somebody is told of a change
 * (events/scene_changed.h), of a size that does not grow with the number of jobs. */

enum { PICTURE_JOBS = 32, PICTURE_SCHEDULES = 16 };

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

struct execution_picture {
    struct snapshot snapshot;
    struct picture_job jobs[PICTURE_JOBS]; /* attempts under way, newest first */
    size_t job_count;
    size_t running; /* all of them */
    struct picture_schedule schedules[PICTURE_SCHEDULES]; /* the first by name */
    size_t schedule_count;
    size_t schedules_all;
    size_t queued;
};

/** Make and publish one of the present. Without memory the old one stays. Thread: the loop's, or any before it runs.
 *  @engine is a struct execution. */
void execution_picture_publish(void *engine);
/** NULL before the start. Release it by snapshot_release(&picture->snapshot). Thread: any. */
const struct execution_picture *execution_picture(struct execution *engine);

#endif
