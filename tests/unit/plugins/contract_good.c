/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "contract_run.h"

/* Clauses on good data: what a result looks like, and what it depends on. */

static int task_is(const struct contract *contract, const char *task)
{
    return strcmp(contract->model->task, task) == 0;
}

/* ---- Looking at results ---- */

static struct table_column column_of(const struct outcome *outcome, size_t index)
{
    struct table_column column;

    assert_non_null(outcome->table);
    table_column_view(&outcome->table->schema, &outcome->table->array, index, &column);
    return column;
}

static size_t columns_of(const struct outcome *outcome)
{
    assert_non_null(outcome->table);
    return table_columns(&outcome->table->array);
}

static int is_numbers(const struct table_column *column)
{
    return strcmp(column->format, "g") == 0;
}

static int same_bytes(const struct outcome *a, const struct outcome *b)
{
    if (columns_of(a) != columns_of(b))
        return 0;
    for (size_t i = 0; i < columns_of(a); i++) {
        struct table_column x = column_of(a, i), y = column_of(b, i);
        if (x.values_bytes != y.values_bytes || memcmp(x.values, y.values, x.values_bytes) != 0)
            return 0;
    }
    return 1;
}

/* Rows 0 to @rows of all number columns agree to rounding; @turned: the second's rows are in the opposite order. */
static void assert_agree(const struct outcome *a, const struct outcome *b, int64_t rows, int turned)
{
    for (size_t i = 0; i < columns_of(a); i++) {
        struct table_column x = column_of(a, i), y = column_of(b, i);
        const double *one = x.values, *other = y.values;
        for (int64_t row = 0; is_numbers(&x) && row < rows; row++) {
            double first = one[row], second = other[turned ? rows - 1 - row : row];
            if (isnan(first) && isnan(second))
                continue;
            if (first != second && !(fabs(first - second) <= 1e-7 * (1 + fabs(first))))
                fail_msg("%s, row %lld: %.17g and %.17g", x.name, (long long)row, first, second);
        }
    }
}

/* ---- The clauses ---- */

void gives_what_its_configuration_says(void **state)
{
    const struct contract *contract = *state;
    const struct catalog_model *model = contract->model;
    struct table *table = contract_table(model, ROWS, 1);
    struct outcome outcome;
    int finite = 0;

    contract_run_ok(contract, table, &outcome);
    assert_true(columns_of(&outcome) == model->output_count);
    for (size_t i = 0; i < model->output_count; i++) {
        struct table_column column = column_of(&outcome, i);
        assert_string_equal(column.name, model->outputs[i].name);
        assert_string_equal(column.format, model->outputs[i].type == DATASET_TEXT ? "u" : "g");
        assert_true(column.length > 0);
        if (is_numbers(&column))
            finite |= isfinite(((const double *)column.values)[column.length - 1]);
    }
    assert_true(finite);
    if (contract_learns(contract) || task_is(contract, "indicator"))
        assert_int_equal(table_rows(&outcome.table->array), ROWS);
    outcome_free(&outcome);
    table_free(table);
}

void gives_the_same_bytes_for_the_same_input(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct outcome first, second;

    contract_run_ok(contract, table, &first);
    contract_run_ok(contract, table, &second);
    assert_true(same_bytes(&first, &second));
    outcome_free(&first);
    outcome_free(&second);
    table_free(table);
}

static void move_group(struct table *table, char group)
{
    int64_t rows = table_rows(&table->array);

    for (size_t i = 0; i < table_columns(&table->array); i++)
        if (contract_group(table->schema.children[i]->name) == group) {
            double *values = (double *)table->array.children[i]->buffers[1];
            for (int64_t row = 0; row < rows; row++)
                values[row] *= 1 + 0.2 * (double)(row % 7) + (row % 11 == 3);
        }
}

/* Does moving the columns of @group change the result of @before? The model may find them absurd: a change too. */
static int changes(const struct contract *contract, const struct outcome *before, char group)
{
    struct table *moved = contract_table(contract->model, ROWS, 1);
    struct outcome after;

    move_group(moved, group);
    int code = contract_run(contract, moved, &after);
    int changed = code ? code == MRPC_INVALID_ARGUMENT : !same_bytes(before, &after);
    outcome_free(&after);
    table_free(moved);
    return changed;
}

/* Each named column and the target by itself, bars together. Of features a model may use some and no others. */
void depends_on_each_of_its_inputs(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    size_t features = 0, used = 0;
    struct outcome before;

    contract_run_ok(contract, table, &before);
    for (size_t i = 0; table && i < table_columns(&table->array); i++) {
        const char *name = table->schema.children[i]->name;
        int changed = changes(contract, &before, contract_group(name));
        int is_feature = contract_is_feature(contract->model, table, i);
        features += (size_t)is_feature;
        used += is_feature && changed;
        if (!is_feature && !changed)
            fail_msg("column \"%s\" changes nothing", name);
    }
    assert_true(used > 0 || features == 0);
    outcome_free(&before);
    table_free(table);
}

