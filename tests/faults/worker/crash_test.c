/* SPDX-License-Identifier: Apache-2.0 */
/* X01: a plugin that dies takes its worker and its task, nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "worker_bench.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* a sanitizer turns signals into an exit of its own */
#else
#define SANITIZED 0
#endif

static struct worker_bench bench;

static struct process_task deed(const char *algorithm)
{
    return (struct process_task){
        .operation = PROCESS_COMPUTE, .plugin_path = worker_bench_zoo("zoo"), .algorithm = algorithm};
}

static void assert_works(void)
{
    struct process_task task = deed("nothing");
    struct outcome outcome;

    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
}

static void check_death(const char *algorithm, const char *signal_name)
{
    struct process_task task = deed(algorithm);
    struct outcome outcome;

    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_INTERNAL);
    assert_int_equal(outcome.worker_lost, 1);
    assert_int_equal(outcome.is_done, 1);
    if (!SANITIZED) {
        assert_string_equal(outcome.signal_name, signal_name);
        assert_non_null(strstr(outcome.fault.text, *signal_name ? signal_name : "exit status 3"));
    }
    assert_works();
}

static void segfault_fails_its_task_with_the_signal(void **state)
{
    check_death("segv", "SIGSEGV");
}

static void abort_fails_its_task_with_the_signal(void **state)
{
    check_death("aborts", "SIGABRT");
}

static void exit_fails_its_task_with_the_status(void **state)
{
    check_death("exits", "");
}

static void stack_overflow_fails_its_task(void **state)
{
    check_death("overflows", "SIGSEGV");
}

static void last_words_on_stderr_come_with_the_result(void **state)
{
    struct process_task task = deed("segv");
    struct outcome outcome;

    worker_bench_run(&bench, &task, &outcome);
    assert_non_null(strstr(outcome.stderr_tail, "last words"));
    assert_null(strstr(outcome.stderr_tail, "zoo.so("));
}

/* A stack that has overflown, too: the handler has one of its own. */
static void a_crash_says_where(void **state)
{
    static const char *const deeds[] = {"aborts", "segv", "overflows"};

    for (size_t i = 0; i < (SANITIZED ? 1 : 3); i++) {
        struct process_task task = deed(deeds[i]);
        struct outcome outcome;
        worker_bench_run(&bench, &task, &outcome);
        assert_non_null(strstr(outcome.backtrace, "/zoo.so("));
        assert_non_null(strstr(outcome.backtrace, "\n"));
    }
    struct process_task leaving = deed("exits");
    struct outcome outcome;
    worker_bench_run(&bench, &leaving, &outcome);
    assert_string_equal(outcome.backtrace, "");
}

static void other_tasks_finish_while_one_crashes(void **state)
{
    struct process_task slow = deed("listens"), crash = deed("segv");
    struct outcome kept, lost;

    assert_int_equal(worker_bench_submit(&bench, &slow, &kept), 0);
    worker_bench_await_start(&kept);
    worker_bench_run(&bench, &crash, &lost);
    assert_int_equal(lost.fault.code, MRPC_INTERNAL);
    process_pool_cancel(bench.pool, kept.ticket);
    worker_bench_await(&kept);
    assert_int_equal(kept.fault.code, MRPC_CANCELLED);
    assert_int_equal(kept.worker_lost, 0);
}

static void slot_is_back_soon_after_a_crash(void **state)
{
    struct process_task crash = deed("aborts");
    struct outcome first, second;

    for (int i = 0; i < 2; i++) /* all workers of the pool */
        worker_bench_run(&bench, &crash, &first);
    struct process_task next = deed("nothing");
    worker_bench_run(&bench, &next, &second);
    assert_int_equal(second.fault.code, MRPC_OK);
    assert_true(second.took_ms < 60000); /* tens of milliseconds, where nobody else wants the cores */
}

static unsigned open_files(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void crashes_leave_no_descriptor_and_no_zombie(void **state)
{
    struct process_task crash = deed("exits");
    struct worker_bench own;
    struct outcome outcome;
    unsigned before = open_files();

    worker_bench_start(&own, (struct process_pool_options){.workers = 1});
    for (int i = 0; i < 20; i++) {
        worker_bench_run(&own, &crash, &outcome);
        assert_int_equal(outcome.fault.code, MRPC_INTERNAL);
    }
    worker_bench_stop(&own);
    assert_int_equal(open_files(), before);
}

static int start(void **state)
{
    worker_bench_start(&bench, (struct process_pool_options){.workers = 2});
    return 0;
}

static int stop(void **state)
{
    worker_bench_stop(&bench);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* every worker was reaped */
    assert_int_equal(errno, ECHILD);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segfault_fails_its_task_with_the_signal),
        cmocka_unit_test(abort_fails_its_task_with_the_signal),
        cmocka_unit_test(exit_fails_its_task_with_the_status),
        cmocka_unit_test(stack_overflow_fails_its_task),
        cmocka_unit_test(last_words_on_stderr_come_with_the_result),
        cmocka_unit_test(a_crash_says_where),
        cmocka_unit_test(other_tasks_finish_while_one_crashes),
        cmocka_unit_test(slot_is_back_soon_after_a_crash),
        cmocka_unit_test(crashes_leave_no_descriptor_and_no_zombie),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
