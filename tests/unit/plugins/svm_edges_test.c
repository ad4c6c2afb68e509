/* SPDX-License-Identifier: Apache-2.0 */
/* What libsvm and liblinear are known for: state that belongs to the process, and no way to ask them to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker_bench.h"

#define FEW 60
#define MANY 40000  /* with which libsvm is busy for minutes */
#define BUSY_TICKS 20 /* of a worker's time, hundredths of a second: reading the table takes less than one */

static struct worker_bench bench;

static struct mltrainer_parameter parameters[] = {
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_NUMBER, .name = "C", .number = 1},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_NUMBER, .name = "epsilon", .number = 0.01},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_NUMBER, .name = "tol", .number = 1e-3},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_TEXT, .name = "kernel", .text = "rbf"},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_NUMBER, .name = "gamma", .number = 100},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_NUMBER, .name = "coef0", .number = 0},
    {.size = sizeof(parameters[0]), .kind = MLTRAINER_INTEGER, .name = "degree", .integer = 3},
};
#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static struct table *waves(int64_t rows, double phase)
{
    static const char *const names[] = {"a", "b", "y"};
    struct table *table = table_new(rows);

    for (int i = 0; i < 3; i++) {
        struct table_column column;
        assert_int_equal(table_add(table, names[i], "g", 0, 0, &column, NULL), 0);
        for (int64_t row = 0; row < rows; row++)
            ((double *)column.values)[row] =
                sin((double)(row + 1) * (i + 1) * 1.7 + phase) + 0.3 * cos((double)row * (double)row);
    }
    return table;
}

static struct process_task task_of(const char *algorithm, const struct table *table, uint64_t seed)
{
    static const struct mltrainer_parameter *list[PARAMETERS];

    for (size_t i = 0; i < PARAMETERS; i++)
        list[i] = &parameters[i];
    return (struct process_task){.operation = PROCESS_TRAIN,
                                 .plugin_path = worker_bench_plugin("svm"),
                                 .algorithm = algorithm,
                                 .parameters = list,
                                 .parameter_count = PARAMETERS,
                                 .schema = &table->schema,
                                 .array = &table->array,
                                 .target = "y",
                                 .seed = seed};
}

static void train(const char *algorithm, const struct table *table, uint64_t seed, struct outcome *outcome)
{
    struct process_task task = task_of(algorithm, table, seed);

    worker_bench_run(&bench, &task, outcome);
    assert_int_equal(outcome->fault.code, 0);
}

static int is_same(const struct outcome *a, const struct outcome *b)
{
    return a->artifact_bytes == b->artifact_bytes && memcmp(a->artifact, b->artifact, a->artifact_bytes) == 0;
}

/* liblinear shuffles by rand(), whose state is the process's: what ran before must not show. */
static void same_seed_gives_the_same_bytes_whatever_ran_before(void **state)
{
    struct table *table = waves(FEW, 0), *other = waves(FEW + 7, 1);
    struct outcome first, between, second, elsewise;

    train("linear_svr", table, 5, &first);
    train("linear_svr", other, 6, &between);
    train("linear_svr", table, 5, &second);
    train("linear_svr", table, 9, &elsewise);
    assert_int_equal(first.pid, second.pid); /* one worker did it all */
    assert_true(is_same(&first, &second));
    assert_false(is_same(&first, &elsewise)); /* else the seed would mean nothing here */
    outcome_free(&first);
    outcome_free(&between);
    outcome_free(&second);
    outcome_free(&elsewise);
    table_free(table);
    table_free(other);
}

/* Time that the process has worked, in hundredths of a second; fields 14 and 15 of proc(5). */
static unsigned long ticks_of(int pid)
{
    unsigned long user = 0, system = 0;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    int count = fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    fclose(file);
    assert_int_equal(count, 2);
    return user + system;
}

static void a_cancelled_worker_is_killed_and_another_takes_its_place(void **state)
{
    struct table *many = waves(MANY, 0), *few = waves(FEW, 0);
    struct process_task task = task_of("svr", many, 1);
    struct outcome long_one, next;

    assert_int_equal(worker_bench_submit(&bench, &task, &long_one), 0);
    int pid = worker_bench_await_start(&long_one);
    while (ticks_of(pid) < BUSY_TICKS) /* libsvm has it now */
        poll(NULL, 0, 1);
    process_pool_cancel(bench.pool, long_one.ticket);
    worker_bench_await(&long_one);
    assert_int_equal(long_one.fault.code, MRPC_CANCELLED);
    assert_int_equal(long_one.worker_lost, 1);
    train("svr", few, 1, &next); /* the pool has one place */
    assert_int_not_equal(next.pid, pid);
    outcome_free(&long_one);
    outcome_free(&next);
    table_free(many);
    table_free(few);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_the_same_bytes_whatever_ran_before),
        cmocka_unit_test(a_cancelled_worker_is_killed_and_another_takes_its_place),
    };

    return cmocka_run_group_tests_name("svm_edges", tests, start, stop);
}
