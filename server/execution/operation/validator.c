/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/validator.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/feature/metrics.h"
#include "execution/operation/judge.h"
#include "execution/operation/prepare.h"

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* ---- How rows were divided ---- */

static char *time_of(struct operation *operation, uint64_t table_row)
{
    char text[32];
    uint64_t row = operation->features.rows ? operation->features.rows[table_row] : table_row;
    prepare_time_text(operation->input, operation->train->time_column, row, text, sizeof text);
    return mrpc_arena_strdup(operation->arena, text);
}

static int describe_split(struct operation *operation, API(SplitSummary) * *out, struct fault *fault)
{
    const struct fold *fold = &operation->fold;
    API(SplitSummary) *summary = API_NEW(operation->arena, SplitSummary, split_summary);
    if (!summary)
        return no_memory(fault);
    summary->train_rows = fold->train_rows;
    summary->test_rows = fold->test_rows;
    summary->dropped_rows = (uint64_t)table_rows(&operation->input->array) - fold->train_rows - fold->test_rows;
    summary->train_begin = time_of(operation, fold->train[0]);
    summary->train_end = time_of(operation, fold->train[fold->train_rows - 1]);
    if (fold->test_rows) {
        summary->test_begin = time_of(operation, fold->test[0]);
        summary->test_end = time_of(operation, fold->test[fold->test_rows - 1]);
    }
    *out = summary;
    bool whole = summary->train_begin && summary->train_end && summary->test_begin && summary->test_end;
    return whole ? 0 : no_memory(fault);
}

/* ---- What is known of the target ---- */

struct truth {
    double *all; /* of every row; NULL without a target */
    double *train, *test; /* of the fold's parts */
    double naive_step;
};

static double *pick(const double *all, const uint64_t *rows, uint64_t count)
{
    double *picked = malloc((size_t)(count + 1) * sizeof *picked);
    for (uint64_t i = 0; picked && i < count; i++)
        picked[i] = all[rows[i]];
    return picked;
}

static void forget_truth(struct truth *truth)
{
    free(truth->all);
    free(truth->train);
    free(truth->test);
}

static int find_truth(struct operation *operation, struct truth *truth, struct fault *fault)
{
    const struct fold *fold = &operation->fold;
    *truth = (struct truth){.naive_step = NAN};
    if (!operation->target || !judge_needs_target(operation->model->task))
        return 0;
    if (prepare_numbers(operation->table, operation->target, &truth->all, fault))
        return fault->code;
    truth->train = pick(truth->all, fold->train, fold->train_rows);
    truth->test = pick(truth->all, fold->test, fold->test_rows);
    if (!truth->train || !truth->test)
        return no_memory(fault);
    truth->naive_step = metric_naive_step(truth->train, (size_t)fold->train_rows);
    return 0;
}

static void take_transform(const API(FeatureSpec) * spec, struct judge_case *given)
{
    if (!spec)
        return;
    given->target_is_log = spec->target_transform == MLTRAINER__EXECUTION__V1__TRANSFORM__TRANSFORM_LOG_RETURN;
    given->target_is_return = given->target_is_log ||
                              spec->target_transform == MLTRAINER__EXECUTION__V1__TRANSFORM__TRANSFORM_SIMPLE_RETURN;
}

/* ---- Classes ---- */

/* Found with the first fold and kept for all, with what was taken for what. */
static int find_classes(struct operation *operation, const double *all, size_t count, struct fault *fault)
{
    API(ConfusionMatrix) *matrix = API_NEW(operation->arena, ConfusionMatrix, confusion_matrix);
    double classes[METRIC_CLASSES_MAX];
    size_t found = 0;
    if (operation->result->confusion)
        return 0;
    if (metric_collect_classes(all, count, classes, &found))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "the target has absent values, or more than %d classes",
                         METRIC_CLASSES_MAX);
    if (!matrix || !(matrix->classes = mrpc_arena_calloc(operation->arena, found + 1, sizeof *classes)) ||
        !(matrix->counts = mrpc_arena_calloc(operation->arena, found * found + 1, sizeof *matrix->counts)))
        return no_memory(fault);
    memcpy(matrix->classes, classes, found * sizeof *classes);
    matrix->n_classes = found;
    matrix->n_counts = found * found;
    operation->result->confusion = matrix;
    return 0;
}

