/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "contract_run.h"

/* Clauses on data that is bad. */

static void assert_refused(const struct contract *contract, const struct table *table, const char *column)
{
    struct outcome outcome;

    assert_int_equal(contract_run(contract, table, &outcome), MRPC_INVALID_ARGUMENT);
    assert_int_equal(outcome.worker_lost, 0);
    assert_true(strlen(outcome.fault.text) > 10);
    if (column && !strstr(outcome.fault.field, column))
        fail_msg("field \"%s\" does not name \"%s\": %s", outcome.fault.field, column, outcome.fault.text);
    outcome_free(&outcome);
}

void refuses_numbers_that_are_none(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    const struct contract *contract = *state;
    struct table *first = contract_table(contract->model, ROWS, 1);

    for (size_t i = 0; first && i < table_columns(&first->array); i++) {
        struct table *table = contract_table(contract->model, ROWS, 1);
        ((double *)table->array.children[i]->buffers[1])[17] = bad[i % 3];
        assert_refused(contract, table, table->schema.children[i]->name);
        table_free(table);
    }
    table_free(first);
}

/* The table with column @spoiled left out, of another type, or with absent values, as @how says. */
enum spoiling { LEFT_OUT, OF_TEXT, WITH_HOLES };

static struct table *spoil(const struct table *table, size_t spoiled, enum spoiling how)
{
    struct table *out = table_new(table_rows(&table->array));

    for (size_t i = 0; i < table_columns(&table->array); i++) {
        struct table_column from, to;
        table_column_view(&table->schema, &table->array, i, &from);
        if (i == spoiled && how == LEFT_OUT)
            continue;
        int as_text = i == spoiled && how == OF_TEXT, holes = i == spoiled && how == WITH_HOLES;
        assert_int_equal(table_add(out, from.name, as_text ? "u" : "g", 0, holes, &to, NULL), 0);
        if (!as_text)
            memcpy(to.values, from.values, from.values_bytes);
        if (holes)
            memset(to.validity, 0xff, (size_t)from.length / 8 - 1);
    }
    if (table_columns(&out->array) == 0)
        assert_int_equal(table_add(out, "unrelated", "u", 0, 0, NULL, NULL), 0);
    return out;
}

void refuses_columns_that_are_not_as_needed(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);

    for (size_t i = 0; table && i < table_columns(&table->array); i++) {
        const char *name = table->schema.children[i]->name;
        struct table *without = spoil(table, i, LEFT_OUT), *text = spoil(table, i, OF_TEXT),
                     *holes = spoil(table, i, WITH_HOLES);
        if (!contract_is_feature(contract->model, table, i)) { /* features are whatever numbers there are */
            assert_refused(contract, without, name);
            assert_refused(contract, text, name);
        }
        assert_refused(contract, holes, name);
        table_free(without);
        table_free(text);
        table_free(holes);
    }
    table_free(table);
}
