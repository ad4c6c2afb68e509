/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contract_inputs.h"

#define ASSETS 4

/* A reproducible number in [-1, 1) for each (row, column). */
static double noise(int64_t row, int column)
{
    uint64_t x = (uint64_t)row * 0x9E3779B97F4A7C15u + (uint64_t)column * 0xD1B54A32D192ED03u + 1;

    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return (double)((x ^ x >> 31) >> 11) / (double)(1ull << 52) - 1;
}

/* A walk that stays between 50 and 150: a slow wave with noise upon it. */
static double close_at(int64_t row)
{
    double t = (double)row;

    return 100 + 35 * sin(t / 40) + 8 * sin(t / 7) + 4 * noise(row, 4);
}

static double open_at(int64_t row)
{
    return row > 0 ? close_at(row - 1) + noise(row, 10) : 100;
}

static double high_at(int64_t row)
{
    return fmax(open_at(row), close_at(row)) + 1 + noise(row, 11);
}

static double low_at(int64_t row)
{
    return fmin(open_at(row), close_at(row)) - 1 + noise(row, 12);
}

static double volume_at(int64_t row)
{
    return floor(1e6 * (1.5 + noise(row, 13) + (row % 37 == 0 ? 4 : 0)));
}

static double reference_at(int64_t row)
{
    return 0.8 * close_at(row) + 20 + 3 * sin((double)row / 3) + noise(row, 14);
}

static double strike_at(int64_t row)
{
    return 100 + 20 * noise(row, 6);
}

static double spot_at(int64_t row)
{
    return 100 + 20 * noise(row, 5);
}

static double years_at(int64_t row)
{
    return 1.1 + noise(row, 7);
}

static double rate_at(int64_t row)
{
    return 0.03 + 0.03 * noise(row, 8);
}

static double volatility_at(int64_t row)
{
    return 0.3 + 0.2 * noise(row, 9);
}

static double return_at(int64_t row)
{
    return 0.0004 + 0.012 * (noise(row, 20) + noise(row, 21)) / 2 + 0.004 * sin((double)row / 25);
}

static double benchmark_at(int64_t row)
{
    return 0.0002 + 0.6 * return_at(row) + 0.004 * noise(row, 22);
}

static double bid_at(int64_t row)
{
    return close_at(row) - 0.11 - 0.1 * noise(row, 23);
}

static double ask_at(int64_t row)
{
    return close_at(row) + 0.11 + 0.1 * noise(row, 24);
}

static double yield_at(int64_t row)
{
    return 0.04 - 0.02 * exp(-years_at(row)) + 0.001 * noise(row, 25);
}

static const struct generator {
    const char *column;
    char group;
    int is_money;
    double (*at)(int64_t row);
} generators[] = {
    {"open", 'b', 1, open_at},
    {"high", 'b', 1, high_at},
    {"low", 'b', 1, low_at},
    {"close", 'b', 1, close_at},
    {"volume", 'v', 0, volume_at},
    {"reference", 'r', 1, reference_at},
    {"spot", 's', 1, spot_at},
    {"strike", 'k', 1, strike_at},
    {"time_to_expiry", 't', 0, years_at},
    {"risk_free_rate", 'f', 0, rate_at},
    {"volatility", 'o', 0, volatility_at},
    {"short_rate", 'f', 0, rate_at},
    {"time_to_maturity", 't', 0, years_at},
    {"returns", 'q', 0, return_at},
    {"benchmark", 'm', 0, benchmark_at},
    {"bid", 'b', 1, bid_at},
    {"ask", 'b', 1, ask_at},
    {"yield", 'y', 0, yield_at},
};

static const struct generator *find_generator(const char *column)
{
    for (size_t i = 0; i < sizeof(generators) / sizeof(generators[0]); i++)
        if (strcmp(generators[i].column, column) == 0)
            return &generators[i];
    fail_msg("contract_inputs.c has no generator for column \"%s\"", column);
    return NULL;
}

static const char *column_name(const struct catalog_model *model, const struct catalog_column *column)
{
    if (column->name)
        return column->name;
    for (size_t i = 0; i < model->parameter_count; i++)
        if (strcmp(model->parameters[i].name, column->parameter) == 0 && model->parameters[i].fallback)
            return model->parameters[i].fallback->text;
    fail_msg("%s: parameter \"%s\", which names a column, has no default", model->id, column->parameter);
    return NULL;
}

