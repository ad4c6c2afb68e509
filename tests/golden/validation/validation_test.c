/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/feature/folds.h"
#include "execution/feature/metric_classes.h"
#include "execution/feature/metric_groups.h"
#include "execution/feature/metric_returns.h"
#include "execution/feature/metrics.h"
#include "execution/feature/scaler.h"
#include "figures.h"
#include "test.h"

/* Validation against scikit-learn, SciPy and NumPy: make.py says how the figures came about. */

static void rows_are(const uint64_t *rows, uint64_t count, const char *which, size_t fold, const char *part)
{
    char name[64];
    size_t wanted;
    snprintf(name, sizeof name, "%s.%zu.%s", which, fold, part);
    const double *values = figures(name, &wanted);
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < wanted; i++)
        assert_true((double)rows[i] == values[i]);
}

static void folds_are(const struct fold_spec *spec, uint64_t rows, size_t count, const char *name)
{
    struct fault fault = FAULT_INIT;
    struct fold_plan plan;
    assert_int_equal(fold_plan_make(spec, rows, &plan, &fault), 0);
    assert_int_equal(plan.count, count);
    for (size_t i = 0; i < count; i++) {
        struct fold fold;
        assert_int_equal(fold_cut(&plan, i, &fold, &fault), 0);
        rows_are(fold.train, fold.train_rows, name, i, "train");
        rows_are(fold.test, fold.test_rows, name, i, "test");
        fold_fini(&fold);
    }
    fold_plan_fini(&plan);
}

static void folds_are_those_of_scikit_learn(void **state)
{
    folds_are(&(struct fold_spec){.method = FOLD_K_FOLD, .folds = 4}, 11, 4, "k_fold");
    struct fold_spec walk = {.method = FOLD_WALK_FORWARD, .train_rows = 6, .test_rows = 4, .embargo_rows = 2};
    folds_are(&walk, 20, 3, "rolling");
    folds_are(&walk, 23, 3, "rolling"); /* three rows more fill no window */
    walk.expanding = true;
    folds_are(&walk, 20, 3, "expanding");
}

static void classes_are_judged_as_scikit_learn_does(void **state)
{
    static const char *const names[] = {"two", "three"};
    for (size_t i = 0; i < 2; i++) {
        char name[64];
        const double *probabilities[3], *confusion;
        struct metric_predicted_classes given = {.probabilities = probabilities};
        struct metric_classification metrics;
        uint64_t counted[9] = {0};
#define NAME(suffix) (snprintf(name, sizeof name, "%s.%s", names[i], suffix), name)
        given.actual = figures(NAME("actual"), &given.count);
        given.predicted = figures(NAME("predicted"), NULL);
        given.classes = figures(NAME("classes"), &given.class_count);
        for (size_t k = 0; k < given.class_count; k++) {
            char column[40];
            snprintf(column, sizeof column, "probability.%zu", k);
            probabilities[k] = figures(NAME(column), NULL);
        }
        assert_int_equal(metric_classification(&given, counted, &metrics), 0);
        figure_is(metrics.accuracy, NAME("accuracy"));
        figure_is(metrics.f1, NAME("f1"));
        figure_is(metrics.log_loss, NAME("log_loss"));
        figure_is(metrics.auc, NAME("auc"));
        confusion = figures(NAME("confusion"), NULL);
        for (size_t k = 0; k < given.class_count * given.class_count; k++)
            assert_true((double)counted[k] == confusion[k]);
#undef NAME
    }
}

static void groups_are_judged_as_scikit_learn_does(void **state)
{
    struct metric_groups metrics;
    size_t count;
    const double *columns[] = {figures("groups.x", &count), figures("groups.y", NULL)};
    assert_int_equal(metric_groups(columns, 2, figures("groups.labels", NULL), count, &metrics), 0);
    assert_int_equal(metrics.groups, 4);
    figure_is(metrics.silhouette, "groups.silhouette");
    figure_is(metrics.calinski_harabasz, "groups.calinski_harabasz");
    figure_is(metrics.davies_bouldin, "groups.davies_bouldin");
}

