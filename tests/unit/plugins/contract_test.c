/* SPDX-License-Identifier: Apache-2.0 */
/* What every model of a family must do, whatever it computes: the contract, over each configuration of the catalog by
 * itself. `contract FAMILY`; without an argument what holds of the catalog as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract_run.h"

#define ROWS 400
#define ROWS_LONG 1000000
#define END_MS 1000 /* from asking to the end, of the worker's own time; the clock gets GRACE_MS, for machines under load */
#define GRACE_MS 20000
#define GRACE_SHORT_MS 300 /* for a family whose libraries cannot be asked: its worker is to be lost */

static struct worker_bench bench;

/* Those that a general clause cannot hold, and why. */
static const struct exception {
    const char *family, *algorithm, *clause;
} exceptions[] = {
    {"linear", "lasso", "scales"},          /* the penalty stays while the target grows */
    {"linear", "elastic_net", "scales"},    /* the same */
    {"linear", "bayesian_ridge", "scales"}, /* the priors stay */
    {"meta_learning", "maml", "row order"}, /* tasks are periods */
    {"meta_learning", "similar_tasks", "row order"},
    {"meta_learning", "strategy_selector", "row order"},
    {"gaussian_process", "rbf", "scales"},  /* the noise and the variance stay while the target grows */
    {"gaussian_process", "matern", "scales"},
    {"gaussian_process", "rational_quadratic", "scales"},
    {"svm", "svr", "scales"},               /* the price of errors stays while the target grows */
    {"svm", "nu_svr", "scales"},
    {"svm", "linear_svr", "scales"},
    {"svm", "svr", "row order"},            /* solvers end at a tolerance, on paths that the order makes */
    {"svm", "nu_svr", "row order"},
    {"svm", "linear_svr", "row order"},
    {"svm", "svr", "cancel"},               /* libsvm and liblinear ask nobody whether to go on */
    {"svm", "nu_svr", "cancel"},
    {"svm", "linear_svr", "cancel"},
    {"tree", "random_forest", "row order"}, /* chance draws rows by their number */
    {"tree", "ada_boost", "row order"},     /* the same */
    {"ensemble", "bagging", "row order"},   /* chance draws rows by their number */
    {"ensemble", "ada_boost", "row order"}, /* the same */
    {"ensemble", "voting", "row order"},    /* folds are runs of rows */
    {"ensemble", "stacking", "row order"},  /* the same */
    {"neural", "mlp", "row order"},         /* batches are of rows by their number */
    {"neural", "feedforward", "row order"}, /* the same */
    {"neural", "adversarial", "row order"}, /* the same */
};

/* What a contract is held with instead of a default that would take long. */
static const struct override {
    const char *family, *parameter;
    int64_t value;
    double list; /* for a parameter that is a list of numbers: the only one in it */
} overrides[] = {
    {"tree", "n_estimators", 6},
    {"tree", "max_iter", 6},
    {"tree", "iterations", 6},
    {"meta_learning", "iterations", 3},
    {"automl_system", "n_trials", 10},
    {"automl_system", "max_trials", 3},
    {"automl_system", "components", 8},
    {"automl_system", "boosting_rounds", 2},
    {"automl_system", "max_p", 2},
    {"automl_system", "max_q", 1},
    {"tree", "min_samples_leaf", 3}, /* else a tree knows each row by heart, whatever its features */
    {"ensemble", "n_estimators", 6},
    {"ensemble", "cv", 2},
    {"neural", "max_iter", 1},
    {"neural", "batch_size", 200},
    {"neural", "hidden_layer_sizes", .list = 8},
    {"neural", "lookback", 2},
    {"neural", "units", 4},
    {"neural", "encoding_dim", 4},
    {"neural", "lstm_units", 4},
    {"neural", "filters", 4},
    {"neural", "num_heads", 2},
    {"neural", "num_layers", 1},
    {"neural", "d_model", 8},
    {"neural", "key_dim", 4},
    {"neural", "hidden_size", 4},
    {"neural", "hidden_channels", 4},
    {"neural", "patch_size", 2},
    {"neural", "num_attention_heads", 2},
    {"neural", "attention_heads", 2},
    {"neural", "dim_feedforward", 8},
    {"reinforcement", "episodes", 1},
    {"reinforcement", "hidden_layer_sizes", .list = 8},
    {"reinforcement", "n_steps", 64},
    {"reinforcement", "n_epochs", 2},
    {"reinforcement", "learning_starts", 10},
    {"exotic", "max_iter", 1},
    {"exotic", "batch_size", 100},
    {"exotic", "n_qubits", 3},
    {"exotic", "n_layers", 1},
    {"gaussian_process", "max_iter", 0},
    {"gaussian_process", "alpha", 1}, /* less lets rounding show */
};
#define OVERRIDES (sizeof(overrides) / sizeof(overrides[0]))

