/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_PREPARE_H
#define MLT_EXECUTION_PREPARE_H

#include "execution/operation/operation.h"

/* From rows to what a model sees: columns chosen or features made, roles set, time order checked. */

/** A FeatureSpec of the API as the feature engine wants it; texts are borrowed. Errors: INVALID_ARGUMENT naming @field,
 *  RESOURCE_EXHAUSTED. */
int prepare_feature_spec(const API(FeatureSpec) * message, const char *field, struct mrpc_arena *arena,
                         struct feature_spec *out, struct fault *fault) MRPC_MUST_USE;

/** Load the source and fill operation->input, table, features, names and roles from these choices. Exactly one of
 *  @spec and @selection; @with_target: rows need their target. On the thread pool. Errors: those of loading,
 * INVALID_ARGUMENT for what the data lacks. */
int prepare_table(struct operation *operation, const API(FeatureSpec) * spec, const API(ColumnSelection) * selection,
                  const char *time_column, bool with_target, struct fault *fault) MRPC_MUST_USE;

/** Are the rows in the order of @time_column ("": none)? Errors: INVALID_ARGUMENT. */
int prepare_check_order(const struct table *input, const char *time_column, struct fault *fault) MRPC_MUST_USE;

/** Column @name as numbers, NaN where absent; malloc'ed. Errors: INVALID_ARGUMENT (missing, not numeric),
 *  RESOURCE_EXHAUSTED. */
int prepare_numbers(const struct table *table, const char *name, double **out, struct fault *fault) MRPC_MUST_USE;

/** How a row of the source reads in its time column: "2018-12-31", "41.5", "". */
void prepare_time_text(const struct table *input, const char *time_column, uint64_t row, char *out, size_t size);

#endif
