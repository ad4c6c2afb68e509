/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_JOB_DEPEND_H
#define MLT_EXECUTION_JOB_DEPEND_H

#include "execution/job/jobs.h"

/* Jobs that wait for others. A job waits in WAITING until every job that it depends on has succeeded and that is on
 * disk; then it is queued. When one of them ends otherwise, it is SKIPPED, and so are those that wait for it, one
 * commit after the other. A dependency is a job that is there already, so that there can be no cycle. Thread: the
 * loop's. */

enum { DEPENDENCIES_MAX = 1000, DEPEND_NAME_BYTES = 130 };

/** Are @spec's dependencies jobs that are there? @field names the specification. Errors: INVALID_ARGUMENT,
 *  NOT_FOUND. */
int depend_check(struct execution *engine, const API(JobSpec) * spec, const char *field,
                 struct fault *fault) MRPC_MUST_USE;

/** Let @job, which is listed, wait for what @spec says; those are kept until depend_unlink(). Errors:
 *  RESOURCE_EXHAUSTED. */
int depend_link(struct job *job, const API(JobSpec) * spec, struct fault *fault) MRPC_MUST_USE;
/** It needs them no more: its end is on disk. Nothing happens when it needed none. */
void depend_unlink(struct job *job);

/** Before it is freed: nobody waits for it any more either. */
void depend_drop(struct job *job);

/** Its submission is on disk (or was before a restart): it may be queued or skipped from now on, perhaps at once. */
void depend_begin(struct job *job);
/** @job has ended, and that is on disk: tell those that wait for it. */
void depend_ended(struct job *job);

/** "${ID.KIND}" stands for what another job brings; @kind is "artifact" or "dataset". True if @text is one; @id gets
 *  the job's identifier.
 *  Errors (in @fault, with true): INVALID_ARGUMENT naming @field when it is malformed or @spec does not depend on
 *  it. */
bool depend_reference(const API(JobSpec) * spec, const char *text, const char *kind, const char *field,
                      char id[DEPEND_NAME_BYTES], struct fault *fault);
/** What it brought. Errors: FAILED_PRECONDITION when it brought no artifact. */
int depend_artifact(struct execution *engine, const char *id, const char *field, struct mrpc_arena *arena,
                    const char **out, struct fault *fault) MRPC_MUST_USE;
/** The same of a dataset, "NAME@VERSION". */
int depend_dataset(struct execution *engine, const char *id, const char *field, struct mrpc_arena *arena, char **out,
                   struct fault *fault) MRPC_MUST_USE;

#endif
