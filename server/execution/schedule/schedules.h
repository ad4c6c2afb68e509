/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SCHEDULES_H
#define MLT_EXECUTION_SCHEDULES_H

#include <stdbool.h>
#include <stddef.h>

#include "execution/api.h"

/* All schedules and the loop that runs them. It is a timer on the execution loop that looks at the wall clock at least
 * once a second, because a timer of the kernel's monotonic clock does not notice when the wall clock is set.
 *
 *     look ─► plan_next ─► RUN: jobs_submit or pipelines_submit(key of name and due time) ─► durable ─► cursor = due
 *     time ─► saved
 *
 * A crash before the job is durable finds the due time again after the restart; one between the job and the saved
 * cursor finds the job by its key, and at the restart the cursor moves up to what jobs say. Either way a due time has
 * one job.
 * Thread: the execution loop's, but where it says otherwise. */

struct execution;
struct event;
struct job;
struct pipeline;
struct schedule;
struct zone;

struct schedules {
    struct schedule **items; /* by name */
    size_t count, room;
    struct event *timer;
    int64_t looked_ms; /* wall clock at the last look */
    bool running;
};

int schedules_init(struct execution *engine) MRPC_MUST_USE;
void schedules_fini(struct execution *engine);

/** Begin and cease to submit. What is under way then ends by itself: schedules_are_idle(). */
void schedules_start(struct execution *engine);
void schedules_stop(struct execution *engine);

bool schedules_are_idle(const struct execution *engine);

/** NULL when there is none, or not a durable one. */
struct schedule *schedules_find(const struct execution *engine, const char *name);
/** The position of the first whose name is not less than @name. */
size_t schedules_seek(const struct schedules *schedules, const char *name);
/** May @owner make another one? Errors: RESOURCE_EXHAUSTED naming execution.schedules or execution.schedule_quota. */
int schedules_check_room(struct execution *engine, const char *owner, struct fault *fault) MRPC_MUST_USE;
/** Takes over @schedule, room or not. Errors: RESOURCE_EXHAUSTED (no memory), ALREADY_EXISTS; it stays the caller's
 *  then. */
int schedules_add(struct execution *engine, struct schedule *schedule, struct fault *fault) MRPC_MUST_USE;
/** Takes it out; it is freed when nothing of it is on its way any more. */
void schedules_remove(struct execution *engine, struct schedule *schedule);
/** Look at all of them soon. */
void schedules_look(struct execution *engine);
/** Save how it stands; again later when that fails. */
void schedules_save(struct schedule *schedule);

/** At the start, before the loop runs: out of the store, with @zone taken over; then once, after all jobs are there. */
int schedules_restore(struct execution *engine, const API(Schedule) * message, struct zone *zone,
                      struct fault *fault) MRPC_MUST_USE;
void schedules_catch_up(struct execution *engine);

/** A job or a pipeline has ended; nothing happens when it is not a schedule's. */
void schedules_job_ended(const struct job *job);
void schedules_pipeline_ended(const struct pipeline *pipeline);
/** Does a schedule still refer to this job: the last that it submitted, or one that a restart would submit again if it
 *  were gone? */
bool schedules_refer_to(const struct execution *engine, const struct job *job);
bool schedules_refer_to_pipeline(const struct pipeline *pipeline);

#endif
