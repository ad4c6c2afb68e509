/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_TUNE_H
#define MLT_EXECUTION_TUNE_H

#include "execution/operation/operation.h"
#include "execution/tune/search.h"

/* Tuning: many trainings with parameters that a search asks for, and one more with the best of them, which is kept.
 *
 *     ask ─► trial: train and validate, keep nothing ─► tell ─► … ─► train with the best ─► keep
 *
 * A trial is an operation of its own that belongs to the tuning's; the tuning itself holds no worker meanwhile. A trial
 * that fails is counted and told nobody; when all fail, so does the job. Thread: the loop's. */

enum { TUNE_TRIALS_MAX = 10000, TUNE_PARALLEL_MAX = 256, TUNE_TRIALS_KEPT = 100, TUNE_CHOICES_MAX = 64 };

/** What is varied, as a search wants it. @operation is bound to the training. Errors: INVALID_ARGUMENT naming the
 *  field.
 *  @out has spec->n_dimensions of them, SEARCH_DIMENSIONS_MAX at most. */
int tune_dimensions(const struct operation *operation, const API(TuneSpec) * spec, const char *field,
                    struct search_dimension *out, struct fault *fault) MRPC_MUST_USE;
/** Everything about @spec that can be known before running, but for its training. Errors: as above. */
int tune_check(const struct operation *operation, const API(TuneSpec) * spec, const char *field,
               struct fault *fault) MRPC_MUST_USE;
/** The method and its options. Errors: INVALID_ARGUMENT naming the field. */
int tune_method(const API(TuneSpec) * spec, const char *field, struct search_options *out,
                struct fault *fault) MRPC_MUST_USE;

/** The parameters of @operation with those of @point in place of the varied ones. NULL when out of memory. All memory
 *  is that of @arena; texts are borrowed from the specification. */
const struct mltrainer_parameter *const *tune_parameters(const struct operation *operation, const API(TuneSpec) * spec,
                                                         const double *point, struct mrpc_arena *arena) MRPC_MUST_USE;

/** Begin it: @operation is bound to the training of spec->tune. */
void operation_tune(struct operation *operation);

#endif
