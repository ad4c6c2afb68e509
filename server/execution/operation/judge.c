/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/feature/metric_groups.h"
#include "execution/feature/metric_returns.h"
#include "execution/feature/metrics.h"
#include "execution/operation/prepare.h"

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* One case, its predictions read, and where its metrics go. */
struct judge {
    struct operation *operation;
    const struct judge_case *given;
    const double *predicted;
    struct judge_list list;
    struct fault *fault;
};

static int put(const struct judge *judge, const char *prefix, const char *name, double value)
{
    char full[64];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return operation_add_metric(judge->operation, judge->list.count, judge->list.metrics, full, value, judge->fault);
}

static bool has_column(const struct table *table, const char *name)
{
    return table_find(&table->schema, name) >= 0;
}

/* ---- Numbers ---- */

static int put_regression(const struct judge *judge, const char *prefix, const struct metric_regression *metrics)
{
    int code = put(judge, prefix, "rmse", metrics->rmse);
    if (!code)
        code = put(judge, prefix, "mae", metrics->mae);
    return code ? code : put(judge, prefix, "r2", metrics->r2);
}

static double simple_return(const struct judge_case *given, size_t row)
{
    return given->target_is_log ? expm1(given->actual[row]) : given->actual[row];
}

static int put_returns(const struct judge *judge, const char *prefix, const double *returns)
{
    struct metric_returns metrics;
    metric_returns(returns, judge->given->count, &metrics);
    int code = put(judge, prefix, "sharpe", metrics.sharpe);
    if (!code)
        code = put(judge, prefix, "max_drawdown", metrics.max_drawdown);
    return code ? code : put(judge, prefix, "total_return", metrics.total_return);
}

/* What it would have brought to go with the sign of each prediction. */
static int judge_strategy(const struct judge *judge)
{
    const struct judge_case *given = judge->given;
    size_t hits = 0;
    if (!given->target_is_return || !given->count)
        return 0;
    double *earned = malloc(given->count * sizeof *earned);
    if (!earned)
        return no_memory(judge->fault);
    for (size_t i = 0; i < given->count; i++) {
        double sign = (judge->predicted[i] > 0) - (judge->predicted[i] < 0);
        earned[i] = sign * simple_return(given, i);
        hits += earned[i] > 0;
    }
    int code = put_returns(judge, "", earned);
    free(earned);
    return code ? code : put(judge, "", "hit_rate", (double)hits / (double)given->count);
}

static const struct {
    const char *column;
    double promised;
} risk_columns[] = {{"var_95", 0.05}, {"var_99", 0.01}};

static int put_breaches(const struct judge *judge, const char *prefix, size_t which, const double *returns,
                        const double *at_risk)
{
    struct metric_breaches breaches;
    char name[32];
    metric_breaches(returns, at_risk, judge->given->count, risk_columns[which].promised, &breaches);
    snprintf(name, sizeof name, "%s.breaches", risk_columns[which].column);
    int code = put(judge, prefix, name, breaches.share);
    snprintf(name, sizeof name, "%s.kupiec", risk_columns[which].column);
    return code ? code : put(judge, prefix, name, breaches.kupiec);
}

static int judge_risk(const struct judge *judge)
{
    int code = 0;
    for (size_t i = 0; !code && i < sizeof risk_columns / sizeof *risk_columns; i++) {
        double *at_risk;
        if (!has_column(judge->given->predictions, risk_columns[i].column))
            continue;
        code = prepare_numbers(judge->given->predictions, risk_columns[i].column, &at_risk, judge->fault);
        if (code)
            break;
        code = put_breaches(judge, "", i, judge->given->actual, at_risk);
        free(at_risk);
    }
    return code;
}

static int judge_regression(const struct judge *judge)
{
    struct metric_regression metrics;
    metric_regression(judge->given->actual, judge->predicted, judge->given->count, &metrics);
    int code = put_regression(judge, "", &metrics);
    if (!code)
        code = judge_strategy(judge);
    return code ? code : judge_risk(judge);
}

static int judge_forecast(const struct judge *judge)
{
    const struct judge_case *given = judge->given;
    struct metric_regression metrics;
    double *lower = NULL, *upper = NULL;
    int code = judge_regression(judge);
    metric_regression(given->actual, judge->predicted, given->count, &metrics);
    if (!code && !isnan(given->naive_step))
        code = put(judge, "", "mase", metrics.mae / given->naive_step);
    if (code || !has_column(given->predictions, "lower") || !has_column(given->predictions, "upper"))
        return code;
    code = prepare_numbers(given->predictions, "lower", &lower, judge->fault);
    if (!code)
        code = prepare_numbers(given->predictions, "upper", &upper, judge->fault);
    if (!code)
        code = put(judge, "", "coverage", metric_coverage(given->actual, lower, upper, given->count));
    free(lower);
    free(upper);
    return code;
}

