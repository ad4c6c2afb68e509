/* SPDX-License-Identifier: Apache-2.0 */
/* Every golden file of one family, through a worker: what comes out is what the reference says. See README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "golden_case.h"
#include "worker_bench.h"

static struct worker_bench bench;
static size_t values_compared;

static void compare(const char *what, int64_t row, double got, double expected, double tolerance)
{
    values_compared++;
    if (isnan(expected) && isnan(got))
        return;
    if (!(fabs(got - expected) <= tolerance * (1 + fabs(expected))))
        fail_msg("%s, row %lld: %.17g instead of %.17g", what, (long long)row, got, expected);
}

static void compare_tables(const struct table *got, const struct table *expected, double tolerance)
{
    assert_non_null(got);
    assert_int_equal(table_rows(&got->array), table_rows(&expected->array));
    assert_int_equal(table_columns(&got->array), table_columns(&expected->array));
    for (size_t i = 0; i < table_columns(&expected->array); i++) {
        struct table_column column;
        table_column_view(&expected->schema, &expected->array, i, &column);
        const double *numbers = table_numbers(got, column.name);
        for (int64_t row = 0; row < column.length; row++)
            compare(column.name, row, numbers[row], ((const double *)column.values)[row], tolerance);
    }
}

static struct process_task task_of(const struct golden_case *golden, enum process_operation operation,
                                   const struct table *table)
{
    return (struct process_task){
        .operation = operation,
        .plugin_path = worker_bench_plugin(golden->plugin),
        .algorithm = golden->algorithm,
        .parameter_count = golden->parameter_count,
        .parameters = golden->parameter_list,
        .schema = &table->schema,
        .array = &table->array,
        .target = golden->target[0] ? golden->target : NULL,
    };
}

static void run(struct process_task *task, struct outcome *outcome)
{
    worker_bench_run(&bench, task, outcome);
    if (outcome->fault.code)
        fail_msg("%s: %s", outcome->fault.field, outcome->fault.text);
}

static void check_compute(const struct golden_case *golden)
{
    struct process_task task = task_of(golden, PROCESS_COMPUTE, golden_case_table(golden, "input"));
    struct outcome outcome;

    run(&task, &outcome);
    compare_tables(outcome.table, golden_case_table(golden, "expected"), golden->tolerance);
    outcome_free(&outcome);
}

static void check_train(const struct golden_case *golden)
{
    struct process_task train = task_of(golden, PROCESS_TRAIN, golden_case_table(golden, "input"));
    struct process_task predict = task_of(golden, PROCESS_PREDICT, golden_case_table(golden, "unseen"));
    struct process_task evaluate = task_of(golden, PROCESS_EVALUATE, golden_case_table(golden, "unseen"));
    struct outcome trained, predicted, evaluated;

    run(&train, &trained);
    predict.artifact = evaluate.artifact = trained.artifact;
    predict.artifact_bytes = evaluate.artifact_bytes = trained.artifact_bytes;
    run(&predict, &predicted);
    compare_tables(predicted.table, golden_case_table(golden, "expected"), golden->tolerance);
    run(&evaluate, &evaluated);
    for (size_t i = 0; i < golden->metric_count; i++)
        compare(golden->metric_names[i], 0, outcome_metric(&evaluated, golden->metric_names[i]), golden->metrics[i],
                golden->tolerance);
    outcome_free(&trained);
    outcome_free(&predicted);
    outcome_free(&evaluated);
}

static void agrees_with_the_reference(void **state)
{
    struct golden_case golden;

    golden_case_read(*state, &golden);
    values_compared = 0;
    if (strcmp(golden.operation, "train") == 0)
        check_train(&golden);
    else
        check_compute(&golden);
    assert_true(values_compared >= 10);
    golden_case_free(&golden);
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
    static struct CMUnitTest tests[GOLDEN_CASES];
    glob_t found;

    if (glob(GOLDEN_FOLDER "/*.golden", 0, NULL, &found) != 0 || found.gl_pathc != GOLDEN_CASES) {
        fprintf(stderr, "the golden files in %s changed: configure again\n", GOLDEN_FOLDER);
        return 1;
    }
    for (size_t i = 0; i < GOLDEN_CASES; i++)
        tests[i] = (struct CMUnitTest){.name = strrchr(found.gl_pathv[i], '/') + 1,
                                       .test_func = agrees_with_the_reference,
                                       .initial_state = found.gl_pathv[i]};
    int failed = cmocka_run_group_tests(tests, start, stop);
    globfree(&found);
    return failed;
}