/* Is column b = 4^degree times column a, for a degree that suits its largest value? */
static int is_homogeneous(const struct table_column *a, const struct table_column *b)
{
    const double *one = a->values, *four = b->values;
    int64_t largest = -1;
    int degree = 0;

    for (int64_t row = 0; row < a->length; row++)
        if (isfinite(one[row]) && (largest < 0 || fabs(one[row]) > fabs(one[largest])))
            largest = row;
    if (largest < 0 || one[largest] == 0)
        return 1;
    for (degree = -2; degree < 3; degree++)
        if (fabs(four[largest] - pow(4, degree) * one[largest]) <= 1e-6 * fabs(four[largest]))
            break;
    for (int64_t row = 0; degree < 3 && row < a->length; row++)
        if (isfinite(one[row]) && !(fabs(four[row] - pow(4, degree) * one[row]) <=
                                    1e-6 * pow(4, degree) * (fabs(one[row]) + 1e-3 * fabs(one[largest]))))
            return 0;
    return degree < 3;
}

/* Money in another currency: each column of the result is multiplied by a power of the rate. */
void scales_as_money_does(void **state)
{
    const struct contract *contract = *state;
    struct outcome one, four;

    if (!contract_has_money(contract->model) || contract_excepted(contract, "scales"))
        return;
    struct table *table = contract_table(contract->model, ROWS, 1), *dearer = contract_table(contract->model, ROWS, 4);
    contract_run_ok(contract, table, &one);
    contract_run_ok(contract, dearer, &four);
    for (size_t i = 0; i < columns_of(&one); i++) {
        struct table_column a = column_of(&one, i), b = column_of(&four, i);
        if (is_numbers(&a) && !is_homogeneous(&a, &b))
            fail_msg("column \"%s\" does not scale", a.name);
    }
    outcome_free(&one);
    outcome_free(&four);
    table_free(table);
    table_free(dearer);
}

void does_not_care_for_the_order_of_columns(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct outcome straight, reversed;

    if (!table || contract->model->takes_features) { /* these have their own order, and sums may round otherwise */
        table_free(table);
        return;
    }
    struct table *turned = table_new(ROWS);
    for (size_t i = table_columns(&table->array); i-- > 0;) {
        struct table_column from, to;
        table_column_view(&table->schema, &table->array, i, &from);
        assert_int_equal(table_add(turned, from.name, "g", 0, 0, &to, NULL), 0);
        memcpy(to.values, from.values, from.values_bytes);
    }
    contract_run_ok(contract, table, &straight);
    contract_run_ok(contract, turned, &reversed);
    assert_true(same_bytes(&straight, &reversed));
    outcome_free(&straight);
    outcome_free(&reversed);
    table_free(table);
    table_free(turned);
}

static void turn_rows(struct table *table)
{
    int64_t rows = table_rows(&table->array);

    for (size_t i = 0; i < table_columns(&table->array); i++) {
        double *values = (double *)table->array.children[i]->buffers[1];
        for (int64_t row = 0; row < rows / 2; row++) {
            double kept = values[row];
            values[row] = values[rows - 1 - row];
            values[rows - 1 - row] = kept;
        }
    }
}

/* Indicators look at no later row. */
static void looks_at_no_later_row(const struct contract *contract)
{
    struct table *table = contract_table(contract->model, ROWS, 1),
                 *first = contract_table(contract->model, ROWS / 2, 1);
    struct outcome whole, start;

    contract_run_ok(contract, table, &whole);
    contract_run_ok(contract, first, &start);
    assert_agree(&start, &whole, ROWS / 2, 0);
    outcome_free(&whole);
    outcome_free(&start);
    table_free(table);
    table_free(first);
}

/* With the rows in the opposite order: the same of each row, or, @matters, something else. */
static void turned_rows(const struct contract *contract, int matters)
{
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct outcome straight, turned;

    contract_run_ok(contract, table, &straight);
    turn_rows(table);
    contract_run_ok(contract, table, &turned);
    if (matters)
        assert_false(same_bytes(&straight, &turned));
    else
        assert_agree(&straight, &turned, ROWS, 1);
    outcome_free(&straight);
    outcome_free(&turned);
    table_free(table);
}

/* What is said of each row by itself does not depend on the order of rows; what is said of a series does. */
void treats_rows_as_its_kind_must(void **state)
{
    static const char *const of_rows[] = {"regression", "classification", "pricing", "anomaly"};
    static const char *const of_series[] = {"forecast", "control"};
    const struct contract *contract = *state;

    if (task_is(contract, "indicator"))
        looks_at_no_later_row(contract);
    for (size_t i = 0; i < sizeof(of_rows) / sizeof(of_rows[0]); i++)
        if (task_is(contract, of_rows[i]) && contract->model->table != CATALOG_NONE &&
            !contract_excepted(contract, "row order"))
            turned_rows(contract, 0);
    for (size_t i = 0; i < sizeof(of_series) / sizeof(of_series[0]); i++)
        if (task_is(contract, of_series[i]))
            turned_rows(contract, 1);
}