/* ---- Classes ---- */

static int put_classification(const struct judge *judge, const char *prefix, const double *predicted,
                              const double *const *probabilities, uint64_t *confusion)
{
    const struct judge_case *given = judge->given;
    struct metric_predicted_classes classes = {.actual = given->actual,
                                               .predicted = predicted,
                                               .count = given->count,
                                               .classes = given->classes,
                                               .class_count = given->class_count,
                                               .probabilities = probabilities};
    struct metric_classification metrics;
    if (metric_classification(&classes, confusion, &metrics))
        return no_memory(judge->fault);
    int code = put(judge, prefix, "accuracy", metrics.accuracy);
    if (!code)
        code = put(judge, prefix, "f1", metrics.f1);
    if (!code && probabilities)
        code = put(judge, prefix, "log_loss", metrics.log_loss);
    return code || !probabilities ? code : put(judge, prefix, "auc", metrics.auc);
}

/* A class that the training part did not have has no column: its probability is 0. */
static int read_probabilities(const struct judge *judge, double **columns, bool *any)
{
    const struct judge_case *given = judge->given;
    for (size_t i = 0; i < given->class_count; i++) {
        char name[48];
        snprintf(name, sizeof name, "probability_%.0f", given->classes[i]);
        bool there = has_column(given->predictions, name);
        *any |= there;
        if (there && prepare_numbers(given->predictions, name, &columns[i], judge->fault))
            return judge->fault->code;
        if (!there && !(columns[i] = calloc(given->count + 1, sizeof **columns)))
            return no_memory(judge->fault);
    }
    return 0;
}

static int judge_classification(const struct judge *judge)
{
    double *columns[METRIC_CLASSES_MAX] = {NULL};
    bool any = false;
    int code = read_probabilities(judge, columns, &any);
    if (!code)
        code = put_classification(judge, "", judge->predicted, any ? (const double *const *)columns : NULL,
                                  judge->given->confusion);
    for (size_t i = 0; i < judge->given->class_count; i++)
        free(columns[i]);
    return code;
}

/* ---- Groups ---- */

static int judge_clustering(const struct judge *judge)
{
    struct operation *operation = judge->operation;
    double **columns = calloc(operation->feature_count + 1, sizeof *columns);
    struct metric_groups metrics = {0};
    int code = columns ? 0 : no_memory(judge->fault);
    for (size_t i = 0; !code && i < operation->feature_count; i++)
        code = prepare_numbers(judge->given->rows, operation->feature_names[i], &columns[i], judge->fault);
    if (!code && metric_groups((const double *const *)columns, operation->feature_count, judge->predicted,
                               judge->given->count, &metrics))
        code = no_memory(judge->fault);
    for (size_t i = 0; columns && i < operation->feature_count; i++)
        free(columns[i]);
    free(columns);
    if (!code)
        code = put(judge, "", "groups", (double)metrics.groups);
    if (!code && judge->given->count <= METRIC_SILHOUETTE_ROWS_MAX)
        code = put(judge, "", "silhouette", metrics.silhouette);
    if (!code)
        code = put(judge, "", "calinski_harabasz", metrics.calinski_harabasz);
    return code ? code : put(judge, "", "davies_bouldin", metrics.davies_bouldin);
}

/* ---- By task ---- */

static const struct judge_task {
    const char *task;
    bool needs_target;
    int (*judge)(const struct judge *judge);
} tasks[] = {
    {"regression", true, judge_regression},
    {"forecast", true, judge_forecast},
    {"classification", true, judge_classification},
    {"clustering", false, judge_clustering},
};

static const struct judge_task *find_task(const char *name)
{
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].task, name) == 0)
            return &tasks[i];
    return NULL;
}

bool judge_needs_target(const char *task)
{
    const struct judge_task *found = find_task(task);
    return !found || found->needs_target;
}

int judge_predictions(struct operation *operation, const char *task, const struct judge_case *given,
                      struct judge_list list, struct fault *fault)
{
    const struct judge_task *found = find_task(task);
    double *predicted;
    if (!found || (found->needs_target && !given->actual))
        return 0;
    if ((size_t)table_rows(&given->predictions->array) != given->count)
        return fault_set(fault, MRPC_INTERNAL, "the model gave %lld predictions for %zu rows",
                         (long long)table_rows(&given->predictions->array), given->count);
    if (prepare_numbers(given->predictions, "prediction", &predicted, fault))
        return fault_set(fault, MRPC_INTERNAL, "the model gave no numbers as predictions");
    struct judge judge = {operation, given, predicted, list, fault};
    int code = found->judge(&judge);
    free(predicted);
    return code;
}

