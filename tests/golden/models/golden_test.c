/* SPDX-License-Identifier: Apache-2.0 */
/* `golden FAMILY`: every golden case of the family, through a worker, and how many models that covers. Without an
 * argument: the numbers of all families. See README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "execution/catalog/catalog.h"
#include "golden_case.h"
#include "worker_bench.h"

#define VALUES_LEAST 20 /* each model that is computed has so many golden ones, */
#define INPUTS_LEAST 2  /* from so many inputs, */
#define KINDS_LEAST 3   /* and so many that are not the same: groups and signals have few */

static struct worker_bench bench;
static struct catalog *catalog;
static struct mrpc_arena *arena;

/* What was compared: numbers, and the first few that differ from each other. Rows where both sides have no number do
 * not count. */
struct tally {
    size_t values, kind_count;
    double kinds[KINDS_LEAST];
};

static void tally_add(struct tally *tally, double value)
{
    size_t kind = 0;

    tally->values++;
    while (kind < tally->kind_count && tally->kinds[kind] != value)
        kind++;
    if (kind == tally->kind_count && kind < KINDS_LEAST)
        tally->kinds[tally->kind_count++] = value;
}

/* What the cases of a model came to, in the catalog's order. */
static struct coverage {
    struct tally tally;
    size_t inputs;
    char last_input[512];
} coverage[2048];

static struct tally compared; /* in this case */

static void compare(const char *what, int64_t row, double got, double expected, double tolerance)
{
    if (isnan(expected) && isnan(got))
        return;
    tally_add(&compared, expected);
    if (!(fabs(got - expected) <= tolerance * (1 + fabs(expected))))
        fail_msg("%s, row %lld: %.17g instead of %.17g", what, (long long)row, got, expected);
}

/* @rows: which rows of @got @expected has; NULL: all. Columns that @expected lacks are somebody else's. */
static void compare_tables(const struct table *got, const struct table *expected, const int64_t *rows, double tolerance)
{
    assert_non_null(got);
    assert_non_null(expected);
    if (!rows)
        assert_int_equal(table_rows(&got->array), table_rows(&expected->array));
    for (size_t i = 0; i < table_columns(&expected->array); i++) {
        struct table_column column;
        table_column_view(&expected->schema, &expected->array, i, &column);
        const double *numbers = table_numbers(got, column.name);
        for (int64_t row = 0; row < column.length; row++) {
            int64_t at = rows ? rows[row] : row;
            assert_in_range(at, 0, table_rows(&got->array) - 1);
            compare(column.name, at, numbers[at], ((const double *)column.values)[row], tolerance);
        }
    }
}

static struct process_task task_of(const struct golden_case *golden, enum process_operation operation,
                                   const struct table *table)
{
    const struct mltrainer_parameter *const *parameters;
    const struct catalog_model *model = golden->model[0] ? catalog_find_model(catalog, golden->model) : NULL;
    struct fault fault = FAULT_INIT;
    struct process_task task = {.operation = operation,
                                .plugin_path = worker_bench_plugin(model ? model->family : golden->plugin),
                                .algorithm = model ? model->algorithm : golden->algorithm,
                                .schema = table ? &table->schema : NULL,
                                .array = table ? &table->array : NULL,
                                .target = golden->target[0] ? golden->target : NULL};

    if (!model) {
        const struct mltrainer_parameter **list = mrpc_arena_calloc(arena, GOLDEN_PARAMETERS_MAX, sizeof *list);
        for (size_t i = 0; i < golden->parameter_count; i++)
            list[i] = &golden->parameters[i];
        task.parameters = list;
        task.parameter_count = golden->parameter_count;
        return task;
    }
    if (catalog_resolve_parameters(model, golden->parameters, golden->parameter_count, "parameters", arena, &parameters,
                                   &fault))
        fail_msg("%s", fault.text);
    task.parameters = parameters;
    task.parameter_count = model->parameter_count;
    return task;
}

static void run(struct process_task *task, struct outcome *outcome)
{
    worker_bench_run(&bench, task, outcome);
    if (outcome->fault.code)
        fail_msg("%s: %s", outcome->fault.field, outcome->fault.text);
}

