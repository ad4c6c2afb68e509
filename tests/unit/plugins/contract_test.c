/* SPDX-License-Identifier: Apache-2.0 */
/* What every model must do, whatever it computes. A new algorithm joins by a row in contract_models.c; one without a
 * row fails the first test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contract_models.h"

#define ROWS 80

static struct worker_bench bench;

static const struct contract_model *model_of(void **state)
{
    return *state;
}

static const double *first_column(const struct outcome *outcome)
{
    assert_non_null(outcome->table);
    return outcome->table->array.children[0]->buffers[1];
}

static void assert_same_bytes(const struct outcome *a, const struct outcome *b)
{
    size_t columns = table_columns(&a->table->array);

    assert_int_equal(columns, table_columns(&b->table->array));
    for (size_t i = 0; i < columns; i++) {
        struct table_column x, y;
        table_column_view(&a->table->schema, &a->table->array, i, &x);
        table_column_view(&b->table->schema, &b->table->array, i, &y);
        assert_int_equal(x.values_bytes, y.values_bytes);
        assert_memory_equal(x.values, y.values, x.values_bytes);
    }
}

static void assert_close(const double *got, const double *expected, int64_t rows, double factor)
{
    int64_t numbers = 0;

    for (int64_t row = 0; row < rows; row++) {
        if (isnan(expected[row]) && isnan(got[row]))
            continue;
        if (!(fabs(got[row] - factor * expected[row]) <= 1e-7 * (1 + fabs(factor * expected[row]))))
            fail_msg("row %lld: %.17g instead of %.17g", (long long)row, got[row], factor * expected[row]);
        numbers++;
    }
    assert_true(numbers > rows / 4);
}

static void run_ok(const struct contract_model *model, const struct table *table, struct outcome *outcome)
{
    if (contract_run(&bench, model, table, 1, outcome))
        fail_msg("%s: %s", outcome->fault.field, outcome->fault.text);
}

static void gives_one_finite_row_for_each(void **state)
{
    struct table *table = contract_table(model_of(state), ROWS, 1);
    struct outcome outcome;

    run_ok(model_of(state), table, &outcome);
    assert_int_equal(table_rows(&outcome.table->array), ROWS);
    assert_true(isfinite(first_column(&outcome)[ROWS - 1]));
    outcome_free(&outcome);
    table_free(table);
}

static void gives_the_same_bytes_for_the_same_input(void **state)
{
    struct table *table = contract_table(model_of(state), ROWS, 1);
    struct outcome first, second;

    run_ok(model_of(state), table, &first);
    run_ok(model_of(state), table, &second);
    assert_same_bytes(&first, &second);
    outcome_free(&first);
    outcome_free(&second);
    table_free(table);
}

static void depends_on_its_input(void **state)
{
    struct table *table = contract_table(model_of(state), ROWS, 1);
    struct outcome before, after;

    run_ok(model_of(state), table, &before);
    double *values = (double *)table_numbers(table, contract_column(model_of(state)));
    for (int64_t row = 0; row < ROWS; row++)
        values[row] *= 1 + 0.3 * (double)(row % 5);
    run_ok(model_of(state), table, &after);
    assert_true(first_column(&before)[ROWS - 1] != first_column(&after)[ROWS - 1]);
    outcome_free(&before);
    outcome_free(&after);
    table_free(table);
}

static void scales_as_its_formula_says(void **state)
{
    const struct contract_model *model = model_of(state);
    struct table *table = contract_table(model, ROWS, 1), *larger = contract_table(model, ROWS, 4);
    struct outcome one, four;

    if (model->degree >= 0) {
        run_ok(model, table, &one);
        assert_int_equal(contract_run(&bench, model, larger, model->alpha_scales ? 4 : 1, &four), 0);
        assert_close(first_column(&four), first_column(&one), ROWS, pow(4, model->degree));
        outcome_free(&one);
        outcome_free(&four);
    }
    table_free(table);
    table_free(larger);
}

/* The order of columns means nothing to any of them. */
static void does_not_care_for_the_order_of_columns(void **state)
{
    struct table *table = contract_table(model_of(state), ROWS, 1);
    size_t columns = table_columns(&table->array);
    struct table *turned = table_new(ROWS);
    struct outcome straight, reversed;

    for (size_t i = columns; i-- > 0;) {
        struct table_column from, to;
        table_column_view(&table->schema, &table->array, i, &from);
        assert_int_equal(table_add(turned, from.name, "g", 0, 0, &to, NULL), 0);
        memcpy(to.values, from.values, from.values_bytes);
    }
    run_ok(model_of(state), table, &straight);
    run_ok(model_of(state), turned, &reversed);
    assert_close(first_column(&reversed), first_column(&straight), ROWS, 1);
    outcome_free(&straight);
    outcome_free(&reversed);
    table_free(table);
    table_free(turned);
}

