/* SPDX-License-Identifier: Apache-2.0 */
/* X07: whatever comes from a worker that is not the protocol costs it its life, and only its own task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "worker_bench.h"

static void check(const char *algorithm, const char *says)
{
    struct process_task task = {
        .operation = PROCESS_COMPUTE, .plugin_path = worker_bench_zoo("zoo"), .algorithm = algorithm};
    struct worker_bench bench;
    struct outcome outcome;

    /* a pool of its own: some of the lies name its first task */
    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_INTERNAL);
    assert_int_equal(outcome.worker_lost, 1);
    assert_null(outcome.table);
    assert_null(outcome.artifact);
    if (!strstr(outcome.fault.text, says))
        fail_msg("\"%s\" does not say \"%s\"", outcome.fault.text, says);
    task.algorithm = "nothing";
    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
    worker_bench_stop(&bench);
}

static void garbage(void **state)
{
    check("says_garbage", "malformed");
}

static void oversized_length(void **state)
{
    check("says_too_much", "too large");
}

static void truncated_message(void **state)
{
    check("says_half", "exit status 0");
}

static void empty_message(void **state)
{
    check("says_nothing", "without content");
}

static void result_of_another_task(void **state)
{
    check("says_wrong_id", "another task");
}

static void artifact_outside_the_memory(void **state)
{
    check("says_artifact_elsewhere", "elsewhere");
}

static void table_larger_than_the_memory(void **state)
{
    check("says_endless_table", "rows");
}

static void ready_in_the_middle(void **state)
{
    check("says_ready_again", "wrong time");
}

static void status_that_is_none_is_an_internal_error(void **state)
{
    struct process_task task = {
        .operation = PROCESS_COMPUTE, .plugin_path = worker_bench_zoo("zoo"), .algorithm = "returns_nonsense"};
    struct worker_bench bench;
    struct outcome outcome;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_INTERNAL);
    assert_non_null(strstr(outcome.fault.text, "4711"));
    assert_int_equal(outcome.worker_lost, 0);
    worker_bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage),
        cmocka_unit_test(oversized_length),
        cmocka_unit_test(truncated_message),
        cmocka_unit_test(empty_message),
        cmocka_unit_test(result_of_another_task),
        cmocka_unit_test(artifact_outside_the_memory),
        cmocka_unit_test(table_larger_than_the_memory),
        cmocka_unit_test(ready_in_the_middle),
        cmocka_unit_test(status_that_is_none_is_an_internal_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
