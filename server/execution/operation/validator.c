/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/validator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/feature/metrics.h"
#include "execution/operation/prepare.h"

static int put(struct operation *operation, size_t *count, API(Metric) * **list, const char *prefix,
               const struct metric_regression *metrics, struct fault *fault)
{
    const struct {
        const char *name;
        double value;
    } all[] = {{"rmse", metrics->rmse}, {"mae", metrics->mae}, {"r2", metrics->r2}};
    for (size_t i = 0; i < 3; i++) {
        char name[40];
        snprintf(name, sizeof name, "%s%s", prefix, all[i].name);
        if (operation_add_metric(operation, count, list, name, all[i].value, fault))
            return fault->code;
    }
    return 0;
}

/* Read "prediction" and check that there is one a row. */
static int read_predictions(const struct table *predictions, int64_t rows, double **out, struct fault *fault)
{
    if (table_rows(&predictions->array) != rows)
        return fault_set(fault, MRPC_INTERNAL, "the model gave %lld predictions for %lld rows",
                         (long long)table_rows(&predictions->array), (long long)rows);
    int code = prepare_numbers(predictions, "prediction", out, fault);
    return code ? fault_set(fault, MRPC_INTERNAL, "the model gave no numbers as predictions") : 0;
}

static int judge_part(struct operation *operation, const struct table *predictions, const double *actual, int64_t rows,
                      size_t *count, API(Metric) * **list, struct fault *fault)
{
    double *predicted;
    int code = read_predictions(predictions, rows, &predicted, fault);
    if (code)
        return code;
    struct metric_regression metrics;
    metric_regression(actual, predicted, (size_t)rows, &metrics);
    free(predicted);
    return put(operation, count, list, "", &metrics, fault);
}

static int judge_baselines(struct operation *operation, const double *all, struct fault *fault)
{
    const struct split *split = &operation->split;
    API(JobResult) *result = operation->result;
    size_t first = split->test_first, count = split->test_rows;
    bool series = operation->train->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
    size_t horizon = series && operation->train->features->horizon ? operation->train->features->horizon : 1;
    struct metric_regression metrics;
    metric_constant(all + first, metric_mean(all, split->train_rows), count, &metrics);
    int code = put(operation, &result->n_baseline_metrics, &result->baseline_metrics, "mean.", &metrics, fault);
    if (code)
        return code;
    metric_last_value(all, first, count, horizon, &metrics);
    return put(operation, &result->n_baseline_metrics, &result->baseline_metrics, "last.", &metrics, fault);
}

static char *time_of(struct operation *operation, uint64_t table_row)
{
    char text[32];
    uint64_t row = operation->features.rows ? operation->features.rows[table_row] : table_row;
    prepare_time_text(operation->input, operation->train->time_column, row, text, sizeof text);
    return mrpc_arena_strdup(operation->arena, text);
}

static int describe_split(struct operation *operation, struct fault *fault)
{
    const struct split *split = &operation->split;
    API(SplitSummary) *summary = API_NEW(operation->arena, SplitSummary, split_summary);
    if (!summary)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    summary->train_rows = split->train_rows;
    summary->test_rows = split->test_rows;
    summary->dropped_rows = (uint64_t)table_rows(&operation->input->array) - split->train_rows - split->test_rows;
    summary->train_begin = time_of(operation, 0);
    summary->train_end = time_of(operation, split->train_rows - 1);
    if (split->test_rows) {
        summary->test_begin = time_of(operation, split->test_first);
        summary->test_end = time_of(operation, split->test_first + split->test_rows - 1);
    }
    operation->result->split = summary;
    bool whole = summary->train_begin && summary->train_end && summary->test_begin && summary->test_end;
    return whole ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int judge_regression(struct operation *operation, const double *all, struct fault *fault)
{
    const struct split *split = &operation->split;
    API(JobResult) *result = operation->result;
    int code = judge_part(operation, operation->train_predictions, all, (int64_t)split->train_rows,
                          &result->n_train_metrics, &result->train_metrics, fault);
    if (!code && split->test_rows)
        code = judge_part(operation, operation->test_predictions, all + split->test_first, (int64_t)split->test_rows,
                          &result->n_test_metrics, &result->test_metrics, fault);
    if (!code && split->test_rows)
        code = judge_baselines(operation, all, fault);
    return code;
}

int validator_judge_training(struct operation *operation, struct fault *fault)
{
    int code = describe_split(operation, fault);
    if (code || !operation->target || strcmp(operation->model->task, "regression") != 0)
        return code;
    double *all;
    code = prepare_numbers(operation->table, operation->target, &all, fault);
    if (code)
        return code;
    code = judge_regression(operation, all, fault);
    free(all);
    return code;
}

int validator_judge_evaluation(struct operation *operation, struct fault *fault)
{
    double *actual;
    int code = prepare_numbers(operation->table, operation->target, &actual, fault);
    if (code)
        return code;
    operation->result->row_count = (uint64_t)table_rows(&operation->table->array);
    code = judge_part(operation, operation->output, actual, table_rows(&operation->table->array),
                      &operation->result->n_test_metrics, &operation->result->test_metrics, fault);
    free(actual);
    return code;
}