static void take_classes(const struct operation *operation, struct judge_case *given)
{
    const API(ConfusionMatrix) *matrix = operation->result->confusion;
    if (!matrix)
        return;
    given->classes = matrix->classes;
    given->class_count = matrix->n_classes;
}

/* A classifier knows what training showed it, which is among the classes of all rows. */
static int check_classes(const struct table *predictions, const struct judge_case *given, struct fault *fault)
{
    double classes[METRIC_CLASSES_MAX], *said;
    size_t count = given->class_count;
    if (!count)
        return 0;
    if (prepare_numbers(predictions, "prediction", &said, fault))
        return fault_set(fault, MRPC_INTERNAL, "the model gave no numbers as predictions");
    memcpy(classes, given->classes, count * sizeof *classes);
    bool known = !metric_collect_classes(said, (size_t)table_rows(&predictions->array), classes, &count) &&
                 count == given->class_count;
    free(said);
    return known ? 0 : fault_set(fault, MRPC_INTERNAL, "the model predicted a class that the target does not have");
}

/* ---- One fold ---- */

static API(FoldResult) * new_fold(struct operation *operation)
{
    API(FoldResult) *fold = API_NEW(operation->arena, FoldResult, fold_result);
    if (!operation->folds)
        operation->folds = mrpc_arena_calloc(operation->arena, operation->plan.count + 1, sizeof *operation->folds);
    if (fold && operation->folds)
        operation->folds[operation->fold_index] = fold;
    return operation->folds ? fold : NULL;
}

static int judge_part(struct operation *operation, const struct table *rows, const struct table *predictions,
                      const double *actual, struct judge_case *given, struct judge_list list, struct fault *fault)
{
    given->rows = rows;
    given->predictions = predictions;
    given->actual = actual;
    given->count = (size_t)table_rows(&rows->array);
    int code = check_classes(predictions, given, fault);
    return code ? code : judge_predictions(operation, operation->model->task, given, list, fault);
}

static int judge_parts(struct operation *operation, API(FoldResult) * fold, const struct truth *truth,
                       struct fault *fault)
{
    struct judge_case given = {.naive_step = truth->naive_step};
    bool series = operation->train->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
    take_transform(series && !operation->plan.order ? operation->train->features : NULL, &given);
    take_classes(operation, &given);
    int code = judge_part(operation, operation->train_part, operation->train_predictions, truth->train, &given,
                          (struct judge_list){&fold->n_train_metrics, &fold->train_metrics}, fault);
    if (code || !operation->test_part)
        return code;
    if (operation->result->confusion)
        given.confusion = operation->result->confusion->counts;
    code = judge_part(operation, operation->test_part, operation->test_predictions, truth->test, &given,
                      (struct judge_list){&fold->n_test_metrics, &fold->test_metrics}, fault);
    return code ? code
                : judge_baselines(operation, operation->model->task, &given, truth->all, &operation->fold,
                                  (struct judge_list){&fold->n_baseline_metrics, &fold->baseline_metrics}, fault);
}

int validator_judge_fold(struct operation *operation, struct fault *fault)
{
    API(FoldResult) *fold = new_fold(operation);
    struct truth truth = {.all = NULL};
    int code = fold ? describe_split(operation, &fold->split, fault) : no_memory(fault);
    if (!code)
        code = find_truth(operation, &truth, fault);
    if (!code && truth.all && strcmp(operation->model->task, "classification") == 0)
        code = find_classes(operation, truth.all, (size_t)table_rows(&operation->table->array), fault);
    if (!code)
        code = judge_parts(operation, fold, &truth, fault);
    forget_truth(&truth);
    return code;
}

/* ---- All folds ---- */

struct metrics_of {
    size_t count;
    API(Metric) * *metrics;
};

static struct metrics_of train_metrics(const API(FoldResult) * fold)
{
    return (struct metrics_of){fold->n_train_metrics, fold->train_metrics};
}

static struct metrics_of test_metrics(const API(FoldResult) * fold)
{
    return (struct metrics_of){fold->n_test_metrics, fold->test_metrics};
}

static struct metrics_of baseline_metrics(const API(FoldResult) * fold)
{
    return (struct metrics_of){fold->n_baseline_metrics, fold->baseline_metrics};
}