/* Indicators and prices look at no later row; a regression learns from all, in any order. */
static void treats_rows_as_its_kind_must(void **state)
{
    const struct contract_model *model = model_of(state);
    struct table *table = contract_table(model, ROWS, 1), *start = contract_table(model, ROWS / 2, 1);
    struct outcome whole, half;

    run_ok(model, table, &whole);
    if (contract_learns(model)) {
        for (size_t i = 0; i < table_columns(&table->array); i++) {
            double *values = (double *)table->array.children[i]->buffers[1];
            for (int64_t row = 0; row < ROWS / 2; row++) {
                double kept = values[row];
                values[row] = values[ROWS - 1 - row];
                values[ROWS - 1 - row] = kept;
            }
        }
        run_ok(model, table, &half);
        for (int64_t row = 0; row < ROWS; row++)
            assert_true(fabs(first_column(&half)[ROWS - 1 - row] - first_column(&whole)[row]) < 1e-7);
    } else {
        run_ok(model, start, &half);
        assert_close(first_column(&half), first_column(&whole), ROWS / 2, 1);
    }
    outcome_free(&whole);
    outcome_free(&half);
    table_free(table);
    table_free(start);
}

static void check_refusal(const struct contract_model *model, const struct table *table, const char *field)
{
    struct outcome outcome;

    assert_int_equal(contract_run(&bench, model, table, 1, &outcome), MRPC_INVALID_ARGUMENT);
    assert_int_equal(outcome.worker_lost, 0);
    assert_true(strlen(outcome.fault.text) > 10);
    if (field && !strstr(outcome.fault.field, field))
        fail_msg("field \"%s\" does not name \"%s\"", outcome.fault.field, field);
    outcome_free(&outcome);
}

static void refuses_numbers_that_are_none(void **state)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    const char *column = contract_column(model_of(state));

    for (size_t i = 0; i < 3; i++) {
        struct table *table = contract_table(model_of(state), ROWS, 1);
        ((double *)table_numbers(table, column))[17] = bad[i];
        check_refusal(model_of(state), table, column);
        table_free(table);
    }
}

static void refuses_absent_values_and_absent_columns(void **state)
{
    const struct contract_model *model = model_of(state);
    struct table *table = contract_table(model, ROWS, 1), *holes = table_new(ROWS), *other = table_new(ROWS);
    const char *wanted = contract_column(model);

    for (size_t i = 0; i < table_columns(&table->array); i++) {
        struct table_column from, to;
        table_column_view(&table->schema, &table->array, i, &from);
        int spoil = strcmp(from.name, wanted) == 0;
        assert_int_equal(table_add(holes, from.name, "g", 0, spoil, &to, NULL), 0);
        memcpy(to.values, from.values, from.values_bytes);
        if (spoil)
            memset(to.validity, 0xff, ROWS / 8 - 1);
    }
    check_refusal(model, holes, wanted);
    assert_int_equal(table_add(other, "unrelated", "g", 0, 0, NULL, NULL), 0);
    check_refusal(model, other, NULL);
    table_free(table);
    table_free(holes);
    table_free(other);
}

static void ends_when_cancelled(void **state)
{
    const struct contract_model *model = model_of(state);
    struct table *table = contract_table(model, 2000000, 1);
    struct process_task task = {
        .operation = contract_learns(model) ? PROCESS_TRAIN : PROCESS_COMPUTE,
        .plugin_path = worker_bench_plugin(model->plugin),
        .algorithm = model->algorithm,
        .schema = &table->schema,
        .array = &table->array,
        .target = contract_learns(model) ? "y" : NULL,
    };
    struct outcome outcome;

    assert_int_equal(worker_bench_submit(&bench, &task, &outcome), 0);
    worker_bench_await_start(&outcome);
    process_pool_cancel(bench.pool, outcome.ticket);
    worker_bench_await(&outcome);
    assert_int_equal(outcome.fault.code, MRPC_CANCELLED);
    assert_null(outcome.table);
    assert_null(outcome.artifact);
    outcome_free(&outcome);
    table_free(table);
}

static void artifact_is_the_same_for_the_same_seed(void **state)
{
    const struct contract_model *model = model_of(state);
    struct table *table = contract_table(model, ROWS, 1);
    struct outcome first, second;

    if (contract_learns(model)) {
        assert_int_equal(contract_train(&bench, model, table, 1, &first), 0);
        assert_int_equal(contract_train(&bench, model, table, 1, &second), 0);
        assert_int_equal(first.artifact_bytes, second.artifact_bytes);
        assert_memory_equal(first.artifact, second.artifact, first.artifact_bytes);
        outcome_free(&first);
        outcome_free(&second);
    }
    table_free(table);
}

static int predict(const struct contract_model *model, const struct table *table, const void *artifact, size_t bytes,
                   struct outcome *outcome)
{
    struct process_task task = {.operation = PROCESS_PREDICT,
                                .plugin_path = worker_bench_plugin(model->plugin),
                                .algorithm = model->algorithm,
                                .schema = &table->schema,
                                .array = &table->array,
                                .artifact = artifact,
                                .artifact_bytes = bytes};

    worker_bench_run(&bench, &task, outcome);
    return outcome->fault.code;
}