static size_t override_parameters(const struct catalog_model *model, struct mltrainer_parameter *given)
{
    size_t count = 0;

    for (size_t i = 0; i < OVERRIDES; i++)
        for (size_t p = 0; strcmp(model->family, overrides[i].family) == 0 && p < model->parameter_count; p++)
            if (strcmp(model->parameters[p].name, overrides[i].parameter) == 0)
                given[count++] =
                    (struct mltrainer_parameter){.size = sizeof(*given),
                                                 .kind = overrides[i].list > 0 ? MLTRAINER_NUMBERS : MLTRAINER_INTEGER,
                                                 .name = overrides[i].parameter,
                                                 .integer = overrides[i].value,
                                                 .count = 1,
                                                 .numbers = &overrides[i].list};
    return count;
}

static int excepted(const struct contract *contract, const char *clause)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (strcmp(exceptions[i].family, contract->model->family) == 0 &&
            strcmp(exceptions[i].algorithm, contract->model->algorithm) == 0 &&
            strcmp(exceptions[i].clause, clause) == 0)
            return 1;
    return 0;
}

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

/* ---- Clauses on good data ---- */

static void gives_what_its_configuration_says(void **state)
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

static void gives_the_same_bytes_for_the_same_input(void **state)
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
static void depends_on_each_of_its_inputs(void **state)
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
static void scales_as_money_does(void **state)
{
    const struct contract *contract = *state;
    struct outcome one, four;

    if (!contract_has_money(contract->model) || excepted(contract, "scales"))
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

static void does_not_care_for_the_order_of_columns(void **state)
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

/* Indicators look at no later row; a regression learns from all, in any order. */
static void treats_rows_as_its_kind_must(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct outcome whole, other;

    if (task_is(contract, "indicator")) {
        struct table *start = contract_table(contract->model, ROWS / 2, 1);
        contract_run_ok(contract, table, &whole);
        contract_run_ok(contract, start, &other);
        assert_agree(&other, &whole, ROWS / 2, 0);
        outcome_free(&whole);
        outcome_free(&other);
        table_free(start);
    } else if (task_is(contract, "regression") && !excepted(contract, "row order")) {
        contract_run_ok(contract, table, &whole);
        turn_rows(table);
        contract_run_ok(contract, table, &other);
        assert_agree(&whole, &other, ROWS, 1);
        outcome_free(&whole);
        outcome_free(&other);
    }
    table_free(table);
}

/* ---- Clauses on bad data ---- */

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

static void refuses_numbers_that_are_none(void **state)
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

static void refuses_columns_that_are_not_as_needed(void **state)
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

/* No rows, one, two, fewer than columns, nothing but one value: an answer or a clear refusal, and the worker lives. */
static void has_an_answer_for_the_least_data(void **state)
{
    static const int64_t lengths[] = {0, 1, 2, 3, 30, 30};
    const struct contract *contract = *state;

    for (size_t i = 0; i < 6 && contract->model->table != CATALOG_NONE; i++) {
        struct table *table = contract_table(contract->model, lengths[i], 1);
        struct outcome outcome;
        for (size_t c = 0; i == 5 && c < table_columns(&table->array); c++)
            for (int64_t row = 1; row < lengths[i]; row++)
                ((double *)table->array.children[c]->buffers[1])[row] =
                    ((const double *)table->array.children[c]->buffers[1])[0];
        int code = contract_run(contract, table, &outcome);
        if (code != MRPC_OK && code != MRPC_INVALID_ARGUMENT && code != MRPC_FAILED_PRECONDITION)
            fail_msg("%lld rows: code %d, %s", (long long)lengths[i], code, outcome.fault.text);
        assert_int_equal(outcome.worker_lost, 0);
        assert_true(code == MRPC_OK || strlen(outcome.fault.text) > 10);
        outcome_free(&outcome);
        table_free(table);
    }
}

/* ---- Clauses on time ---- */

/* Start on @rows rows and cancel; gives the code that it ended with. */
static int cancel_with(const struct contract *contract, int64_t rows, int64_t *cpu_ms, int *lost)
{
    struct table *table = contract_table(contract->model, rows, 1);
    struct process_task task =
        contract_task(contract, contract_learns(contract) ? PROCESS_TRAIN : PROCESS_COMPUTE, table);
    struct outcome outcome;

    assert_int_equal(worker_bench_submit(&bench, &task, &outcome), 0);
    worker_bench_await_start(&outcome);
    process_pool_cancel(bench.pool, outcome.ticket);
    worker_bench_await(&outcome);
    *cpu_ms = outcome.cpu_us / 1000;
    *lost = outcome.worker_lost;
    outcome_free(&outcome);
    table_free(table);
    return outcome.fault.code;
}

static void ends_when_cancelled(void **state)
{
    const struct contract *contract = *state;
    int64_t rows = ROWS_LONG, cpu_ms;
    int lost, code = cancel_with(contract, rows, &cpu_ms, &lost);

    while (code == MRPC_INVALID_ARGUMENT && rows > ROWS) { /* too many for it */
        rows /= 10;
        code = cancel_with(contract, rows, &cpu_ms, &lost);
    }
    assert_true(code == MRPC_CANCELLED || code == 0); /* some are done before they hear of it */
    assert_true(!lost || excepted(contract, "cancel")); /* before its library starts a worker can still be asked */
    assert_true(cpu_ms < END_MS * MLT_TEST_SLOWNESS);
}

/* ---- Clauses on artifacts ---- */

static void artifact_is_the_same_for_the_same_seed(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct outcome first, second;

    if (contract_learns(contract)) {
        assert_int_equal(contract_train(contract, table, &first), 0);
        assert_int_equal(contract_train(contract, table, &second), 0);
        assert_int_equal(first.artifact_bytes, second.artifact_bytes);
        assert_memory_equal(first.artifact, second.artifact, first.artifact_bytes);
        outcome_free(&first);
        outcome_free(&second);
    }
    table_free(table);
}

static int predict(const struct contract *contract, const struct table *table, const void *artifact, size_t bytes)
{
    struct process_task task = contract_task(contract, PROCESS_PREDICT, table);
    struct outcome outcome;

    task.artifact = artifact;
    task.artifact_bytes = bytes;
    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.worker_lost, 0);
    outcome_free(&outcome);
    return outcome.fault.code;
}

