/* SPDX-License-Identifier: Apache-2.0 */
/* Linear regression where the textbook ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker_bench.h"

static struct worker_bench bench;

static struct mltrainer_parameter number(const char *name, double value)
{
    return (struct mltrainer_parameter){
        .size = sizeof(struct mltrainer_parameter), .kind = MLTRAINER_NUMBER, .name = name, .number = value};
}

static struct table *table_of(int64_t rows, const char *const *names, const double *values)
{
    struct table *table = table_new(rows);
    size_t columns = 0;

    while (names[columns])
        columns++;
    for (size_t i = 0; i < columns; i++) {
        struct table_column column;
        assert_int_equal(table_add(table, names[i], "g", 0, 0, &column, NULL), 0);
        for (int64_t row = 0; row < rows; row++)
            ((double *)column.values)[row] = values[(size_t)row * columns + i];
    }
    return table;
}

static struct process_task task_of(enum process_operation operation, const char *algorithm, const struct table *table)
{
    return (struct process_task){.operation = operation,
                                 .plugin_path = worker_bench_plugin("linear"),
                                 .algorithm = algorithm,
                                 .schema = &table->schema,
                                 .array = &table->array,
                                 .target = "y"};
}

static void train(const char *algorithm, const struct table *table, const struct mltrainer_parameter *parameter,
                  const char *weight, struct outcome *outcome)
{
    struct process_task task = task_of(PROCESS_TRAIN, algorithm, table);

    task.parameters = &parameter;
    task.parameter_count = parameter != NULL;
    task.weight = weight;
    worker_bench_run(&bench, &task, outcome);
}

/* The first row's prediction by a model trained on @table. */
static double fit_and_predict(const char *algorithm, const struct table *table,
                              const struct mltrainer_parameter *parameter, const char *weight)
{
    struct process_task task = task_of(PROCESS_PREDICT, algorithm, table);
    struct outcome trained, predicted;

    train(algorithm, table, parameter, weight, &trained);
    if (trained.fault.code)
        fail_msg("%s", trained.fault.text);
    task.artifact = trained.artifact;
    task.artifact_bytes = trained.artifact_bytes;
    worker_bench_run(&bench, &task, &predicted);
    assert_int_equal(predicted.fault.code, 0);
    double value = table_numbers(predicted.table, "prediction")[0];
    outcome_free(&trained);
    outcome_free(&predicted);
    return value;
}

static const char *const xy[] = {"x", "y", NULL};

static void one_row_is_met_exactly(void **state)
{
    struct table *table = table_of(1, xy, (double[]){3, 7});

    assert_true(fit_and_predict("ols", table, NULL, NULL) == 7);
    assert_true(fit_and_predict("ridge", table, NULL, NULL) == 7);
    assert_true(fit_and_predict("lasso", table, NULL, NULL) == 7);
    assert_true(fit_and_predict("elastic_net", table, NULL, NULL) == 7);
    table_free(table);
}

static void constant_feature_counts_for_nothing(void **state)
{
    struct table *table = table_of(4, xy, (double[]){5, 1, 5, 2, 5, 3, 5, 6});

    assert_true(fabs(fit_and_predict("ols", table, NULL, NULL) - 3) < 1e-12);
    assert_true(fabs(fit_and_predict("ridge", table, NULL, NULL) - 3) < 1e-12);
    assert_true(fabs(fit_and_predict("lasso", table, NULL, NULL) - 3) < 1e-12);
    table_free(table);
}

static void large_penalty_leaves_the_mean(void **state)
{
    struct mltrainer_parameter alpha = number("alpha", 1e9);
    struct table *table = table_of(4, xy, (double[]){1, 1, 2, 2, 3, 3, 4, 6});

    assert_true(fit_and_predict("lasso", table, &alpha, NULL) == 3);
    assert_true(fabs(fit_and_predict("ridge", table, &alpha, NULL) - 3) < 1e-6);
    table_free(table);
}

static void no_penalty_is_ordinary_least_squares(void **state)
{
    struct mltrainer_parameter alpha = number("alpha", 0);
    struct table *table = table_of(4, xy, (double[]){1, 1, 2, 2, 3, 3, 4, 6});
    double ols = fit_and_predict("ols", table, NULL, NULL);

    assert_true(fabs(ols - 0.6) < 1e-12);
    assert_true(fabs(fit_and_predict("ridge", table, &alpha, NULL) - ols) < 1e-12);
    assert_true(fabs(fit_and_predict("lasso", table, &alpha, NULL) - ols) < 1e-12);
    assert_true(fabs(fit_and_predict("elastic_net", table, &alpha, NULL) - ols) < 1e-12);
    table_free(table);
}

static void weight_two_is_a_row_twice(void **state)
{
    static const char *const names[] = {"x", "w", "y", NULL};
    static const char *const algorithms[] = {"ols", "ridge", "lasso", "elastic_net"};
    struct mltrainer_parameter alpha = number("alpha", 0.05);
    struct table *weighted = table_of(3, names, (double[]){1, 2, 1, 2, 1, 3, 4, 1, 2});
    struct table *repeated = table_of(4, xy, (double[]){1, 1, 1, 1, 2, 3, 4, 2});

    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(fit_and_predict(algorithms[i], weighted, &alpha, "w") -
                         fit_and_predict(algorithms[i], repeated, &alpha, NULL)) < 1e-4);
    table_free(weighted);
    table_free(repeated);
}