static double value_of(struct metrics_of metrics, const char *name)
{
    for (size_t i = 0; i < metrics.count; i++)
        if (strcmp(metrics.metrics[i]->name, name) == 0)
            return metrics.metrics[i]->value;
    return NAN;
}

static int put_spread(struct operation *operation, struct metrics_of (*of)(const API(FoldResult) * fold),
                      const char *name, struct judge_list list, struct fault *fault)
{
    double values[FOLDS_MAX], mean, deviation;
    char longer[80];
    size_t count = operation->plan.count;
    for (size_t i = 0; i < count; i++)
        values[i] = value_of(of(operation->folds[i]), name);
    metric_spread(values, count, &mean, &deviation);
    int code = operation_add_metric(operation, list.count, list.metrics, name, mean, fault);
    if (code || count == 1)
        return code;
    snprintf(longer, sizeof longer, "%s.deviation", name);
    return operation_add_metric(operation, list.count, list.metrics, longer, deviation, fault);
}

/* The first fold names the metrics; of one fold the mean is the fold's own. */
static int put_all(struct operation *operation, struct metrics_of (*of)(const API(FoldResult) * fold),
                   struct judge_list list, struct fault *fault)
{
    struct metrics_of first = of(operation->folds[0]);
    int code = 0;
    for (size_t i = 0; !code && i < first.count; i++)
        code = put_spread(operation, of, first.metrics[i]->name, list, fault);
    return code;
}

int validator_summarise(struct operation *operation, struct fault *fault)
{
    API(JobResult) *result = operation->result;
    size_t count = operation->plan.count;
    result->split = operation->folds[count - 1]->split;
    int code = put_all(operation, train_metrics,
                       (struct judge_list){&result->n_train_metrics, &result->train_metrics}, fault);
    if (!code)
        code = put_all(operation, test_metrics, (struct judge_list){&result->n_test_metrics, &result->test_metrics},
                       fault);
    if (!code)
        code = put_all(operation, baseline_metrics,
                       (struct judge_list){&result->n_baseline_metrics, &result->baseline_metrics}, fault);
    if (count > 1) {
        result->n_folds = count;
        result->folds = operation->folds;
    }
    return code;
}

/* ---- Evaluation ---- */

static const char *task_of(const struct operation *operation)
{
    struct fault ignored = FAULT_INIT;
    const struct catalog_model *model = NULL;
    if (catalog_require(operation->catalog, operation->artifact.header->model, CATALOG_PREDICT, "", &model, &ignored))
        return "regression"; /* a model that is gone: what can be said of any number */
    return model->task;
}

/* What occurs in the data or was said of it: an artifact may know classes that these rows do not have. */
static int find_all_classes(struct operation *operation, const double *actual, size_t count, struct fault *fault)
{
    double *said, *both;
    if (prepare_numbers(operation->output, "prediction", &said, fault))
        return fault_set(fault, MRPC_INTERNAL, "the model gave no numbers as predictions");
    size_t more = (size_t)table_rows(&operation->output->array);
    both = malloc((count + more + 1) * sizeof *both);
    if (both && count)
        memcpy(both, actual, count * sizeof *both);
    if (both && more)
        memcpy(both + count, said, more * sizeof *both);
    int code = both ? find_classes(operation, both, count + more, fault) : no_memory(fault);
    free(said);
    free(both);
    return code;
}

int validator_judge_evaluation(struct operation *operation, struct fault *fault)
{
    API(JobResult) *result = operation->result;
    struct judge_case given = {.naive_step = NAN,
                               .rows = operation->table,
                               .predictions = operation->output,
                               .count = (size_t)table_rows(&operation->table->array)};
    const char *task = task_of(operation);
    double *actual = NULL;
    result->row_count = given.count;
    int code = operation->target && judge_needs_target(task)
                   ? prepare_numbers(operation->table, operation->target, &actual, fault)
                   : 0;
    if (!code && actual && strcmp(task, "classification") == 0)
        code = find_all_classes(operation, actual, given.count, fault);
    given.actual = actual;
    take_transform(operation->artifact.header->feature_spec, &given);
    take_classes(operation, &given);
    if (result->confusion)
        given.confusion = result->confusion->counts;
    if (!code)
        code = judge_predictions(operation, task, &given,
                                 (struct judge_list){&result->n_test_metrics, &result->test_metrics}, fault);
    free(actual);
    return code;
}
