/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PIPELINE_H
#define MLT_EXECUTION_PIPELINE_H

#include "execution/engine.h"
#include "execution/pipeline/order.h"
#include "execution/pipeline/pipelines.h"
#include "execution/pipeline/task.h"

/* What the files of this folder share about one pipeline. Thread: the loop's. */

#define PIPELINE_STATE(name) MLTRAINER__EXECUTION__V1__PIPELINE_STATE__PIPELINE_STATE_##name

enum { PIPELINE_ARENA_BYTES = 64 * 1024 * 1024 };

/** An empty one, not listed. NULL: no memory. */
struct pipeline *pipeline_new(struct execution *engine, uint64_t number) MRPC_MUST_USE;
void pipeline_free(struct pipeline *pipeline);
/** Into the list, as the newest; out of it. Errors: -1 when out of memory. */
int pipeline_list(struct pipeline *pipeline) MRPC_MUST_USE;
void pipeline_unlist(struct pipeline *pipeline);
/** Also one that is not durable yet. NULL: there is none. */
struct pipeline *pipelines_find_any(const struct execution *engine, const char *id);

/** Write its record; @done(arg) when it is on disk or has failed. Errors: RESOURCE_EXHAUSTED, and @done does not
 *  run. */
int pipeline_save(struct pipeline *pipeline, void (*done)(void *arg, const struct fault *fault), void *arg,
                  struct fault *fault) MRPC_MUST_USE;
/** Let those who watch know. */
void pipeline_tell(struct pipeline *pipeline);
/** Take in how a task's job stands. */
void pipeline_take_job(struct pipeline *pipeline, const struct job *job);
/** Go on: submit the next task, or see whether it is over, and tell those who watch. */
void pipeline_drive(struct pipeline *pipeline);
void pipeline_cancel_jobs(struct pipeline *pipeline, const char *reason);

#endif
