/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_VALIDATOR_H
#define MLT_EXECUTION_VALIDATOR_H

#include "execution/operation/operation.h"

/* Only responsible for saying how good predictions are. All run on the thread pool; errors: INTERNAL when a model did
 * not give one prediction a row, RESOURCE_EXHAUSTED. */

/** Metrics of the present fold, with baselines beside them and how rows were divided: operation->folds[fold_index]. */
int validator_judge_fold(struct operation *operation, struct fault *fault) MRPC_MUST_USE;
/** What all folds say together, into the result. */
int validator_summarise(struct operation *operation, struct fault *fault) MRPC_MUST_USE;
/** Metrics of operation->output, into the result. */
int validator_judge_evaluation(struct operation *operation, struct fault *fault) MRPC_MUST_USE;

#endif