static void damaged_artifact_is_refused(void **state)
{
    const struct contract_model *model = model_of(state);
    struct table *table = contract_table(model, ROWS, 1);
    struct outcome trained, outcome;

    if (contract_learns(model)) {
        assert_int_equal(contract_train(&bench, model, table, 1, &trained), 0);
        char *bytes = trained.artifact;
        for (size_t i = 0; i < trained.artifact_bytes; i += 3) {
            bytes[i] = (char)(bytes[i] ^ 0x10);
            assert_int_equal(predict(model, table, bytes, trained.artifact_bytes, &outcome), MRPC_DATA_LOSS);
            assert_int_equal(outcome.worker_lost, 0);
            bytes[i] = (char)(bytes[i] ^ 0x10);
        }
        for (size_t size = 1; size < trained.artifact_bytes; size += 7)
            assert_int_equal(predict(model, table, bytes, size, &outcome), MRPC_DATA_LOSS);
        assert_int_equal(predict(model, table, bytes, trained.artifact_bytes, &outcome), MRPC_OK);
        outcome_free(&outcome);
        outcome_free(&trained);
    }
    table_free(table);
}

struct described {
    size_t algorithms;
    size_t under_contract;
};

static void count_algorithms(void *arg, uint64_t ticket, struct process_result *result)
{
    struct described *seen = ((struct outcome *)arg)->artifact;

    for (size_t i = 0; result->description && i < result->description->algorithm_count; i++, seen->algorithms++)
        for (size_t m = 0; m < contract_model_count; m++)
            seen->under_contract += strcmp(contract_models[m].algorithm, result->description->algorithms[i].id) == 0 &&
                                    strcmp(contract_models[m].plugin, result->description->family) == 0;
    ((struct outcome *)arg)->artifact = NULL;
    pthread_mutex_lock(&((struct outcome *)arg)->lock);
    ((struct outcome *)arg)->is_done = 1;
    pthread_cond_broadcast(&((struct outcome *)arg)->changed);
    pthread_mutex_unlock(&((struct outcome *)arg)->lock);
}

static void every_algorithm_is_under_contract(void **state)
{
    static const char *const families[] = {"linear", "technical", "options"};
    struct described seen = {0, 0};

    for (size_t i = 0; i < 3; i++) {
        struct outcome outcome = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        struct process_task task = {.operation = PROCESS_DESCRIBE,
                                    .plugin_path = worker_bench_plugin(families[i]),
                                    .reply_loop = bench.loop,
                                    .on_done = count_algorithms,
                                    .arg = &outcome};
        outcome.artifact = &seen;
        assert_int_equal(process_pool_submit(bench.pool, &task, &outcome.ticket, NULL), 0);
        worker_bench_await(&outcome);
    }
    assert_int_equal(seen.algorithms, contract_model_count);
    assert_int_equal(seen.under_contract, contract_model_count);
}

static int start(void **state)
{
    worker_bench_start(&bench, (struct process_pool_options){.workers = 2});
    return 0;
}

static int stop(void **state)
{
    worker_bench_stop(&bench);
    return 0;
}

static const struct {
    const char *name;
    CMUnitTestFunction run;
} clauses[] = {
    {"gives_one_finite_row_for_each", gives_one_finite_row_for_each},
    {"gives_the_same_bytes_for_the_same_input", gives_the_same_bytes_for_the_same_input},
    {"depends_on_its_input", depends_on_its_input},
    {"scales_as_its_formula_says", scales_as_its_formula_says},
    {"does_not_care_for_the_order_of_columns", does_not_care_for_the_order_of_columns},
    {"treats_rows_as_its_kind_must", treats_rows_as_its_kind_must},
    {"refuses_numbers_that_are_none", refuses_numbers_that_are_none},
    {"refuses_absent_values_and_absent_columns", refuses_absent_values_and_absent_columns},
    {"ends_when_cancelled", ends_when_cancelled},
    {"artifact_is_the_same_for_the_same_seed", artifact_is_the_same_for_the_same_seed},
    {"damaged_artifact_is_refused", damaged_artifact_is_refused},
};
#define CLAUSES (sizeof(clauses) / sizeof(clauses[0]))
#define TESTS_MAX 512

int main(void)
{
    static struct CMUnitTest tests[TESTS_MAX];
    static char names[TESTS_MAX][128];
    size_t count = 0;

    tests[count++] = (struct CMUnitTest){"every_algorithm_is_under_contract", every_algorithm_is_under_contract};
    for (size_t m = 0; m < contract_model_count; m++)
        for (size_t c = 0; c < CLAUSES && count < TESTS_MAX; c++, count++) {
            snprintf(names[count], sizeof(names[0]), "%s/%s", contract_models[m].algorithm, clauses[c].name);
            tests[count] = (struct CMUnitTest){.name = names[count],
                                               .test_func = clauses[c].run,
                                               .initial_state = (void *)&contract_models[m]};
        }
    return _cmocka_run_group_tests("contract", tests, count, start, stop);
}
