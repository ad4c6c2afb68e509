/* SPDX-License-Identifier: Apache-2.0 */
/* X02, X09: a plugin that does not end is ended; a worker that stands still is replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <string.h>

#include <cmocka.h>

#include "worker_bench.h"

static struct worker_bench bench;

static struct process_task deed(const char *algorithm)
{
    return (struct process_task){
        .operation = PROCESS_COMPUTE, .plugin_path = worker_bench_zoo("zoo"), .algorithm = algorithm};
}

static void cancel_started(struct process_task task, struct outcome *outcome)
{
    assert_int_equal(worker_bench_submit(&bench, &task, outcome), 0);
    worker_bench_await_start(outcome);
    int64_t waited_ms = outcome->took_ms;
    process_pool_cancel(bench.pool, outcome->ticket);
    worker_bench_await(outcome);
    assert_int_equal(outcome->is_done, 1);
    assert_int_equal(waited_ms, 0);
}

static void cancel_asks_and_keeps_a_worker_that_listens(void **state)
{
    struct outcome outcome;

    cancel_started(deed("listens"), &outcome);
    assert_int_equal(outcome.fault.code, MRPC_CANCELLED);
    assert_int_equal(outcome.worker_lost, 0);
}

static void x02_cancel_terminates_an_endless_loop(void **state)
{
    struct outcome outcome;

    cancel_started(deed("loops"), &outcome);
    assert_int_equal(outcome.fault.code, MRPC_CANCELLED);
    assert_int_equal(outcome.worker_lost, 1);
    assert_string_equal(outcome.signal_name, "SIGTERM");
}

static void x02_cancel_kills_what_ignores_sigterm(void **state)
{
    struct outcome outcome;

    cancel_started(deed("ignores_sigterm"), &outcome);
    assert_int_equal(outcome.fault.code, MRPC_CANCELLED);
    assert_string_equal(outcome.signal_name, "SIGKILL");
    cancel_started(deed("blocks_signals"), &outcome);
    assert_int_equal(outcome.fault.code, MRPC_CANCELLED);
    assert_string_equal(outcome.signal_name, "SIGKILL");
}

static void x02_deadline_ends_an_endless_loop(void **state)
{
    struct process_task task = deed("ignores_sigterm");
    struct outcome outcome;

    task.deadline_ms = domain_loop_now_ms(bench.loop) + 300;
    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_DEADLINE_EXCEEDED);
    assert_true(outcome.took_ms >= 300);
    assert_true(outcome.took_ms < 30000); /* a second, where nobody else wants the cores */
}

static void deadline_is_seen_by_a_plugin_that_listens(void **state)
{
    struct process_task first = deed("nothing"), task = deed("listens");
    struct outcome outcome;

    worker_bench_run(&bench, &first, &outcome); /* a worker is there */
    task.deadline_ms = domain_loop_now_ms(bench.loop) + 1500;
    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(outcome.worker_lost, 0);
    assert_true(outcome.progressed > 0);
}

static void waiting_tasks_can_be_cancelled_and_time_out(void **state)
{
    struct process_task busy = deed("listens"), late = deed("nothing"), unwanted = deed("nothing");
    struct outcome first, second, third;

    assert_int_equal(worker_bench_submit(&bench, &busy, &first), 0);
    worker_bench_await_start(&first);
    late.deadline_ms = domain_loop_now_ms(bench.loop) + 100;
    assert_int_equal(worker_bench_submit(&bench, &late, &second), 0);
    assert_int_equal(worker_bench_submit(&bench, &unwanted, &third), 0);
    process_pool_cancel(bench.pool, third.ticket);
    worker_bench_await(&third);
    worker_bench_await(&second);
    assert_int_equal(third.fault.code, MRPC_CANCELLED);
    assert_int_equal(second.fault.code, MRPC_DEADLINE_EXCEEDED);
    assert_int_equal(second.pid, 0);
    process_pool_cancel(bench.pool, first.ticket);
    worker_bench_await(&first);
}

static void x09_stopped_worker_is_killed_and_replaced(void **state)
{
    struct process_task task = deed("loops"), next = deed("nothing");
    struct outcome outcome, after;

    assert_int_equal(worker_bench_submit(&bench, &task, &outcome), 0);
    int pid = worker_bench_await_start(&outcome);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    worker_bench_await(&outcome);
    assert_int_equal(outcome.fault.code, MRPC_INTERNAL);
    assert_non_null(strstr(outcome.fault.text, "heartbeat"));
    assert_int_equal(outcome.worker_lost, 1);
    worker_bench_run(&bench, &next, &after);
    assert_int_equal(after.fault.code, MRPC_OK);
    assert_int_not_equal(after.pid, pid);
}

static void x17_what_a_plugin_changes_in_its_process_is_changed_back(void **state)
{
    static const char *const things[] = {"blocked", "rounding", "exceptions", "locale"};
    struct process_task disturb = deed("disturbs"), find = deed("finds");
    struct outcome outcome, after;

    worker_bench_run(&bench, &disturb, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
    assert_true(outcome_metric(&outcome, "locale") == 1);
    worker_bench_run(&bench, &find, &after);
    assert_int_equal(after.pid, outcome.pid);
    for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++)
        assert_true(outcome_metric(&after, things[i]) == 0);
}

static int start(void **state)
{
    worker_bench_start(&bench, (struct process_pool_options){.workers = 1, .heartbeat_timeout_ms = 3000});
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
        cmocka_unit_test(cancel_asks_and_keeps_a_worker_that_listens),
        cmocka_unit_test(x02_cancel_terminates_an_endless_loop),
        cmocka_unit_test(x02_cancel_kills_what_ignores_sigterm),
        cmocka_unit_test(x02_deadline_ends_an_endless_loop),
        cmocka_unit_test(deadline_is_seen_by_a_plugin_that_listens),
        cmocka_unit_test(waiting_tasks_can_be_cancelled_and_time_out),
        cmocka_unit_test(x17_what_a_plugin_changes_in_its_process_is_changed_back),
        cmocka_unit_test(x09_stopped_worker_is_killed_and_replaced),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
