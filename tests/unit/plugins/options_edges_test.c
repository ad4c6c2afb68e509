/* SPDX-License-Identifier: Apache-2.0 */
/* Options at expiry, without volatility, by parameters alone, and with rows that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker_bench.h"

static struct worker_bench bench;

static const char *const names[] = {"spot", "strike", "time_to_expiry", "risk_free_rate", "volatility"};

static struct table *book(int64_t rows, const double (*values)[5])
{
    struct table *table = table_new(rows);

    for (size_t i = 0; i < 5; i++) {
        struct table_column column;
        assert_int_equal(table_add(table, names[i], "g", 0, 0, &column, NULL), 0);
        for (int64_t row = 0; row < rows; row++)
            ((double *)column.values)[row] = values[row][i];
    }
    return table;
}

static void run(const struct table *table, const char *type, struct outcome *outcome)
{
    struct mltrainer_parameter parameter = {
        .size = sizeof(parameter), .kind = MLTRAINER_TEXT, .name = "option_type", .text = type};
    const struct mltrainer_parameter *parameters = &parameter;
    struct process_task task = {.operation = PROCESS_COMPUTE,
                                .plugin_path = worker_bench_plugin("options"),
                                .algorithm = "black_scholes_greeks",
                                .parameters = &parameters,
                                .parameter_count = 1,
                                .schema = table ? &table->schema : NULL,
                                .array = table ? &table->array : NULL};

    worker_bench_run(&bench, &task, outcome);
}

static void expiry_leaves_the_intrinsic_value(void **state)
{
    static const double rows[][5] = {{110, 100, 0, 0.05, 0.2}, {90, 100, 0, 0.05, 0.2}, {100, 100, 0, 0.05, 0.2}};
    struct table *table = book(3, rows);
    struct outcome call, put;

    run(table, "call", &call);
    run(table, "put", &put);
    const double *price = table_numbers(call.table, "price"), *delta = table_numbers(call.table, "delta");
    assert_true(price[0] == 10 && price[1] == 0 && price[2] == 0);
    assert_true(delta[0] == 1 && delta[1] == 0 && delta[2] == 0.5);
    price = table_numbers(put.table, "price");
    delta = table_numbers(put.table, "delta");
    assert_true(price[0] == 0 && price[1] == 10 && price[2] == 0);
    assert_true(delta[0] == 0 && delta[1] == -1 && delta[2] == -0.5);
    for (int row = 0; row < 3; row++)
        assert_true(table_numbers(call.table, "gamma")[row] == 0 && table_numbers(call.table, "vega")[row] == 0);
    outcome_free(&call);
    outcome_free(&put);
    table_free(table);
}

static void no_volatility_leaves_the_discounted_forward(void **state)
{
    static const double rows[][5] = {{110, 100, 2, 0.05, 0}, {80, 100, 2, 0.05, 0}};
    struct table *table = book(2, rows);
    struct outcome outcome;

    run(table, "call", &outcome);
    const double *price = table_numbers(outcome.table, "price");
    assert_true(fabs(price[0] - (110 - 100 * exp(-0.1))) < 1e-12);
    assert_true(price[1] == 0);
    assert_true(fabs(table_numbers(outcome.table, "rho")[0] - 200 * exp(-0.1)) < 1e-10);
    assert_true(fabs(table_numbers(outcome.table, "theta")[0] + 5 * exp(-0.1)) < 1e-12);
    for (size_t i = 0; i < table_columns(&outcome.table->array); i++)
        for (int row = 0; row < 2; row++)
            assert_true(isfinite(((const double *)outcome.table->array.children[i]->buffers[1])[row]));
    outcome_free(&outcome);
    table_free(table);
}

static void call_less_put_is_the_forward(void **state)
{
    static const double rows[][5] = {
        {100, 100, 1, 0.05, 0.2}, {1, 1000, 0.1, 0.01, 0.05}, {1000, 1, 30, -0.02, 3}, {100, 100, 1e-9, 0, 1e-6}};
    struct table *table = book(4, rows);
    struct outcome call, put;

    run(table, "call", &call);
    run(table, "put", &put);
    for (int row = 0; row < 4; row++) {
        double parity = rows[row][0] - rows[row][1] * exp(-rows[row][3] * rows[row][2]);
        double difference = table_numbers(call.table, "price")[row] - table_numbers(put.table, "price")[row];
        assert_true(fabs(difference - parity) < 1e-9);
        assert_true(table_numbers(call.table, "price")[row] >= 0);
    }
    outcome_free(&call);
    outcome_free(&put);
    table_free(table);
}

static void column_decides_the_type_row_by_row(void **state)
{
    static const double rows[][5] = {{110, 100, 0, 0.05, 0.2}, {110, 100, 0, 0.05, 0.2}, {110, 100, 0, 0.05, 0.2}};
    struct table *table = book(3, rows);
    struct table_column type;
    struct outcome outcome;

    assert_int_equal(table_add(table, "option_type", "u", 11, 0, &type, NULL), 0);
    memcpy(type.values, "callputcall", 11);
    memcpy(type.offsets, (int32_t[]){0, 4, 7, 11}, 16);
    run(table, "put", &outcome);
    const double *price = table_numbers(outcome.table, "price");
    assert_true(price[0] == 10 && price[1] == 0 && price[2] == 10);
    outcome_free(&outcome);
    memcpy(type.values, "callputcoll", 11);
    run(table, "put", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_INVALID_ARGUMENT);
    assert_string_equal(outcome.fault.field, "columns.option_type");
    table_free(table);
}

static void without_a_table_the_parameters_are_one_row(void **state)
{
    struct outcome outcome;

    run(NULL, "call", &outcome);
    assert_int_equal(outcome.fault.code, 0);
    assert_int_equal(table_rows(&outcome.table->array), 1);
    /* 100, 100, a quarter, 5 %, 20 %: py_vollib 1.0.12 */
    assert_true(fabs(table_numbers(outcome.table, "price")[0] - 4.614997129602855) < 1e-12);
    outcome_free(&outcome);
}

static void rows_that_make_no_sense_are_named(void **state)
{
    static const double bad[][5] = {{0, 100, 1, 0, 0.2},
                                    {100, -1, 1, 0, 0.2},
                                    {100, 100, -1, 0, 0.2},
                                    {100, 100, 1, NAN, 0.2},
                                    {100, 100, 1, 0, -0.1}};
    char field[64];

    for (size_t i = 0; i < 5; i++) {
        struct table *table = book(1, &bad[i]);
        struct outcome outcome;
        run(table, "call", &outcome);
        assert_int_equal(outcome.fault.code, MRPC_INVALID_ARGUMENT);
        snprintf(field, sizeof(field), "columns.%s", names[i]);
        assert_string_equal(outcome.fault.field, field);
        table_free(table);
    }
    struct outcome outcome;
    run(NULL, "straddle", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_INVALID_ARGUMENT);
    assert_string_equal(outcome.fault.field, "parameters.option_type");
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
        cmocka_unit_test(expiry_leaves_the_intrinsic_value),
        cmocka_unit_test(no_volatility_leaves_the_discounted_forward),
        cmocka_unit_test(call_less_put_is_the_forward),
        cmocka_unit_test(column_decides_the_type_row_by_row),
        cmocka_unit_test(without_a_table_the_parameters_are_one_row),
        cmocka_unit_test(rows_that_make_no_sense_are_named),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
