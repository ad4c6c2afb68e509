/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that formulas divide by zero on: hardly any rows, columns that never change, copies of each other, no time, no
 * volatility, classes that a line divides perfectly. What is asked for is an answer or a clear refusal; numbers that
 * are none stand only where they stand on good data too (an indicator's first rows), or where the family's page says
 * what they mean there. Inside this process: a crash ends it, and a sanitizer looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contract_inside.h"

#define FEW 40 /* rows that suffice for what needs some */

static double *column_of(const struct table *table, const char *name)
{
    int64_t index = table_find(&table->schema, name);

    return index < 0 ? NULL : (double *)table->array.children[index]->buffers[1];
}

static int set(struct table *table, const char *name, double value)
{
    double *values = column_of(table, name);

    for (int64_t row = 0; values && row < table_rows(&table->array); row++)
        values[row] = value;
    return values != NULL;
}

static int set_all(struct table *table, int to_zero)
{
    for (size_t i = 0; i < table_columns(&table->array); i++) {
        double *values = (double *)table->array.children[i]->buffers[1];
        for (int64_t row = table_rows(&table->array); row-- > 0;)
            values[row] = to_zero ? 0 : values[0];
    }
    return 1;
}

static int copy(struct table *table, const char *from, const char *to)
{
    const double *source = column_of(table, from);
    double *target = column_of(table, to);

    if (source && target)
        memcpy(target, source, (size_t)table_rows(&table->array) * sizeof(double));
    return source && target;
}

/* Each spoils a table; zero when the table has nothing of the kind. */
static int nothing(struct table *table)
{
    return 1;
}

static int all_constant(struct table *table)
{
    return set_all(table, 0);
}

static int all_zero(struct table *table)
{
    return set_all(table, 1);
}

static int target_constant(struct table *table)
{
    return set(table, "y", 2);
}

static int one_constant(struct table *table)
{
    return set(table, "x1", 7) | set(table, "a1", 7) | set(table, "volume", 1e6) | set(table, "benchmark", 0.001);
}

static int copies(struct table *table)
{
    return copy(table, "x0", "x1") | copy(table, "a0", "a1") | copy(table, "close", "reference") |
           copy(table, "returns", "benchmark");
}

static int no_range(struct table *table)
{
    return copy(table, "close", "open") | copy(table, "close", "high") | copy(table, "close", "low");
}

static int no_time(struct table *table)
{
    return set(table, "time_to_expiry", 0) | set(table, "time_to_maturity", 0);
}

static int no_volatility(struct table *table)
{
    return set(table, "volatility", 0);
}

static int divided_classes(struct table *table)
{
    const double *x = column_of(table, "x0");
    double *y = column_of(table, "y");

    for (int64_t row = 0; x && y && row < table_rows(&table->array); row++)
        y[row] = x[row] > 0;
    return x && y;
}

static const struct hazard {
    const char *name;
    int64_t rows;
    int (*spoil)(struct table *table);
} hazards[] = {
    {"no row", 0, nothing},
    {"one row", 1, nothing},
    {"two rows", 2, nothing},
    {"three rows", 3, nothing},
    {"nothing but one value", FEW, all_constant},
    {"nothing but zeros", FEW, all_zero},
    {"one value of the target", FEW, target_constant},
    {"one value of a column", FEW, one_constant},
    {"columns that are copies", FEW, copies},
    {"bars without range", FEW, no_range},
    {"no time", FEW, no_time},
    {"no volatility", FEW, no_volatility},
    {"classes that a line divides", FEW, divided_classes},
};

/* A number that is none, where on good data there is one. */
static int find_none(const struct mltrainer_output *output, const struct mltrainer_output *good, int64_t *row,
                     const char **column)
{
    for (int64_t i = 0; i < output->array.n_children; i++) {
        if (strcmp(output->schema.children[i]->format, "g") != 0)
            continue;
        const double *values = output->array.children[i]->buffers[1];
        for (*row = 0; *row < output->array.length; ++*row) {
            int is_usual =
                *row < good->array.length && !isfinite(((const double *)good->array.children[i]->buffers[1])[*row]);
            *column = output->schema.children[i]->name;
            if (!isfinite(values[*row]) && !is_usual)
                return 1;
        }
    }
    return 0;
}

/* The refusal says why, and is one of the request, not of the plugin's own making. */
static void assert_clear(const struct inside *run, const struct hazard *hazard)
{
    int is_usual = run->status == MLTRAINER_INVALID_DATA || run->status == MLTRAINER_INVALID_PARAMETER ||
                   run->status == MLTRAINER_NOT_CONVERGED;

    if (!is_usual || strlen(run->error.text) <= 10)
        fail_msg("%s: status %d, \"%s\"", hazard->name, run->status, run->error.text);
}

static void face(const struct contract *contract, const struct hazard *hazard)
{
    struct table *table = contract_table(contract->model, hazard->rows, 1),
                 *untouched = contract_table(contract->model, FEW, 1);
    struct inside good, bad;
    const char *column;
    int64_t row;

    if (hazard->spoil(table)) {
        inside_run(contract, untouched, &good);
        inside_run(contract, table, &bad);
        if (bad.status)
            assert_clear(&bad, hazard);
        else if (find_none(&bad.output, &good.output, &row, &column) && !contract_excepted(contract, "no number"))
            fail_msg("%s: row %lld of column \"%s\" is not a number", hazard->name, (long long)row, column);
        inside_end(&good);
        inside_end(&bad);
    }
    table_free(table);
    table_free(untouched);
}

void has_an_answer_for_hazards(void **state)
{
    const struct contract *contract = *state;

    for (size_t i = 0; i < sizeof(hazards) / sizeof(hazards[0]) && contract->model->table != CATALOG_NONE; i++)
        face(contract, &hazards[i]);
}