static void compare_result(const struct golden_case *golden, const struct outcome *outcome)
{
    if (golden->sample)
        compare_tables(outcome->table, golden->sample, golden->sample_rows, golden->tolerance);
    else
        compare_tables(outcome->table, golden_file_table(golden->file, golden->expected), NULL, golden->tolerance);
}

static void check_compute(const struct golden_case *golden)
{
    struct process_task task = task_of(golden, PROCESS_COMPUTE, golden_file_table(golden->file, golden->input));
    struct outcome outcome;

    run(&task, &outcome);
    compare_result(golden, &outcome);
    outcome_free(&outcome);
}

static void check_train(const struct golden_case *golden)
{
    const struct table *unseen = golden_file_table(golden->file, golden->unseen[0] ? golden->unseen : golden->input);
    struct process_task train = task_of(golden, PROCESS_TRAIN, golden_file_table(golden->file, golden->input));
    struct process_task predict = task_of(golden, PROCESS_PREDICT, unseen);
    struct process_task evaluate = task_of(golden, PROCESS_EVALUATE, unseen);
    struct outcome trained, predicted, evaluated;

    run(&train, &trained);
    predict.artifact = evaluate.artifact = trained.artifact;
    predict.artifact_bytes = evaluate.artifact_bytes = trained.artifact_bytes;
    run(&predict, &predicted);
    compare_result(golden, &predicted);
    if (golden->metric_count > 0) {
        run(&evaluate, &evaluated);
        for (size_t i = 0; i < golden->metric_count; i++)
            compare(golden->metric_names[i], 0, outcome_metric(&evaluated, golden->metric_names[i]),
                    golden->metrics[i], golden->tolerance);
        outcome_free(&evaluated);
    }
    outcome_free(&trained);
    outcome_free(&predicted);
}

/* A case of the older form is about an algorithm: it counts for each model that has it. */
static void cover(const struct golden_case *golden)
{
    char input[512];

    snprintf(input, sizeof(input), "%s", golden->model[0] ? golden->input : golden->name);
    for (size_t i = 0; i < catalog->model_count; i++) {
        const struct catalog_model *model = &catalog->models[i];
        if (golden->model[0] ? strcmp(golden->model, model->id) != 0
                             : strcmp(golden->plugin, model->family) != 0 ||
                                   strcmp(golden->algorithm, model->algorithm) != 0)
            continue;
        for (size_t kind = 0; kind < compared.kind_count; kind++)
            tally_add(&coverage[i].tally, compared.kinds[kind]);
        coverage[i].tally.values += compared.values - compared.kind_count;
        coverage[i].inputs += strcmp(coverage[i].last_input, input) != 0;
        strcpy(coverage[i].last_input, input);
    }
}

static void agrees_with_the_reference(void **state)
{
    const struct golden_case *golden = *state;

    compared = (struct tally){0};
    assert_true(golden->tolerance > 0);
    if (golden->model[0] && !catalog_find_model(catalog, golden->model))
        fail_msg("there is no model \"%s\"", golden->model);
    if (strcmp(golden->operation, "train") == 0)
        check_train(golden);
    else
        check_compute(golden);
    assert_true(compared.values > 0);
    cover(golden);
}

/* ---- Counting ---- */

struct counts {
    size_t computed, golden, unavailable;
};

static int read_counts(const char *family, struct counts *counts)
{
    char path[600];

    snprintf(path, sizeof(path), GOLDEN_FOLDER "/%s/counts", family);
    FILE *file = fopen(path, "re");
    int read = file ? fscanf(file, "computed %zu golden %zu unavailable %zu", &counts->computed, &counts->golden,
                             &counts->unavailable)
                    : 0;
    if (file)
        fclose(file);
    return read == 3;
}

static int is_golden(const struct coverage *covered)
{
    return covered->tally.values >= VALUES_LEAST && covered->tally.kind_count >= KINDS_LEAST &&
           covered->inputs >= INPUTS_LEAST;
}

