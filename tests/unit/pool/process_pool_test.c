/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "worker/philox.h"
#include "worker_bench.h"

#define KIB ((size_t)1 << 10)

static struct process_task deed(const char *algorithm)
{
    return (struct process_task){
        .operation = PROCESS_COMPUTE, .plugin_path = worker_bench_zoo("zoo"), .algorithm = algorithm};
}

static struct table *numbers(int64_t rows)
{
    struct table *table = table_new(rows);
    struct table_column column;

    assert_int_equal(table_add(table, "x", "g", 0, 0, &column, NULL), 0);
    for (int64_t row = 0; row < rows; row++)
        ((double *)column.values)[row] = (double)row * 0.1;
    return table;
}

static void tables_go_there_and_back_unchanged(void **state)
{
    struct worker_bench bench;
    struct outcome outcome;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    for (int64_t rows = 0; rows <= 70000; rows = rows * 3 + 1) {
        struct table *table = numbers(rows);
        struct process_task task = deed("echoes");
        task.schema = &table->schema;
        task.array = &table->array;
        worker_bench_run(&bench, &task, &outcome);
        assert_int_equal(outcome.fault.code, 0);
        assert_int_equal(table_rows(&outcome.table->array), rows);
        assert_memory_equal(table_numbers(outcome.table, "x"), table_numbers(table, "x"), (size_t)rows * 8);
        outcome_free(&outcome);
        table_free(table);
    }
    worker_bench_stop(&bench);
}

static void each_of_many_tasks_ends_once(void **state)
{
    static struct outcome outcomes[300];
    struct worker_bench bench;
    struct process_pool_stats stats;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 2, .recycle_after_tasks = 20});
    for (size_t i = 0; i < 300; i++) {
        struct process_task task = deed(i % 50 == 49 ? "exits" : "nothing");
        assert_int_equal(worker_bench_submit(&bench, &task, &outcomes[i]), 0);
    }
    for (size_t i = 0; i < 300; i++) {
        worker_bench_await(&outcomes[i]);
        assert_int_equal(outcomes[i].fault.code, i % 50 == 49 ? MRPC_INTERNAL : MRPC_OK);
    }
    process_pool_stats(bench.pool, &stats);
    assert_int_equal(stats.tasks_done, 300);
    assert_int_equal(stats.tasks_failed, 6);
    assert_int_equal(stats.workers_lost, 6);
    assert_true(stats.workers_started >= 2 + 6 + 300 / 20 - 6);
    worker_bench_stop(&bench);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(outcomes[i].is_done, 1);
}

static void full_queue_refuses_with_advice(void **state)
{
    struct outcome outcomes[3], refused;
    struct process_task slow = deed("listens");
    struct worker_bench bench;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1, .queue_limit = 1});
    assert_int_equal(worker_bench_submit(&bench, &slow, &outcomes[0]), 0);
    worker_bench_await_start(&outcomes[0]);
    assert_int_equal(worker_bench_submit(&bench, &slow, &outcomes[1]), 0);
    assert_int_equal(worker_bench_submit(&bench, &slow, &outcomes[2]), 0);
    assert_int_equal(worker_bench_submit(&bench, &slow, &refused), MRPC_RESOURCE_EXHAUSTED);
    assert_true(refused.fault.retry_after_ms > 0);
    for (size_t i = 0; i < 3; i++)
        process_pool_cancel(bench.pool, outcomes[i].ticket);
    for (size_t i = 0; i < 3; i++)
        worker_bench_await(&outcomes[i]);
    worker_bench_stop(&bench);
}

static void too_large_an_input_is_refused_at_once(void **state)
{
    struct worker_bench bench;
    struct outcome outcome;
    struct table *table = numbers(10000);
    struct process_task task = deed("echoes");

    task.schema = &table->schema;
    task.array = &table->array;
    worker_bench_start(&bench, (struct process_pool_options){.workers = 1, .input_bytes = 64 * KIB});
    assert_int_equal(worker_bench_submit(&bench, &task, &outcome), MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(outcome.fault.retry_after_ms, 0);
    worker_bench_stop(&bench);
    table_free(table);
}

static void worker_of_one_never_serves_another(void **state)
{
    struct process_task task = deed("nothing");
    struct outcome alice, again, bob;
    struct worker_bench bench;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    task.isolation = "alice";
    worker_bench_run(&bench, &task, &alice);
    worker_bench_run(&bench, &task, &again);
    task.isolation = "bob";
    worker_bench_run(&bench, &task, &bob);
    assert_int_equal(alice.pid, again.pid);
    assert_int_not_equal(alice.pid, bob.pid);
    assert_int_equal(bob.fault.code, 0);
    worker_bench_stop(&bench);
}

static double first_draw(struct worker_bench *bench, uint64_t seed)
{
    struct process_task task = deed("draws");
    struct outcome outcome;

    task.seed = seed;
    worker_bench_run(bench, &task, &outcome);
    assert_true(outcome_metric(&outcome, "consistent") == 1);
    return outcome_metric(&outcome, "first");
}

static void seed_decides_what_a_plugin_draws(void **state)
{
    struct worker_bench bench;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    assert_true(first_draw(&bench, 42) == (double)(0x2fd1bc0d2c8697bb >> 11));
    assert_true(first_draw(&bench, 42) != first_draw(&bench, 43));
    worker_bench_stop(&bench);
}

/* This and the word above: what numpy 2.4.6 gives for Philox with the same key (seed, stream), from counter 0. */
static void random_words_are_philox(void **state)
{
    static const uint64_t zero[4] = {0}, key[2] = {0};
    uint64_t words[4];

    philox4x64(zero, key, words);
    assert_true(words[0] == 0x16554d9eca36314c && words[1] == 0xdb20fe9d672d0fdc);
    assert_true(words[2] == 0xd7e772cee186176b && words[3] == 0x7e68b68aec7ba23b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_go_there_and_back_unchanged),
        cmocka_unit_test(each_of_many_tasks_ends_once),
        cmocka_unit_test(full_queue_refuses_with_advice),
        cmocka_unit_test(too_large_an_input_is_refused_at_once),
        cmocka_unit_test(worker_of_one_never_serves_another),
        cmocka_unit_test(seed_decides_what_a_plugin_draws),
        cmocka_unit_test(random_words_are_philox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
