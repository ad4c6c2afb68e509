/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/operation/operation.h"
#include "execution/operation/persister.h"
#include "execution/operation/prepare.h"
#include "execution/operation/trainer.h"
#include "execution/operation/validator.h"

/* The order of a training job. What is done in each step is the business of trainer, validator and persister, which
 * know nothing of each other. */

static int hold_out(struct operation *operation, uint64_t rows, struct fault *fault)
{
    const API(Validation) *validation = operation->train->validation;
    const API(HoldOut) *how =
        validation && validation->method_case == MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_HOLD_OUT
            ? validation->hold_out
            : NULL;
    double fraction = how && how->test_fraction > 0 ? how->test_fraction : 0.2;
    uint64_t embargo = how ? how->embargo_rows : 0;
    const API(FeatureSpec) *spec =
        operation->train->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES
            ? operation->train->features
            : NULL;
    if (spec && spec->horizon && spec->horizon - 1 > embargo)
        embargo = spec->horizon - 1;
    return split_hold_out(rows, fraction, embargo, &operation->split, fault);
}

static int divide(struct operation *operation, struct fault *fault)
{
    uint64_t rows = (uint64_t)table_rows(&operation->table->array);
    const API(Validation) *validation = operation->train->validation;
    if (validation && validation->method_case == MLTRAINER__EXECUTION__V1__VALIDATION__METHOD_SKIP && validation->skip)
        operation->split = (struct split){.train_rows = rows, .test_first = rows};
    else if (hold_out(operation, rows, fault))
        return fault->code;
    int code = split_rows(operation->table, 0, operation->split.train_rows, &operation->train_part, fault);
    if (!code && operation->split.test_rows)
        code = split_rows(operation->table, operation->split.test_first, operation->split.test_rows,
                          &operation->test_part, fault);
    return code;
}

static int prepare(struct operation *operation, struct fault *fault)
{
    const API(TrainSpec) *spec = operation->train;
    bool made = spec->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
    int code = prepare_table(operation, made ? spec->features : NULL, made ? NULL : spec->selection, spec->time_column,
                             true, fault);
    return code ? code : divide(operation, fault);
}

static void finish(struct operation *operation)
{
    struct fault none = FAULT_INIT;
    operation_end(operation, &none);
}

static void keep(struct operation *operation)
{
    operation_on_thread(operation, "storing the artifact", persister_keep, finish);
}

static void fit_again(struct operation *operation)
{
    if (operation->train->refit && operation->split.test_rows)
        trainer_fit(operation, "training on all rows", operation->table, keep);
    else
        keep(operation);
}

static void judge(struct operation *operation)
{
    operation_on_thread(operation, "validating", validator_judge_training, fit_again);
}

static void predict_test(struct operation *operation)
{
    if (operation->test_part)
        trainer_apply(operation, "predicting the test part", operation->test_part, &operation->test_predictions, judge);
    else
        judge(operation);
}

static void predict_train(struct operation *operation)
{
    trainer_apply(operation, "predicting the training part", operation->train_part, &operation->train_predictions,
                  predict_test);
}

static void fit(struct operation *operation)
{
    bool predicts = operation->model->operations & CATALOG_PREDICT;
    trainer_fit(operation, "training", operation->train_part, predicts ? predict_train : keep);
}

void operation_train(struct operation *operation)
{
    operation_on_thread(operation, "preparing", prepare, fit);
}
