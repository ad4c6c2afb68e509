/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PIPELINE_ORDER_H
#define MLT_EXECUTION_PIPELINE_ORDER_H

#include "execution/api.h"

/* What a pipeline's specification must be, and in which order its tasks can be submitted. Pure. */

enum { PIPELINE_TASKS_MAX = 1000 };

/** Check keys, dependencies and references, and put the positions of the tasks into @order (of n_tasks), each behind
 *  those that it depends on, otherwise as they stand. @field names the specification.
 *  Errors: INVALID_ARGUMENT naming the field, of a cycle its path ("a -> b -> a"); RESOURCE_EXHAUSTED. */
int pipeline_order(const API(PipelineSpec) * spec, const char *field, size_t *order, struct fault *fault) MRPC_MUST_USE;

/** The position of the task with that key; n_tasks: none. */
size_t pipeline_position(const API(PipelineSpec) * spec, const char *key);

/** Where @spec says which artifact it works on; NULL: it works on none. */
char **pipeline_artifact_of(API(JobSpec) * spec);
/** The same of a dataset. */
char **pipeline_dataset_of(API(JobSpec) * spec);

#endif
