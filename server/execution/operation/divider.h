/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DIVIDER_H
#define MLT_EXECUTION_DIVIDER_H

#include "execution/operation/operation.h"

/* Only responsible for which rows train and which test, and for making features ready with what the former alone say.
 * All of it runs on the thread pool. */

/** Plan the folds of operation->table: operation->plan. Errors: INVALID_ARGUMENT when there are too few rows. */
int divider_plan(struct operation *operation, struct fault *fault) MRPC_MUST_USE;
/** Cut fold operation->fold_index: fold, train_part, test_part (NULL without test rows) and preparation. Errors:
 *  INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
int divider_cut(struct operation *operation, struct fault *fault) MRPC_MUST_USE;
/** Let go of the present fold. */
void divider_drop(struct operation *operation);
/** All rows train: train_part (NULL: operation->table as it is) and preparation. */
int divider_take_all(struct operation *operation, struct fault *fault) MRPC_MUST_USE;

/** What an artifact's header says of it; names are borrowed. Errors: DATA_LOSS, RESOURCE_EXHAUSTED. */
int divider_read(API(PreparedColumn) *const *columns, size_t count, struct mrpc_arena *arena,
                 struct scaler_column **out, struct fault *fault) MRPC_MUST_USE;
/** Make operation->table ready as the artifact's training did. */
int divider_prepare(struct operation *operation, API(PreparedColumn) *const *columns, size_t count,
                    struct fault *fault) MRPC_MUST_USE;

#endif