static double *add(struct table *table, const char *name)
{
    struct table_column column;

    assert_int_equal(table_add(table, name, "g", 0, 0, &column, NULL), 0);
    return column.values;
}

static void add_assets(struct table *table, int64_t rows)
{
    for (int asset = 0; asset < ASSETS; asset++) {
        char name[8];
        snprintf(name, sizeof(name), "a%d", asset);
        double *values = add(table, name);
        for (int64_t row = 0; row < rows; row++)
            values[row] = 0.0002 * (asset + 1) + 0.3 * return_at(row) + 0.004 * (asset + 1) * noise(row, 30 + asset);
    }
}

static void add_prices(struct table *table, int64_t rows, double money)
{
    for (int asset = 0; asset < ASSETS; asset++) {
        char name[8];
        snprintf(name, sizeof(name), "a%d", asset);
        double *values = add(table, name);
        for (int64_t row = 0; row < rows; row++)
            values[row] = money * (close_at(row) + 15 * sin((double)row / (20 + 9 * asset)) + noise(row, 30 + asset));
    }
}

static void add_features(const struct catalog_model *model, struct table *table, int64_t rows, double money)
{
    double *x0 = add(table, "x0"), *x1 = add(table, "x1"), *x2 = add(table, "x2"),
           *y = contract_target(model) ? add(table, "y") : NULL;
    int classes = strcmp(model->task, "classification") == 0;

    for (int64_t row = 0; row < rows; row++) {
        double group = model->target == CATALOG_NONE ? 4.0 * (double)(row % 3) : 0; /* something to be found */
        x0[row] = noise(row, 0) + group;
        x1[row] = 3 * noise(row, 1) + x0[row];
        x2[row] = 10 + noise(row, 2) - group;
        if (!y)
            continue;
        double truth = 1 + 2 * x0[row] - x1[row] + 0.5 * x2[row] + 0.2 * noise(row, 3);
        y[row] = classes ? truth > 6 : money * truth;
    }
}

/* A series without features: a season, a slow wave and noise. */
static void add_series(struct table *table, const char *name, int64_t rows)
{
    double *values = add(table, name);

    for (int64_t row = 0; row < rows; row++)
        values[row] = 10 + 3 * sin((double)row / 12 * 6.283185307179586) + 2 * sin((double)row / 40) + noise(row, 3);
}

struct table *contract_table(const struct catalog_model *model, int64_t rows, double money)
{
    if (model->table == CATALOG_NONE)
        return NULL;
    struct table *table = table_new(rows);
    assert_non_null(table);
    for (size_t i = 0; i < model->column_count; i++) {
        const char *name = column_name(model, &model->columns[i]);
        const struct generator *generator = find_generator(name);
        if (table_find(&table->schema, name) >= 0)
            continue;
        double *values = add(table, name);
        for (int64_t row = 0; row < rows; row++)
            values[row] = generator->at(row) * (generator->is_money ? money : 1);
    }
    if (!model->takes_features && contract_target(model))
        add_series(table, contract_target(model), rows);
    if (!model->takes_features)
        return table;
    if (strcmp(model->task, "risk") == 0 || strcmp(model->task, "portfolio") == 0)
        add_assets(table, rows);
    else if (strcmp(model->task, "indicator") == 0)
        add_prices(table, rows, money);
    else
        add_features(model, table, rows, money);
    return table;
}

const char *contract_target(const struct catalog_model *model)
{
    return model->target == CATALOG_REQUIRED ? "y" : NULL;
}

char contract_group(const char *column)
{
    for (size_t i = 0; i < sizeof(generators) / sizeof(generators[0]); i++)
        if (strcmp(generators[i].column, column) == 0)
            return generators[i].group;
    return column[strlen(column) - 1]; /* x0, x1, a2: the digit; y */
}

int contract_is_feature(const struct catalog_model *model, const struct table *table, size_t index)
{
    const char *name = table->schema.children[index]->name, *target = contract_target(model);

    return model->takes_features && name[1] >= '0' && name[1] <= '9' && !(target && strcmp(name, target) == 0);
}

int contract_has_money(const struct catalog_model *model)
{
    for (size_t i = 0; i < model->column_count; i++)
        if (find_generator(column_name(model, &model->columns[i]))->is_money)
            return 1;
    return (contract_target(model) && strcmp(model->task, "regression") == 0) ||
           (model->takes_features && strcmp(model->task, "indicator") == 0);
}
