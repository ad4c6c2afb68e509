/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "worker_bench.h"
#include "worker/model_shelf.h"

/* Brief tasks share messages and models stay in workers: neither may be seen in what becomes of a task. */

enum { COUNT = 10 };

static struct outcome outcomes[COUNT];

static struct process_task deed(const char *algorithm, bool brief)
{
    return (struct process_task){
        .operation = PROCESS_COMPUTE, .plugin_path = worker_bench_zoo("zoo"), .algorithm = algorithm, .brief = brief};
}

/* One worker, and a task in it that ends when it is cancelled. */
static void occupy(struct worker_bench *bench, struct outcome *gate)
{
    struct process_task task = deed("listens", false);
    worker_bench_start(bench, (struct process_pool_options){.workers = 1});
    assert_int_equal(worker_bench_submit(bench, &task, gate), 0);
    worker_bench_await_start(gate);
}

static void submit(struct worker_bench *bench, const char *algorithm, int64_t deadline_ms, struct outcome *outcome)
{
    struct process_task task = deed(algorithm, true);
    task.deadline_ms = deadline_ms;
    assert_int_equal(worker_bench_submit(bench, &task, outcome), 0);
}

static void release(struct worker_bench *bench, struct outcome *gate)
{
    process_pool_cancel(bench->pool, gate->ticket);
    worker_bench_await(gate);
    assert_int_equal(gate->fault.code, MRPC_CANCELLED);
}

static uint64_t rounds(struct worker_bench *bench)
{
    struct process_pool_stats stats;
    process_pool_stats(bench->pool, &stats);
    return stats.rounds;
}

static void what_waits_goes_in_one_message(void **state)
{
    struct worker_bench bench;
    struct outcome gate;
    occupy(&bench, &gate);
    for (size_t i = 0; i < COUNT; i++)
        submit(&bench, "nothing", 0, &outcomes[i]);
    uint64_t before = rounds(&bench);
    release(&bench, &gate);
    for (size_t i = 0; i < COUNT; i++) {
        worker_bench_await(&outcomes[i]);
        assert_int_equal(outcomes[i].fault.code, 0);
        assert_int_equal(outcomes[i].pid, gate.pid);
    }
    assert_int_equal(rounds(&bench), before + 1);
    worker_bench_stop(&bench);
}

static void crash_is_the_fault_of_one(void **state)
{
    struct worker_bench bench;
    struct outcome gate;
    occupy(&bench, &gate);
    for (size_t i = 0; i < COUNT; i++)
        submit(&bench, i == 3 ? "segv" : i == 7 ? "exits" : "nothing", 0, &outcomes[i]);
    release(&bench, &gate);
    for (size_t i = 0; i < COUNT; i++) {
        worker_bench_await(&outcomes[i]);
        assert_int_equal(outcomes[i].fault.code, i == 3 || i == 7 ? MRPC_INTERNAL : MRPC_OK);
        assert_int_equal(outcomes[i].worker_lost, i == 3 || i == 7);
    }
    worker_bench_stop(&bench);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(outcomes[i].is_done, 1);
}