/* ---- Baselines ---- */

static double training_mean(const double *all, const struct fold *fold)
{
    double sum = 0;
    for (uint64_t i = 0; i < fold->train_rows; i++)
        sum += all[fold->train[i]];
    return fold->train_rows ? sum / (double)fold->train_rows : NAN;
}

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* What risk was in training, for each row of the test. */
static int historical_risk(const struct judge *judge, size_t which, const double *all, const struct fold *fold)
{
    size_t rows = (size_t)fold->train_rows, count = judge->given->count;
    double *sorted = malloc((rows + 1) * sizeof *sorted), *at_risk = malloc((count + 1) * sizeof *at_risk);
    int code = sorted && at_risk && rows ? 0 : no_memory(judge->fault);
    for (size_t i = 0; !code && i < rows; i++)
        sorted[i] = all[fold->train[i]];
    if (!code) {
        qsort(sorted, rows, sizeof *sorted, by_value);
        for (size_t i = 0; i < count; i++)
            at_risk[i] = -sorted[(size_t)(risk_columns[which].promised * (double)(rows - 1))];
        code = put_breaches(judge, "historical.", which, judge->given->actual, at_risk);
    }
    free(sorted);
    free(at_risk);
    return code;
}

static int hold_returns(const struct judge *judge)
{
    const struct judge_case *given = judge->given;
    double *held = malloc((given->count + 1) * sizeof *held);
    if (!held)
        return no_memory(judge->fault);
    for (size_t i = 0; i < given->count; i++)
        held[i] = simple_return(given, i);
    int code = put_returns(judge, "hold.", held);
    free(held);
    return code;
}

static size_t horizon_of(const struct operation *operation)
{
    bool series = operation->train->columns_case == MLTRAINER__EXECUTION__V1__TRAIN_SPEC__COLUMNS_FEATURES;
    return series && operation->train->features->horizon ? operation->train->features->horizon : 1;
}

static int number_baselines(const struct judge *judge, const double *all, const struct fold *fold)
{
    const struct judge_case *given = judge->given;
    struct metric_regression metrics;
    metric_constant(given->actual, training_mean(all, fold), given->count, &metrics);
    int code = put_regression(judge, "mean.", &metrics);
    if (code || judge->operation->plan.order) /* rows drawn at random have no row before */
        return code;
    metric_last_value(all, fold->test, (size_t)fold->test_rows, horizon_of(judge->operation), &metrics);
    code = put_regression(judge, "last.", &metrics);
    if (!code && given->target_is_return)
        code = hold_returns(judge);
    for (size_t i = 0; !code && i < sizeof risk_columns / sizeof *risk_columns; i++)
        if (has_column(given->predictions, risk_columns[i].column))
            code = historical_risk(judge, i, all, fold);
    return code;
}

/* The class that training saw most, and as probabilities the shares that it saw. */
static int class_baselines(const struct judge *judge, const double *all, const struct fold *fold)
{
    const struct judge_case *given = judge->given;
    size_t seen[METRIC_CLASSES_MAX] = {0}, most = 0, count = given->count;
    const double *columns[METRIC_CLASSES_MAX];
    for (uint64_t i = 0; i < fold->train_rows; i++)
        for (size_t k = 0; k < given->class_count; k++)
            seen[k] += all[fold->train[i]] == given->classes[k];
    double *room = malloc((given->class_count + 1) * (count + 1) * sizeof *room), *predicted = room;
    if (!room)
        return no_memory(judge->fault);
    for (size_t k = 0; k < given->class_count; k++) {
        double *column = room + (k + 1) * (count + 1), share = (double)seen[k] / (double)fold->train_rows;
        most = seen[k] > seen[most] ? k : most;
        for (size_t i = 0; i < count; i++)
            column[i] = share;
        columns[k] = column;
    }
    for (size_t i = 0; i < count; i++)
        predicted[i] = given->classes[most];
    int code = put_classification(judge, "majority.", predicted, columns, NULL);
    free(room);
    return code;
}

int judge_baselines(struct operation *operation, const char *task, const struct judge_case *given, const double *all,
                    const struct fold *fold, struct judge_list list, struct fault *fault)
{
    const struct judge judge = {operation, given, NULL, list, fault};
    if (!all || !given->count || !find_task(task))
        return 0;
    if (strcmp(task, "classification") == 0)
        return class_baselines(&judge, all, fold);
    return judge_needs_target(task) ? number_baselines(&judge, all, fold) : 0;
}
