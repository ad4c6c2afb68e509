/* SPDX-License-Identifier: Apache-2.0 */
/* States of which one has a deviation so large that groups around means part it: the states are found, not the
 * groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>

#include <cmocka.h>

#include "worker_bench.h"

#define ROWS 600
#define RUN 50 /* rows that a state stays */

static struct worker_bench bench;

static struct mltrainer_parameter parameters[] = {
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_INTEGER, .name = "n_components", .integer = 3},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_TEXT, .name = "covariance_type", .text = "full"},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_INTEGER, .name = "n_init", .integer = 3},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_INTEGER, .name = "n_iter", .integer = 200},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_NUMBER, .name = "tol", .number = 0.01},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_NUMBER, .name = "min_covar", .number = 1e-6},
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static int state_at(int64_t row)
{
    static const int path[] = {0, 1, 2, 0, 2, 1};

    return path[row / RUN % 6];
}

/* Near enough to a standard normal number: the sum of twelve even ones. */
static double normal(uint64_t *draws)
{
    double sum = -6;

    for (int i = 0; i < 12; i++) {
        *draws = *draws * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(*draws >> 11) / (double)(1ull << 53);
    }
    return sum;
}

static struct table *states(void)
{
    static const double means[3][2] = {{-1, 4}, {0, 2}, {0.5, 1}}, deviations[] = {2, 1, 0.5};
    struct table *table = table_new(ROWS);
    struct table_column a, b;
    uint64_t draws = 1;

    assert_int_equal(table_add(table, "a", "g", 0, 0, &a, NULL), 0);
    assert_int_equal(table_add(table, "b", "g", 0, 0, &b, NULL), 0);
    for (int64_t row = 0; row < ROWS; row++) {
        int state = state_at(row);
        ((double *)a.values)[row] = means[state][0] + deviations[state] * normal(&draws);
        ((double *)b.values)[row] = means[state][1] + 0.5 * normal(&draws);
    }
    return table;
}

static void finds_states_that_groups_would_part(void **state)
{
    const struct mltrainer_parameter *list[PARAMETERS];
    struct table *table = states();
    struct outcome trained, said;
    int right = 0;

    for (size_t i = 0; i < PARAMETERS; i++)
        list[i] = &parameters[i];
    struct process_task task = {.operation = PROCESS_TRAIN,
                                .plugin_path = worker_bench_plugin("regime"),
                                .algorithm = "hidden_markov",
                                .parameters = list,
                                .parameter_count = PARAMETERS,
                                .schema = &table->schema,
                                .array = &table->array};
    worker_bench_run(&bench, &task, &trained);
    assert_int_equal(trained.fault.code, 0);
    task.operation = PROCESS_PREDICT;
    task.artifact = trained.artifact;
    task.artifact_bytes = trained.artifact_bytes;
    worker_bench_run(&bench, &task, &said);
    assert_int_equal(said.fault.code, 0);
    for (int64_t row = 0; row < ROWS; row++) /* numbered by their first mean, as they are here */
        right += table_numbers(said.table, "prediction")[row] == state_at(row);
    assert_true(right > 0.98 * ROWS);
    outcome_free(&trained);
    outcome_free(&said);
    table_free(table);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_states_that_groups_would_part)};

    return cmocka_run_group_tests_name("regime_edges", tests, start, stop);
}
