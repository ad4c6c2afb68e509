/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_VALIDATOR_H
#define MLT_EXECUTION_VALIDATOR_H

#include "execution/operation/operation.h"

/* Only responsible for saying how good predictions are. Both run on the thread pool; errors: INTERNAL when a model did
 * not give one prediction a row, RESOURCE_EXHAUSTED. */

/** Metrics of both parts of a training, the baselines beside them, and the summary of the split, into the result. */
int validator_judge_training(struct operation *operation, struct fault *fault) MRPC_MUST_USE;
/** Metrics of operation->output against the target, into the result. */
int validator_judge_evaluation(struct operation *operation, struct fault *fault) MRPC_MUST_USE;

#endif