static void damaged_artifact_is_refused(void **state)
{
    const struct contract *contract = *state;
    struct table *table = contract_table(contract->model, ROWS, 1);
    struct outcome trained;

    if (contract_learns(contract)) {
        assert_int_equal(contract_train(contract, table, &trained), 0);
        char *bytes = trained.artifact;
        size_t step = 1 + trained.artifact_bytes / 60;
        for (size_t i = 0; i < trained.artifact_bytes; i += step) {
            bytes[i] = (char)(bytes[i] ^ 0x10);
            assert_int_equal(predict(contract, table, bytes, trained.artifact_bytes), MRPC_DATA_LOSS);
            bytes[i] = (char)(bytes[i] ^ 0x10);
            if (i > 0)
                assert_int_equal(predict(contract, table, bytes, i), MRPC_DATA_LOSS);
        }
        assert_int_equal(predict(contract, table, bytes, trained.artifact_bytes), MRPC_OK);
        outcome_free(&trained);
    }
    table_free(table);
}

/* ---- Which models, which clauses ---- */

static const struct clause {
    const char *name;
    CMUnitTestFunction run;
    int once; /* for one model of an algorithm, not for each */
} clauses[] = {
    {"gives_what_its_configuration_says", gives_what_its_configuration_says, 0},
    {"gives_the_same_bytes_for_the_same_input", gives_the_same_bytes_for_the_same_input, 0},
    {"depends_on_each_of_its_inputs", depends_on_each_of_its_inputs, 0},
    {"scales_as_money_does", scales_as_money_does, 0},
    {"does_not_care_for_the_order_of_columns", does_not_care_for_the_order_of_columns, 1},
    {"treats_rows_as_its_kind_must", treats_rows_as_its_kind_must, 0},
    {"refuses_numbers_that_are_none", refuses_numbers_that_are_none, 1},
    {"refuses_columns_that_are_not_as_needed", refuses_columns_that_are_not_as_needed, 1},
    {"has_an_answer_for_the_least_data", has_an_answer_for_the_least_data, 0},
    {"ends_when_cancelled", ends_when_cancelled, 1},
    {"artifact_is_the_same_for_the_same_seed", artifact_is_the_same_for_the_same_seed, 0},
    {"damaged_artifact_is_refused", damaged_artifact_is_refused, 1},
    {"gives_its_memory_back", inside_gives_its_memory_back, 1},
    {"survives_each_allocation_failing", inside_survives_each_allocation_failing, 1},
    {"predicts_the_same_bits_after_restore", inside_predicts_the_same_bits_after_restore, 0},
    {"repeats_with_the_seed_and_not_without", inside_repeats_with_the_seed_and_not_without, 0},
};
#define CLAUSES (sizeof(clauses) / sizeof(clauses[0]))
#define MODELS_MAX 128

static int cannot_be_asked(const char *family)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (strcmp(exceptions[i].family, family) == 0 && strcmp(exceptions[i].clause, "cancel") == 0)
            return 1;
    return 0;
}

static int64_t grace_ms = GRACE_MS;

static int start(void **state)
{
    worker_bench_start(&bench, (struct process_pool_options){.workers = 2, .cancel_grace_ms = grace_ms});
    return 0;
}

