/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/operation/divider.h"
#include "execution/operation/operation.h"
#include "execution/operation/persister.h"
#include "execution/operation/prepare.h"
#include "execution/operation/trainer.h"
#include "execution/operation/validator.h"

/* The order of a training job. What is done in each step is the business of divider, trainer, validator and persister,
 * which know nothing of each other.
 *
 *     prepare ─► fit ─► predict on both parts ─► judge ─┬─► (train on all rows) ─► keep
 *                 ▲                                     │
 *                 └──────────── the next fold ──────────┘ */

static int prepare(struct operation *operation, struct fault *fault)
{
    const API(TrainSpec) *spec = operation->train;
    bool made = spec->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
    int code = prepare_table(operation, made ? spec->features : NULL, made ? NULL : spec->selection, spec->time_column,
                             true, fault);
    if (!code)
        code = divider_plan(operation, fault);
    return code ? code : divider_cut(operation, fault);
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

static bool trains_again(const struct operation *operation)
{
    enum fold_method method = operation->plan.spec.method;
    return method == FOLD_K_FOLD || (operation->train->refit && method != FOLD_NONE);
}

static void fit_all(struct operation *operation)
{
    trainer_fit(operation, "training on all rows", operation->train_part ? operation->train_part : operation->table,
                keep);
}

static void fit(struct operation *operation);

static bool is_last_fold(const struct operation *operation)
{
    return operation->fold_index + 1 == operation->plan.count;
}

/* Judge the fold and have the next one ready, or say what all of them say. */
static int judge_fold(struct operation *operation, struct fault *fault)
{
    int code = validator_judge_fold(operation, fault);
    if (code)
        return code;
    if (!is_last_fold(operation)) {
        divider_drop(operation);
        operation->fold_index++;
        return divider_cut(operation, fault);
    }
    code = validator_summarise(operation, fault);
    operation->judged = true;
    if (code || operation->on_fold || !trains_again(operation))
        return code;
    divider_drop(operation);
    return divider_take_all(operation, fault);
}

static void tell_fold(struct operation *operation, size_t index)
{
    const API(FoldResult) *fold = operation->folds[index];
    for (size_t i = 0; operation->on_event && i < fold->n_test_metrics; i++) {
        char name[80];
        snprintf(name, sizeof name, "test.%s", fold->test_metrics[i]->name);
        struct process_event event = {.kind = PROCESS_EVENT_METRIC,
                                      .name = name,
                                      .value = fold->test_metrics[i]->value,
                                      .step = operation->plan.count > 1 ? (int64_t)index : -1};
        operation->on_event(operation, &event);
    }
}

static bool goes_on(struct operation *operation, size_t fold)
{
    struct fault fault = FAULT_INIT;
    if (!operation->on_fold || operation->on_fold(operation, fold))
        return true;
    fault_set(&fault, MRPC_ABORTED, "given up after fold %zu", fold + 1);
    operation_end(operation, &fault);
    return false;
}

static void judged(struct operation *operation)
{
    size_t fold = operation->judged ? operation->fold_index : operation->fold_index - 1;
    tell_fold(operation, fold);
    if (!goes_on(operation, fold))
        return;
    if (!operation->judged)
        fit(operation);
    else if (operation->on_fold) /* who judges keeps what is worth it */
        finish(operation);
    else if (trains_again(operation))
        fit_all(operation);
    else
        keep(operation);
}

static void judge(struct operation *operation)
{
    operation_on_thread(operation, "validating", judge_fold, judged);
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
    const struct fold_plan *plan = &operation->plan;
    size_t steps = predicts ? 2 + (plan->spec.method != FOLD_NONE) : 1;
    if (!operation->fold_index) {
        operation->steps = plan->count * steps + (predicts && trains_again(operation));
        operation->steps_done = 0;
    }
    trainer_fit(operation, "training", operation->train_part, predicts ? predict_train : keep);
}

void operation_train(struct operation *operation)
{
    operation_on_thread(operation, "preparing", prepare, fit);
}