static void what_is_behind_a_slow_one_ends_when_told(void **state)
{
    struct outcome gate, slow, cancelled, late, patient;
    struct worker_bench bench;
    occupy(&bench, &gate);
    submit(&bench, "listens", 0, &slow);
    submit(&bench, "nothing", 0, &cancelled);
    submit(&bench, "nothing", domain_loop_now_ms(bench.loop) + 500, &late);
    submit(&bench, "nothing", 0, &patient);
    release(&bench, &gate);
    worker_bench_await_start(&slow);
    process_pool_cancel(bench.pool, cancelled.ticket);
    worker_bench_await(&cancelled);
    assert_int_equal(cancelled.fault.code, MRPC_CANCELLED);
    worker_bench_await(&late);
    assert_int_equal(late.fault.code, MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(slow.is_done, 0);
    release(&bench, &slow);
    worker_bench_await(&patient);
    assert_int_equal(patient.fault.code, 0);
    worker_bench_stop(&bench);
}

static void what_a_deaf_one_holds_up_is_done_by_the_next_worker(void **state)
{
    struct outcome gate, deaf, cancelled, patient;
    struct worker_bench bench;
    occupy(&bench, &gate);
    submit(&bench, "blocks_signals", 0, &deaf);
    submit(&bench, "nothing", 0, &cancelled);
    submit(&bench, "nothing", 0, &patient);
    release(&bench, &gate);
    int first = worker_bench_await_start(&deaf);
    process_pool_cancel(bench.pool, cancelled.ticket);
    release(&bench, &deaf);
    worker_bench_await(&cancelled);
    worker_bench_await(&patient);
    assert_int_equal(cancelled.is_done, 1);
    assert_int_equal(patient.fault.code, 0);
    assert_int_not_equal(patient.pid, first);
    worker_bench_stop(&bench);
}

static void stopping_ends_what_is_behind(void **state)
{
    struct outcome gate, slow, behind;
    struct worker_bench bench;
    occupy(&bench, &gate);
    submit(&bench, "listens", 0, &slow);
    submit(&bench, "nothing", 0, &behind);
    release(&bench, &gate);
    worker_bench_await_start(&slow);
    worker_bench_stop(&bench);
    assert_int_equal(slow.fault.code, MRPC_UNAVAILABLE);
    assert_int_equal(behind.fault.code, MRPC_UNAVAILABLE);
    assert_int_equal(behind.is_done, 1);
}

/* ---- Models that stay ---- */

static struct table *line(void)
{
    struct table *table = table_new(4);
    struct table_column x, y;
    assert_int_equal(table_add(table, "x", "g", 0, 0, &x, NULL), 0);
    assert_int_equal(table_add(table, "y", "g", 0, 0, &y, NULL), 0);
    for (int i = 0; i < 4; i++) {
        ((double *)x.values)[i] = i;
        ((double *)y.values)[i] = 3 * i + 1;
    }
    return table;
}

static const char *const features[] = {"x"};

static struct process_task linear(enum process_operation operation, const struct table *table)
{
    return (struct process_task){.operation = operation,
                                 .plugin_path = worker_bench_plugin("linear"),
                                 .algorithm = "ols",
                                 .schema = &table->schema,
                                 .array = &table->array,
                                 .feature_count = 1,
                                 .features = features};
}

static int predict(struct worker_bench *bench, const struct table *table, const char *model, const void *artifact,
                   size_t bytes)
{
    struct process_task task = linear(PROCESS_PREDICT, table);
    struct outcome outcome;
    task.model = model;
    task.artifact = artifact;
    task.artifact_bytes = bytes;
    worker_bench_run(bench, &task, &outcome);
    if (!outcome.fault.code)
        assert_true(table_numbers(outcome.table, "prediction")[2] > 6.999 &&
                    table_numbers(outcome.table, "prediction")[2] < 7.001);
    outcome_free(&outcome);
    return outcome.fault.code;
}

static void model_is_restored_once(void **state)
{
    static const char garbage[] = "no model";
    struct worker_bench bench;
    struct outcome trained;
    struct table *table = line();
    struct process_task task = linear(PROCESS_TRAIN, table);
    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    task.target = "y";
    worker_bench_run(&bench, &task, &trained);
    if (trained.fault.code)
        fail_msg("%s", trained.fault.text);
    assert_int_equal(predict(&bench, table, "a", garbage, sizeof garbage), MRPC_DATA_LOSS);
    /* the failure did not stay */
    assert_int_equal(predict(&bench, table, "a", trained.artifact, trained.artifact_bytes), 0);
    assert_int_equal(predict(&bench, table, "a", garbage, sizeof garbage), 0);                 /* not looked at */
    assert_int_equal(predict(&bench, table, NULL, garbage, sizeof garbage), MRPC_DATA_LOSS);
    char name[] = "b0";
    for (int i = 0; i < MODEL_SHELF_PLACES; i++, name[1]++) /* push it out */
        assert_int_equal(predict(&bench, table, name, trained.artifact, trained.artifact_bytes), 0);
    assert_int_equal(predict(&bench, table, "a", garbage, sizeof garbage), MRPC_DATA_LOSS);
    outcome_free(&trained);
    table_free(table);
    worker_bench_stop(&bench);
}

/* ---- Tasks that are alike ---- */

enum { KINDS = 5 };

/* Six rows or, of kind 1, three; kind 2 has another column, kind 3 whole numbers, kind 4 one that is absent. */
static struct table *kind_of_table(int kind)
{
    struct table *table = table_new(kind == 1 ? 3 : 6);
    struct table_column x, other;
    if (kind == 2)
        assert_int_equal(table_add(table, "other", "f", 0, 0, &other, NULL), 0);
    assert_int_equal(table_add(table, "x", kind == 3 ? "l" : "g", 0, kind == 4, &x, NULL), 0);
    for (int i = 0; i < x.length; i++) {
        if (kind == 3)
            ((int64_t *)x.values)[i] = i;
        else
            ((double *)x.values)[i] = i;
        if (kind == 4)
            x.validity[0] |= (uint8_t)(1u << i);
    }
    if (kind == 4) {
        x.validity[0] &= 0x1f;
        table_set_null_count(table, 0, 1);
    }
    return table;
}

static uint64_t repeats(struct worker_bench *bench)
{
    struct process_pool_stats stats;
    process_pool_stats(bench->pool, &stats);
    return stats.repeats;
}

/* Predictions at 0, 1 and 2 are 1, 4 and 7 whatever the tasks before were like. A row that is absent is an error, and
 * one after which nothing is taken for kept. */
static void task_like_the_last_is_told_by_its_values(void **state)
{
    static const struct {
        int kind;
        bool again;
    } steps[] = {{0, false}, {0, true},  {1, true}, {0, true},  {2, false}, {2, true},  {0, false},
                 {3, false}, {3, true},  {4, false}, {0, false}, {0, true},  {1, true}};
    struct worker_bench bench;
    struct outcome trained;
    struct table *tables[KINDS], *learnt = line();
    struct process_task task = linear(PROCESS_TRAIN, learnt);
    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    task.target = "y";
    worker_bench_run(&bench, &task, &trained);
    assert_int_equal(trained.fault.code, 0);
    for (int kind = 0; kind < KINDS; kind++)
        tables[kind] = kind_of_table(kind);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint64_t before = repeats(&bench);
        int code = predict(&bench, tables[steps[i].kind], "a", trained.artifact, trained.artifact_bytes);
        assert_int_equal(code != 0, steps[i].kind == 4);
        assert_int_equal(repeats(&bench) - before, steps[i].again);
    }
    for (int kind = 0; kind < KINDS; kind++)
        table_free(tables[kind]);
    outcome_free(&trained);
    table_free(learnt);
    worker_bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_goes_in_one_message),
        cmocka_unit_test(crash_is_the_fault_of_one),
        cmocka_unit_test(what_is_behind_a_slow_one_ends_when_told),
        cmocka_unit_test(what_a_deaf_one_holds_up_is_done_by_the_next_worker),
        cmocka_unit_test(stopping_ends_what_is_behind),
        cmocka_unit_test(model_is_restored_once),
        cmocka_unit_test(task_like_the_last_is_told_by_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