static int stop(void **state)
{
    worker_bench_stop(&bench);
    return 0;
}

static struct catalog *catalog;

static int is_first_of_its_algorithm(const struct catalog_model *model)
{
    for (size_t i = 0; i < catalog->model_count; i++)
        if (strcmp(catalog->models[i].family, model->family) == 0 &&
            strcmp(catalog->models[i].algorithm, model->algorithm) == 0)
            return &catalog->models[i] == model;
    return 0;
}

/* @computed: some of its models must be available, or its plugin is not where it should be. */
static int run_family(const char *family, int computed)
{
    static struct CMUnitTest tests[MODELS_MAX * CLAUSES];
    static char names[MODELS_MAX * CLAUSES][192];
    static struct contract contracts[MODELS_MAX];
    struct mrpc_arena *arena = mrpc_arena_new(1 << 22);
    size_t count = 0, models = 0;

    for (size_t m = 0; m < catalog->model_count && models < MODELS_MAX; m++) {
        const struct catalog_model *model = &catalog->models[m];
        struct fault fault = FAULT_INIT;
        if (strcmp(model->family, family) != 0 || model->unavailable)
            continue;
        struct contract *contract = &contracts[models++];
        struct mltrainer_parameter given[OVERRIDES];
        *contract = (struct contract){.bench = &bench, .model = model};
        if (catalog_resolve_parameters(model, given, override_parameters(model, given), "parameters", arena,
                                       &contract->parameters, &fault)) {
            fprintf(stderr, "%s: %s\n", model->id, fault.text);
            return 1;
        }
        for (size_t c = 0; c < CLAUSES; c++) {
            if (clauses[c].once && !is_first_of_its_algorithm(model))
                continue;
            snprintf(names[count], sizeof(names[0]), "%s/%s", model->id, clauses[c].name);
            tests[count] = (struct CMUnitTest){
                .name = names[count], .test_func = clauses[c].run, .initial_state = contract};
            count++;
        }
    }
    grace_ms = cannot_be_asked(family) ? GRACE_SHORT_MS : GRACE_MS;
    int failed = _cmocka_run_group_tests(family, tests, count, start, stop);
    mrpc_arena_free(arena);
    return failed;
}

/* ---- The catalog as a whole ---- */

static size_t algorithms_without_model;

static void count_unused(void *arg, uint64_t ticket, struct process_result *result)
{
    struct outcome *outcome = arg;
    const struct process_description *description = result->description;

    for (size_t i = 0; description && i < description->algorithm_count; i++) {
        int used = 0;
        for (size_t m = 0; m < catalog->model_count; m++)
            used |= strcmp(catalog->models[m].family, description->family) == 0 &&
                    strcmp(catalog->models[m].algorithm, description->algorithms[i].id) == 0;
        if (!used)
            fprintf(stderr, "%s: no model has algorithm %s\n", description->family, description->algorithms[i].id);
        algorithms_without_model += !used;
    }
    pthread_mutex_lock(&outcome->lock);
    outcome->fault = result->fault;
    outcome->is_done = 1;
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->lock);
}

static void every_algorithm_has_a_model(void **state)
{
    for (size_t i = 0; i < catalog->plugin_count; i++) {
        struct outcome outcome = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        struct process_task task = {.operation = PROCESS_DESCRIBE,
                                    .plugin_path = catalog->plugins[i].path,
                                    .reply_loop = bench.loop,
                                    .on_done = count_unused,
                                    .arg = &outcome};
        if (catalog->plugins[i].state == CATALOG_PLUGIN_REFUSED) /* no code: every model says why */
            continue;
        assert_int_equal(process_pool_submit(bench.pool, &task, &outcome.ticket, NULL), 0);
        worker_bench_await(&outcome);
        if (outcome.fault.code)
            fail_msg("%s: %s", catalog->plugins[i].family, outcome.fault.text);
    }
    assert_int_equal(algorithms_without_model, 0);
}

static void every_unavailable_model_says_why(void **state)
{
    for (size_t i = 0; i < catalog->model_count; i++)
        if (catalog->models[i].unavailable && !catalog->models[i].withheld)
            fail_msg("%s: %s", catalog->models[i].id, catalog->models[i].unavailable);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_has_a_model),
        cmocka_unit_test(every_unavailable_model_says_why),
    };
    struct fault fault = FAULT_INIT;

    if (catalog_read(CONTRACT_MODELS, CONTRACT_PLUGINS, 1, &catalog, &fault)) {
        fprintf(stderr, "%s\n", fault.text);
        return 1;
    }
    int failed = argc > 1 ? run_family(argv[1], argc > 2 && strcmp(argv[2], "computed") == 0) : cmocka_run_group_tests_name("catalog", tests, start, stop);
    snapshot_release(&catalog->snapshot);
    return failed;
}
