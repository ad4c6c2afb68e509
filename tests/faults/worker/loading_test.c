/* SPDX-License-Identifier: Apache-2.0 */
/* X05, X06: files that are no plugins, and files that nobody should trust, are refused with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker_bench.h"

static struct worker_bench bench;

static void check(const char *path, int code, const char *says)
{
    struct process_task task = {.operation = PROCESS_DESCRIBE, .plugin_path = path};
    struct outcome outcome;

    worker_bench_run(&bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, code);
    if (says && !strstr(outcome.fault.text, says))
        fail_msg("\"%s\" does not say \"%s\"", outcome.fault.text, says);
}

static void refuses_files_that_are_no_plugins(void **state)
{
    check(worker_bench_zoo("not_elf"), MRPC_FAILED_PRECONDITION, "cannot be loaded");
    check(worker_bench_zoo("no_symbol"), MRPC_FAILED_PRECONDITION, "mltrainer_plugin_v1");
    check(worker_bench_zoo("wrong_abi"), MRPC_FAILED_PRECONDITION, "9.0");
    check(worker_bench_zoo("short_struct"), MRPC_FAILED_PRECONDITION, "ABI");
    check(worker_bench_zoo("undefined"), MRPC_FAILED_PRECONDITION, "nobody_has_this");
    check(worker_bench_zoo("bad_init"), MRPC_FAILED_PRECONDITION, "wrong phase");
    check(worker_bench_zoo("is_not_there"), MRPC_FAILED_PRECONDITION, "No such file");
}

static void constructor_that_crashes_costs_a_worker_only(void **state)
{
    check(worker_bench_zoo("constructor"), MRPC_INTERNAL, NULL);
    check(worker_bench_plugin("options"), MRPC_OK, NULL);
}

static void refuses_paths_outside_the_plugin_folders(void **state)
{
    char path[600];

    snprintf(path, sizeof(path), "%s/../zoo/zoo.so", MLT_TEST_ZOO_FOLDER);
    check(path, MRPC_FAILED_PRECONDITION, "none of the plugin folders");
    check("/lib/x86_64-linux-gnu/libm.so.6", MRPC_FAILED_PRECONDITION, "none of the plugin folders");
    check("zoo.so", MRPC_FAILED_PRECONDITION, "none of the plugin folders");
}

static void refuses_links_and_files_that_everybody_can_change(void **state)
{
    char link[600], copy[600], bytes[4096];
    ssize_t got;

    snprintf(link, sizeof(link), "%s/link-%d.so", MLT_TEST_ZOO_FOLDER, (int)getpid());
    assert_int_equal(symlink(worker_bench_zoo("zoo"), link), 0);
    check(link, MRPC_FAILED_PRECONDITION, "symbolic links");
    unlink(link);

    snprintf(copy, sizeof(copy), "%s/copy-%d.so", MLT_TEST_ZOO_FOLDER, (int)getpid());
    int from = open(worker_bench_zoo("zoo"), O_RDONLY | O_CLOEXEC),
        to = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while ((got = read(from, bytes, sizeof(bytes))) > 0)
        assert_int_equal(write(to, bytes, (size_t)got), got);
    close(from);
    assert_int_equal(fchmod(to, 0666), 0);
    check(copy, MRPC_FAILED_PRECONDITION, "writable by everybody");
    assert_int_equal(fchmod(to, 0600), 0);
    check(copy, MRPC_OK, NULL);
    close(to);
    unlink(copy);
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
        cmocka_unit_test(refuses_files_that_are_no_plugins),
        cmocka_unit_test(constructor_that_crashes_costs_a_worker_only),
        cmocka_unit_test(refuses_paths_outside_the_plugin_folders),
        cmocka_unit_test(refuses_links_and_files_that_everybody_can_change),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
