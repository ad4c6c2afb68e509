/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_JUDGE_H
#define MLT_EXECUTION_JUDGE_H

#include "execution/feature/metric_classes.h"
#include "execution/operation/operation.h"

/* Metrics of predictions by what the model is for: a table from task to function. On the thread pool. */

/** Where metrics go. */
struct judge_list {
    size_t *count;
    API(Metric) * **metrics;
};

/** Predictions and what is known of the truth. */
struct judge_case {
    const struct table *rows;        /* what the model saw */
    const struct table *predictions; /* what it said, as many rows */
    const double *actual;            /* targets of those rows; NULL without a target */
    size_t count;
    double naive_step;    /* of the training part, for MASE; NaN */
    bool target_is_return; /* log or simple */
    bool target_is_log;
    const double *classes; /* of a classification: all that occur */
    size_t class_count;
    uint64_t *confusion; /* added to; or NULL */
};

/** Does the task have metrics that need a target? */
bool judge_needs_target(const char *task);
/** Put the metrics of @given into @list, as JobResult documents them. Errors: INTERNAL when a model gave other than one
 *  prediction a row, RESOURCE_EXHAUSTED. */
int judge_predictions(struct operation *operation, const char *task, const struct judge_case *given,
                      struct judge_list list, struct fault *fault) MRPC_MUST_USE;

/** What trivial predictions would have brought. @all are the targets of all rows; rows of @fold. */
int judge_baselines(struct operation *operation, const char *task, const struct judge_case *given, const double *all,
                    const struct fold *fold, struct judge_list list, struct fault *fault) MRPC_MUST_USE;

#endif