static void refuse(const struct table *table, const char *target, const char *feature, const char *weight,
                   const struct mltrainer_parameter *parameter, const char *field)
{
    struct process_task task = task_of(PROCESS_TRAIN, "ridge", table);
    struct outcome outcome;

    task.target = target;
    task.features = &feature;
    task.feature_count = feature != NULL;
    task.weight = weight;
    task.parameters = &parameter;
    task.parameter_count = parameter != NULL;
    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_INVALID_ARGUMENT);
    assert_string_equal(outcome.fault.field, field);
    outcome_free(&outcome);
}

static void wrong_calls_name_what_is_wrong(void **state)
{
    struct mltrainer_parameter alpha = number("alpha", -1);
    struct table *table = table_of(2, xy, (double[]){1, 2, 3, 4}), *empty = table_of(0, xy, NULL);
    struct table *negative = table_of(2, (const char *const[]){"x", "w", "y", NULL}, (double[]){1, -1, 2, 3, 1, 4});
    struct table_column text;

    assert_int_equal(table_add(table, "name", "u", 4, 0, &text, NULL), 0);
    refuse(table, NULL, NULL, NULL, NULL, "parameters.target");
    refuse(table, "z", NULL, NULL, NULL, "columns.z");
    refuse(table, "name", NULL, NULL, NULL, "columns.name");
    refuse(table, "y", "y", NULL, NULL, "parameters.features");
    refuse(table, "y", "z", NULL, NULL, "columns.z");
    refuse(table, "y", "name", NULL, NULL, "columns.name");
    refuse(table, "y", NULL, NULL, &alpha, "parameters.alpha");
    refuse(negative, "y", NULL, "w", NULL, "columns.w");
    refuse(empty, "y", NULL, NULL, NULL, "");
    table_free(table);
    table_free(empty);
    table_free(negative);
}

static void integers_floats_and_nulls_are_numbers_too(void **state)
{
    struct table *table = table_new(3);
    struct table_column x, y;

    assert_int_equal(table_add(table, "x", "i", 0, 0, &x, NULL), 0);
    assert_int_equal(table_add(table, "y", "f", 0, 0, &y, NULL), 0);
    for (int i = 0; i < 3; i++) {
        ((int32_t *)x.values)[i] = i;
        ((float *)y.values)[i] = (float)(2 * i + 1);
    }
    assert_true(fabs(fit_and_predict("ols", table, NULL, NULL) - 1) < 1e-12);
    table_free(table);
}

static void unfinished_descent_says_so(void **state)
{
    struct mltrainer_parameter passes = {
        .size = sizeof(passes), .kind = MLTRAINER_INTEGER, .name = "max_iter", .integer = 1};
    struct table *table = table_of(4, (const char *const[]){"x", "z", "y", NULL},
                                   (double[]){10, 11, 1, 20, 19, 30, 30, 32, 20, 40, 39, 70});
    struct outcome outcome;

    train("lasso", table, &passes, NULL, &outcome);
    assert_int_equal(outcome.fault.code, 0);
    assert_true(outcome_metric(&outcome, "converged") == 0);
    assert_true(outcome_metric(&outcome, "passes") == 1);
    assert_int_equal(outcome.logged, 1);
    outcome_free(&outcome);
    table_free(table);
}

static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc;
}

/* A checksum keeps accidents out, not intent: restore() must stand bytes whose checksum is right. */
static void forged_artifacts_never_crash_a_worker(void **state)
{
    struct table *table =
        table_of(3, (const char *const[]){"x", "z", "y", NULL}, (double[]){1, 2, 3, 4, 5, 7, 9, 8, 7});
    struct process_task task = task_of(PROCESS_PREDICT, "ols", table);
    struct outcome trained, outcome;

    train("ols", table, NULL, NULL, &trained);
    uint8_t *bytes = trained.artifact;
    size_t body = trained.artifact_bytes - 4;
    for (size_t i = 8; i < body; i++) {
        static const uint8_t forged[] = {0x00, 0x7f, 0xff};
        for (size_t f = 0; f < 3; f++) {
            uint8_t kept = bytes[i];
            bytes[i] = forged[f];
            uint32_t crc = crc32_of(bytes, body);
            memcpy(bytes + body, &crc, 4);
            task.artifact = bytes;
            task.artifact_bytes = trained.artifact_bytes;
            worker_bench_run(&bench, &task, &outcome);
            assert_int_equal(outcome.worker_lost, 0);
            assert_true(outcome.fault.code == MRPC_OK || outcome.fault.code == MRPC_DATA_LOSS ||
                        outcome.fault.code == MRPC_INVALID_ARGUMENT || outcome.fault.code == MRPC_INTERNAL);
            outcome_free(&outcome);
            bytes[i] = kept;
        }
    }
    outcome_free(&trained);
    table_free(table);
}

static int start(void **state)
{
    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    return 0;
}

static int stop(void **state)
{
    worker_bench_stop(&bench);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_row_is_met_exactly),
        cmocka_unit_test(constant_feature_counts_for_nothing),
        cmocka_unit_test(large_penalty_leaves_the_mean),
        cmocka_unit_test(no_penalty_is_ordinary_least_squares),
        cmocka_unit_test(weight_two_is_a_row_twice),
        cmocka_unit_test(wrong_calls_name_what_is_wrong),
        cmocka_unit_test(integers_floats_and_nulls_are_numbers_too),
        cmocka_unit_test(unfinished_descent_says_so),
        cmocka_unit_test(forged_artifacts_never_crash_a_worker),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
