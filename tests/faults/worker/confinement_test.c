/* SPDX-License-Identifier: Apache-2.0 */
/* X03, X04: what a greedy or curious plugin gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker_bench.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* address space is not limited then */
#else
#define SANITIZED 0
#endif

#define MIB ((size_t)1 << 20)

static struct worker_bench bench;

static void run(const char *algorithm, struct outcome *outcome)
{
    struct process_task task = {
        .operation = PROCESS_COMPUTE, .plugin_path = worker_bench_zoo("zoo"), .algorithm = algorithm};

    task.isolation = algorithm; /* a fresh worker for each */
    worker_bench_run(&bench, &task, outcome);
}

static void memory_is_limited(void **state)
{
    struct outcome outcome;

    if (SANITIZED)
        skip();
    run("eats_memory", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(outcome.worker_lost, 0);
    run("eats_memory_blindly", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_INTERNAL);
    assert_string_equal(outcome.signal_name, "SIGSEGV");
}

static void no_process_is_born(void **state)
{
    struct outcome outcome;

    run("forks", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
    assert_true(outcome_metric(&outcome, "born") == 0);
}

static void threads_and_files_are_limited(void **state)
{
    struct outcome outcome;

    if (!SANITIZED) {
        run("threads", &outcome);
        assert_int_equal(outcome.fault.code, MRPC_OK);
        assert_true(outcome_metric(&outcome, "started") < 1000);
    }
    run("opens_files", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
    assert_true(outcome_metric(&outcome, "opened") < 256);
}

static void floods_of_words_are_dammed(void **state)
{
    struct outcome outcome;

    run("logs", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
    assert_true(outcome.logged > 0);
    assert_true(outcome.logged < 50000);
    assert_non_null(strstr(outcome.last_log, "dropped"));
    run("floods_stderr", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
}

static void output_larger_than_its_memory_is_refused(void **state)
{
    struct outcome outcome;

    run("outgrows_output", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(outcome.worker_lost, 0);
}

static void assert_denied(const struct outcome *outcome, const char *what)
{
    double error = outcome_metric(outcome, what);

    if (error != EPERM && error != EACCES)
        fail_msg("%s: %g", what, error);
}

static void curiosity_is_denied(void **state)
{
    static const char *const by_seccomp[] = {"write_tmp", "socket_tcp", "socket_unix", "signal_server", "signal_init",
                                             "trace_server", "exec"};
    static const char *const by_landlock[] = {"read_shadow", "read_passwd", "read_memory"};
    struct outcome outcome;

    run("probes", &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
    for (size_t i = 0; i < sizeof(by_seccomp) / sizeof(by_seccomp[0]); i++)
        assert_denied(&outcome, by_seccomp[i]);
    assert_true(outcome_metric(&outcome, "signal_self") == 0);
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
        return; /* this kernel has none */
    for (size_t i = 0; i < sizeof(by_landlock) / sizeof(by_landlock[0]); i++)
        assert_denied(&outcome, by_landlock[i]);
}

static int start(void **state)
{
    worker_bench_start(&bench, (struct process_pool_options){.workers = 1,
                                                             .memory_bytes = 512 * MIB,
                                                             .input_bytes = MIB,
                                                             .output_bytes = MIB});
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
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(no_process_is_born),
        cmocka_unit_test(threads_and_files_are_limited),
        cmocka_unit_test(floods_of_words_are_dammed),
        cmocka_unit_test(output_larger_than_its_memory_is_refused),
        cmocka_unit_test(curiosity_is_denied),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