/* Also that each model that is computed is golden. */
static void counts_are_as_stated(void **state)
{
    const char *family = *state;
    struct counts stated = {0}, counted = {0};

    for (size_t i = 0; i < catalog->model_count; i++) {
        const struct catalog_model *model = &catalog->models[i];
        if (strcmp(model->family, family) != 0)
            continue;
        int golden = is_golden(&coverage[i]);
        counted.computed += !model->unavailable;
        counted.unavailable += model->unavailable != NULL;
        counted.golden += (size_t)golden;
        if (!golden && !model->unavailable)
            fail_msg("%s: %zu golden values from %zu inputs", model->id, coverage[i].tally.values, coverage[i].inputs);
    }
    printf("# %s: computed %zu golden %zu unavailable %zu\n", family, counted.computed, counted.golden,
           counted.unavailable);
    if (!read_counts(family, &stated))
        fail_msg("%s/counts is not there, or not \"computed N golden N unavailable N\"", family);
    assert_int_equal(counted.computed, stated.computed);
    assert_int_equal(counted.golden, stated.golden);
    assert_int_equal(counted.unavailable, stated.unavailable);
}

static int is_repeated(size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(catalog->models[i].family, catalog->models[index].family) == 0 &&
            strcmp(catalog->models[i].algorithm, catalog->models[index].algorithm) == 0)
            return 1;
    return 0;
}

enum { COMPUTED_LEAST = 250 };

/* The families' own tests hold each of the numbers that are added here. */
static void every_model_is_counted(void **state)
{
    struct counts sum = {0};
    size_t distinct = 0;

    for (size_t i = 0; i < catalog->plugin_count; i++) {
        struct counts counts = {0};
        if (!read_counts(catalog->plugins[i].family, &counts))
            fail_msg("%s/counts is not there", catalog->plugins[i].family);
        sum.computed += counts.computed;
        sum.golden += counts.golden;
        sum.unavailable += counts.unavailable;
    }
    for (size_t i = 0; i < catalog->model_count; i++)
        distinct += !catalog->models[i].unavailable && !is_repeated(i);
    printf("# models: computed %zu (of them distinct algorithms %zu), golden %zu, unavailable %zu\n", sum.computed,
           distinct, sum.golden, sum.unavailable);
    assert_int_equal(sum.computed + sum.unavailable, catalog->model_count);
    assert_true(sum.computed >= COMPUTED_LEAST);
}

/* ---- Running ---- */

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

static int run_family(const char *family)
{
    static struct CMUnitTest tests[GOLDEN_CASES_MAX + 1];
    static struct golden_file *files[GOLDEN_CASES_MAX];
    char pattern[600];
    glob_t found = {0};
    size_t count = 0;

    snprintf(pattern, sizeof(pattern), GOLDEN_FOLDER "/%s/*.golden", family);
    (void)glob(pattern, 0, NULL, &found); /* a family of which nothing can be computed has none */
    for (size_t i = 0; i < found.gl_pathc && i < GOLDEN_CASES_MAX; i++) {
        files[i] = golden_file_read(found.gl_pathv[i]);
        for (size_t c = 0; c < files[i]->case_count && count < GOLDEN_CASES_MAX; c++)
            tests[count++] = (struct CMUnitTest){.name = files[i]->cases[c]->name,
                                                 .test_func = agrees_with_the_reference,
                                                 .initial_state = files[i]->cases[c]};
    }
    tests[count++] = (struct CMUnitTest){
        .name = "counts_are_as_stated", .test_func = counts_are_as_stated, .initial_state = (void *)family};
    int failed = _cmocka_run_group_tests(family, tests, count, start, stop);
    for (size_t i = 0; i < found.gl_pathc && i < GOLDEN_CASES_MAX; i++)
        golden_file_free(files[i]);
    globfree(&found);
    return failed;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_model_is_counted)};
    struct fault fault = FAULT_INIT;

    if (catalog_read(GOLDEN_MODELS, GOLDEN_PLUGINS, 1, &catalog, &fault)) {
        fprintf(stderr, "%s\n", fault.text);
        return 1;
    }
    arena = mrpc_arena_new(1 << 26);
    int failed = argc > 1 ? run_family(argv[1]) : cmocka_run_group_tests_name("models", tests, NULL, NULL);
    mrpc_arena_free(arena);
    snapshot_release(&catalog->snapshot);
    return failed;
}