static void forecasts_are_judged_by_their_errors(void **state)
{
    struct metric_regression metrics;
    size_t count, training_count;
    const double *actual = figures("forecast.actual", &count), *predicted = figures("forecast.predicted", NULL);
    const double *training = figures("forecast.training", &training_count);
    double lower[64], upper[64];
    metric_regression(actual, predicted, count, &metrics);
    figure_is(metrics.rmse, "forecast.rmse");
    figure_is(metrics.mae, "forecast.mae");
    figure_is(metrics.r2, "forecast.r2");
    figure_is(metrics.mae / metric_naive_step(training, training_count), "forecast.mase");
    for (size_t i = 0; i < count; i++) {
        lower[i] = predicted[i] - 1;
        upper[i] = predicted[i] + 1;
    }
    figure_is(metric_coverage(actual, lower, upper, count), "forecast.coverage");
}

static void returns_and_risk_are_judged_as_defined(void **state)
{
    struct metric_returns metrics;
    struct metric_breaches breaches;
    size_t count;
    const double *returns = figures("returns", &count);
    double at_risk[512];
    for (size_t i = 0; i < count; i++)
        at_risk[i] = 0.028;
    metric_returns(returns, count, &metrics);
    figure_is(metrics.sharpe, "returns.sharpe");
    figure_is(metrics.max_drawdown, "returns.max_drawdown");
    figure_is(metrics.total_return, "returns.total_return");
    metric_breaches(returns, at_risk, count, 0.05, &breaches);
    figure_is(breaches.share, "risk.breaches");
    figure_is(breaches.kupiec, "risk.kupiec");
}

static struct table *column_table(void)
{
    struct fault fault = FAULT_INIT;
    struct table_column column;
    size_t count;
    const double *values = figures("column", &count);
    struct table *table = table_new((int64_t)count);
    assert_int_equal(table_add(table, "x", "g", 0, 1, &column, &fault), 0);
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i])) {
            ((double *)column.values)[i] = values[i];
            column.validity[i / 8] |= (uint8_t)(1 << i % 8);
        }
    table_set_null_count(table, 0, 2);
    return table;
}

static void features_are_made_ready_as_scikit_learn_does(void **state)
{
    static const struct {
        enum scaler_fill fill;
        enum scaler_scale scale;
        const char *name;
    } cases[] = {
        {SCALER_FILL_MEAN, SCALER_SCALE_STANDARD, "column.mean.standard"},
        {SCALER_FILL_MEAN, SCALER_SCALE_MIN_MAX, "column.mean.min_max"},
        {SCALER_FILL_MEAN, SCALER_SCALE_ROBUST, "column.mean.robust"},
        {SCALER_FILL_MEDIAN, SCALER_SCALE_STANDARD, "column.median.standard"},
        {SCALER_FILL_MEDIAN, SCALER_SCALE_MIN_MAX, "column.median.min_max"},
        {SCALER_FILL_MEDIAN, SCALER_SCALE_ROBUST, "column.median.robust"},
    };
    const char *const names[] = {"x"};
    struct table *table = column_table();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault fault = FAULT_INIT;
        struct scaler_column how;
        struct table_column column;
        struct table *ready;
        size_t count;
        const double *wanted = figures(cases[i].name, &count);
        assert_int_equal(scaler_fit(table, names, 1, cases[i].fill, cases[i].scale, &how, &fault), 0);
        assert_int_equal(scaler_apply(table, &how, 1, &ready, &fault), 0);
        table_column_view(&ready->schema, &ready->array, 0, &column);
        assert_null(column.validity);
        for (size_t row = 0; row < count; row++)
            assert_true(fabs(((double *)column.values)[row] - wanted[row]) < 1e-12);
        table_free(ready);
    }
    table_free(table);
}

static int open_figures(void **state)
{
    figures_open(FIGURES);
    return 0;
}

static int close_figures(void **state)
{
    figures_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_are_those_of_scikit_learn),
        cmocka_unit_test(classes_are_judged_as_scikit_learn_does),
        cmocka_unit_test(groups_are_judged_as_scikit_learn_does),
        cmocka_unit_test(forecasts_are_judged_by_their_errors),
        cmocka_unit_test(returns_and_risk_are_judged_as_defined),
        cmocka_unit_test(features_are_made_ready_as_scikit_learn_does),
    };
    return cmocka_run_group_tests_name("validation", tests, open_figures, close_figures);
}
