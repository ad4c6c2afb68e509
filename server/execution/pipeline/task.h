/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PIPELINE_TASK_H
#define MLT_EXECUTION_PIPELINE_TASK_H

#include "execution/api.h"

/** The job of the task at @at: its specification with what it depends on, by key or, with @statuses, by the jobs that
 *  stand there; "${KEY.artifact}" becomes "${JOB.artifact}". It lies in @arena and borrows from @spec. NULL: no
 *  memory. */
API(JobSpec) * pipeline_task_job(const API(PipelineSpec) * spec, API(PipelineTaskStatus) *const *statuses, size_t at,
                                 struct mrpc_arena *arena) MRPC_MUST_USE;

#endif
