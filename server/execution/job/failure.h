/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FAILURE_H
#define MLT_EXECUTION_FAILURE_H

#include "execution/job/job.h"

/* Why an attempt failed, what that means for another one, and what is kept of it. Thread: the loop's. */

/** Only when its fault has a code. */
API(FailureCause) failure_cause(const struct operation *operation);
/** Is there an attempt left, and would it be another than this one? */
bool failure_is_worth_another(const struct job *job, const struct operation *operation);
/** Before that attempt: doubled with each one before it, plus up to a quarter, so that jobs of one crash do not come
 *  back together. */
int64_t failure_pause_ms(const struct job *job, const struct operation *operation);
/** Make job->failure of it. Errors: those of api_encode(). */
int failure_keep(struct job *job, const struct operation *operation) MRPC_MUST_USE;

#endif
