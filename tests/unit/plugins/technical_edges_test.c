/* SPDX-License-Identifier: Apache-2.0 */
/* Indicators on short, flat and long series, and with parameters that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "worker_bench.h"

static struct worker_bench bench;

static struct table *series(int64_t rows, double start, double step)
{
    struct table *table = table_new(rows);
    struct table_column column;

    assert_int_equal(table_add(table, "close", "g", 0, 0, &column, NULL), 0);
    for (int64_t row = 0; row < rows; row++)
        ((double *)column.values)[row] = start + step * (double)row;
    return table;
}

static struct mltrainer_parameter integer(const char *name, int64_t value)
{
    return (struct mltrainer_parameter){.size = sizeof(struct mltrainer_parameter),
                                        .kind = MLTRAINER_INTEGER,
                                        .name = name,
                                        .integer = value,
                                        .number = (double)value};
}

static void run(const char *algorithm, const struct table *table, const struct mltrainer_parameter *parameter,
                struct outcome *outcome)
{
    struct process_task task = {.operation = PROCESS_COMPUTE,
                                .plugin_path = worker_bench_plugin("technical"),
                                .algorithm = algorithm,
                                .parameters = &parameter,
                                .parameter_count = parameter != NULL,
                                .schema = &table->schema,
                                .array = &table->array};

    worker_bench_run(&bench, &task, outcome);
}

static void shorter_than_the_window_is_all_unknown(void **state)
{
    static const char *const algorithms[] = {"sma", "rsi", "macd", "bollinger", "sma_crossover"};
    static const char *const columns[] = {"sma", "rsi", "macd", "middle", "slow"};
    struct table *table = series(5, 100, 1);
    struct outcome outcome;

    for (size_t i = 0; i < 5; i++) {
        run(algorithms[i], table, NULL, &outcome);
        assert_int_equal(outcome.fault.code, 0);
        for (int row = 0; row < 5; row++)
            assert_true(isnan(table_numbers(outcome.table, columns[i])[row]));
        outcome_free(&outcome);
    }
    table_free(table);
}

static void no_rows_give_no_rows(void **state)
{
    struct table *table = series(0, 0, 0);
    struct outcome outcome;

    run("ema", table, NULL, &outcome);
    assert_int_equal(outcome.fault.code, 0);
    assert_int_equal(table_rows(&outcome.table->array), 0);
    outcome_free(&outcome);
    table_free(table);
}

static void strength_of_flat_rising_and_falling_series(void **state)
{
    static const struct {
        double step, expected;
    } cases[] = {{0, 50}, {1, 100}, {-1, 0}};
    struct outcome outcome;

    for (size_t i = 0; i < 3; i++) {
        struct table *table = series(40, 100, cases[i].step);
        run("rsi", table, NULL, &outcome);
        assert_true(table_numbers(outcome.table, "rsi")[39] == cases[i].expected);
        assert_true(isnan(table_numbers(outcome.table, "rsi")[13]));
        assert_false(isnan(table_numbers(outcome.table, "rsi")[14]));
        outcome_free(&outcome);
        table_free(table);
    }
}

static void flat_bands_have_no_width(void **state)
{
    struct table *table = series(30, 7, 0);
    struct outcome outcome;

    run("bollinger_signal", table, NULL, &outcome);
    assert_true(table_numbers(outcome.table, "upper")[29] == 7);
    assert_true(table_numbers(outcome.table, "lower")[29] == 7);
    assert_true(table_numbers(outcome.table, "signal")[29] == 0);
    assert_true(isnan(table_numbers(outcome.table, "percent_b")[29]));
    outcome_free(&outcome);
    table_free(table);
}

/* Sums that slide collect rounding errors: a spike, then small numbers, shows them. */
static void long_series_do_not_drift(void **state)
{
    struct table *table = series(200000, 0, 0);
    double *values = (double *)table_numbers(table, "close");
    struct outcome outcome;

    for (int row = 0; row < 200000; row++)
        values[row] = row % 1000 == 500 ? 1e12 : 1 + 1e-3 * (row % 7);
    run("bollinger", table, NULL, &outcome);
    const double *middle = table_numbers(outcome.table, "middle"), *upper = table_numbers(outcome.table, "upper");
    double mean = 0, squares = 0;
    for (int row = 199980; row < 200000; row++)
        mean += values[row] / 20;
    for (int row = 199980; row < 200000; row++)
        squares += (values[row] - mean) * (values[row] - mean) / 20;
    assert_true(fabs(middle[199999] - mean) < 1e-12);
    assert_true(fabs(upper[199999] - mean - 2 * sqrt(squares)) < 1e-9);
    outcome_free(&outcome);
    table_free(table);
}

static void refuse(const char *algorithm, struct mltrainer_parameter parameter, const char *field)
{
    struct table *table = series(50, 1, 1);
    struct outcome outcome;

    run(algorithm, table, &parameter, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_INVALID_ARGUMENT);
    assert_string_equal(outcome.fault.field, field);
    table_free(table);
}

static void senseless_parameters_are_named(void **state)
{
    refuse("sma", integer("window", 0), "parameters.window");
    refuse("ema", integer("span", -3), "parameters.span");
    refuse("rsi", integer("window", 0), "parameters.window");
    refuse("rsi_signal", integer("overbought", 20), "parameters.oversold");
    refuse("macd", integer("window_fast", 26), "parameters.window_fast");
    refuse("bollinger", integer("window", 1), "parameters.window");
    refuse("bollinger", integer("window_dev", -1), "parameters.window_dev");
    refuse("sma_crossover", integer("slow_period", 10), "parameters.fast_period");
    struct mltrainer_parameter start = {
        .size = sizeof(start), .kind = MLTRAINER_TEXT, .name = "start", .text = "somehow"};
    refuse("rsi", start, "parameters.start");
}

static void crossing_is_signalled_once_at_its_row(void **state)
{
    struct table *table = series(120, 100, 1);
    double *values = (double *)table_numbers(table, "close");
    struct outcome outcome;
    double sum = 0, turns = 0;

    for (int row = 60; row < 120; row++)
        values[row] = 160 - 2.0 * (row - 60);
    run("sma_crossover", table, NULL, &outcome);
    const double *signal = table_numbers(outcome.table, "signal");
    for (int row = 0; row < 120; row++) {
        sum += signal[row];
        turns += fabs(signal[row]);
    }
    assert_true(turns == 1 && sum == -1);
    assert_true(table_numbers(outcome.table, "position")[50] == 1);
    assert_true(table_numbers(outcome.table, "position")[119] == -1);
    outcome_free(&outcome);
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
        cmocka_unit_test(shorter_than_the_window_is_all_unknown),
        cmocka_unit_test(no_rows_give_no_rows),
        cmocka_unit_test(strength_of_flat_rising_and_falling_series),
        cmocka_unit_test(flat_bands_have_no_width),
        cmocka_unit_test(long_series_do_not_drift),
        cmocka_unit_test(senseless_parameters_are_named),
        cmocka_unit_test(crossing_is_signalled_once_at_its_row),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
