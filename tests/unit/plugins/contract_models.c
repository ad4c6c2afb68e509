/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "contract_models.h"

const struct contract_model contract_models[] = {
    {"linear", "ols", CONTRACT_REGRESSION, 1, NAN, 0},
    {"linear", "ridge", CONTRACT_REGRESSION, 1, 0.5, 0},
    {"linear", "lasso", CONTRACT_REGRESSION, 1, 0.01, 1},
    {"linear", "elastic_net", CONTRACT_REGRESSION, -1, 0.01, 0}, /* its two penalties scale differently */
    {"technical", "sma", CONTRACT_PRICES, 1, NAN, 0},
    {"technical", "ema", CONTRACT_PRICES, 1, NAN, 0},
    {"technical", "rsi", CONTRACT_PRICES, 0, NAN, 0},
    {"technical", "rsi_signal", CONTRACT_PRICES, 0, NAN, 0},
    {"technical", "macd", CONTRACT_PRICES, 1, NAN, 0},
    {"technical", "bollinger", CONTRACT_PRICES, 1, NAN, 0},
    {"technical", "bollinger_signal", CONTRACT_PRICES, 1, NAN, 0},
    {"technical", "sma_crossover", CONTRACT_PRICES, 1, NAN, 0},
    {"technical", "ema_crossover", CONTRACT_PRICES, 1, NAN, 0},
    {"options", "black_scholes", CONTRACT_OPTIONS, 1, NAN, 0},
    {"options", "black_scholes_greeks", CONTRACT_OPTIONS, 1, NAN, 0},
};
const size_t contract_model_count = sizeof(contract_models) / sizeof(contract_models[0]);

/* A reproducible number in [-1, 1) for each (row, column). */
static double noise(int64_t row, int column)
{
    uint64_t x = (uint64_t)row * 0x9E3779B97F4A7C15u + (uint64_t)column * 0xD1B54A32D192ED03u + 1;

    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return (double)((x ^ x >> 31) >> 11) / (double)(1ull << 52) - 1;
}

static double *add(struct table *table, const char *name)
{
    struct table_column column;

    assert_int_equal(table_add(table, name, "g", 0, 0, &column, NULL), 0);
    return column.values;
}

static void fill_regression(struct table *table, int64_t rows, double factor)
{
    double *x0 = add(table, "x0"), *x1 = add(table, "x1"), *x2 = add(table, "x2"), *y = add(table, "y");

    for (int64_t row = 0; row < rows; row++) {
        x0[row] = noise(row, 0);
        x1[row] = 3 * noise(row, 1) + x0[row];
        x2[row] = 10 + noise(row, 2);
        y[row] = factor * (1 + 2 * x0[row] - x1[row] + 0.5 * x2[row] + 0.2 * noise(row, 3));
    }
}

static void fill_prices(struct table *table, int64_t rows, double factor)
{
    double *close = add(table, "close"), price = 100;

    for (int64_t row = 0; row < rows; row++) {
        price *= 1 + 0.02 * noise(row, 4);
        close[row] = factor * price;
    }
}

static void fill_options(struct table *table, int64_t rows, double factor)
{
    double *spot = add(table, "spot"), *strike = add(table, "strike"), *years = add(table, "time_to_expiry"),
           *rate = add(table, "risk_free_rate"), *volatility = add(table, "volatility");

    for (int64_t row = 0; row < rows; row++) {
        spot[row] = factor * (100 + 20 * noise(row, 5));
        strike[row] = factor * (100 + 20 * noise(row, 6));
        years[row] = 1.1 + noise(row, 7);
        rate[row] = 0.03 + 0.03 * noise(row, 8);
        volatility[row] = 0.3 + 0.2 * noise(row, 9);
    }
}

struct table *contract_table(const struct contract_model *model, int64_t rows, double factor)
{
    struct table *table = table_new(rows);

    assert_non_null(table);
    if (model->input == CONTRACT_REGRESSION)
        fill_regression(table, rows, factor);
    else if (model->input == CONTRACT_PRICES)
        fill_prices(table, rows, factor);
    else
        fill_options(table, rows, factor);
    return table;
}

const char *contract_column(const struct contract_model *model)
{
    return model->input == CONTRACT_REGRESSION ? "x1" : model->input == CONTRACT_PRICES ? "close" : "volatility";
}

int contract_learns(const struct contract_model *model)
{
    return model->input == CONTRACT_REGRESSION;
}

static int run(struct worker_bench *bench, const struct contract_model *model, enum process_operation operation,
               const struct table *table, double alpha_factor, const struct outcome *trained, struct outcome *outcome)
{
    struct mltrainer_parameter alpha = {.size = sizeof(alpha),
                                        .kind = MLTRAINER_NUMBER,
                                        .name = "alpha",
                                        .number = model->alpha * alpha_factor};
    struct mltrainer_parameter tolerance = {
        .size = sizeof(tolerance), .kind = MLTRAINER_NUMBER, .name = "tol", .number = 1e-12};
    const struct mltrainer_parameter *parameters[] = {&tolerance, &alpha};
    struct process_task task = {
        .operation = operation,
        .plugin_path = worker_bench_plugin(model->plugin),
        .algorithm = model->algorithm,
        .parameters = parameters,
        .parameter_count = isnan(model->alpha) ? 1 : 2,
        .schema = &table->schema,
        .array = &table->array,
        .target = contract_learns(model) ? "y" : NULL,
        .artifact = trained ? trained->artifact : NULL,
        .artifact_bytes = trained ? trained->artifact_bytes : 0,
    };

    worker_bench_run(bench, &task, outcome);
    return outcome->fault.code;
}

int contract_train(struct worker_bench *bench, const struct contract_model *model, const struct table *table,
                   double alpha_factor, struct outcome *outcome)
{
    return run(bench, model, PROCESS_TRAIN, table, alpha_factor, NULL, outcome);
}

int contract_run(struct worker_bench *bench, const struct contract_model *model, const struct table *table,
                 double alpha_factor, struct outcome *outcome)
{
    struct outcome trained;

    if (!contract_learns(model))
        return run(bench, model, PROCESS_COMPUTE, table, alpha_factor, NULL, outcome);
    if (contract_train(bench, model, table, alpha_factor, &trained)) {
        *outcome = trained;
        return trained.fault.code;
    }
    int code = run(bench, model, PROCESS_PREDICT, table, alpha_factor, &trained, outcome);
    outcome_free(&trained);
    return code;
}
