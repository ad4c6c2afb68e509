/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_POOL_FORM_H
#define MLT_POOL_FORM_H

#include "pool/process/job.h"

/* What one prediction by a model has in common with the next: all but the values, as a rule. A worker keeps the last
 * task that was told in full at the model's place; one of the same form is told by its values alone. */

struct task_form;

/** The form of @job's task. NULL when it has something that cannot be told so (parameters, texts, absent values), or
 *  memory is out. Free with free(). */
struct task_form *task_form_new(const struct process_job *job);
/** Is @job's task of this form? */
bool task_form_fits(const struct task_form *form, const struct process_job *job);

#endif
