/* SPDX-License-Identifier: Apache-2.0 */
/* X10, X11: workers end with their server; a pool that cannot start workers waits and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker_bench.h"

extern char **environ;

static struct process_task deed(const char *algorithm)
{
    return (struct process_task){
        .operation = PROCESS_COMPUTE, .plugin_path = worker_bench_zoo("zoo"), .algorithm = algorithm};
}

/* The server of the test below: prints the pid of a worker that is busy for ever, then waits for its end. */
static int be_server(void)
{
    struct process_task task = deed("ignores_sigterm");
    struct worker_bench bench;
    struct outcome outcome;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    if (worker_bench_submit(&bench, &task, &outcome))
        return 1;
    printf("%d\n", worker_bench_await_start(&outcome));
    fflush(stdout);
    worker_bench_await(&outcome);
    return 0;
}

static void workers_end_with_their_server(void **state)
{
    char *arguments[] = {"lifecycle", "--be-server", NULL};
    posix_spawn_file_actions_t actions;
    int pipes[2], worker = 0;
    pid_t server;

    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0); /* orphans become ours to wait for */
    assert_int_equal(pipe(pipes), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&server, "/proc/self/exe", &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pipes[1]);
    FILE *output = fdopen(pipes[0], "r");
    assert_int_equal(fscanf(output, "%d", &worker), 1);
    fclose(output);

    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(waitpid(server, NULL, 0), server);
    alarm(120); /* the default action ends this test */
    int status;
    assert_int_equal(waitpid(worker, &status, 0), worker);
    alarm(0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void idle_workers_end_when_the_pool_stops(void **state)
{
    struct worker_bench bench;
    struct process_pool_stats stats;
    struct process_task task = deed("nothing");
    struct outcome outcome;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 3});
    worker_bench_run(&bench, &task, &outcome);
    process_pool_stop(bench.pool);
    process_pool_stats(bench.pool, &stats);
    assert_true(stats.workers_started >= 1);
    assert_int_equal(stats.workers_lost, 0);
    worker_bench_stop(&bench);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void stop_ends_running_and_waiting_tasks(void **state)
{
    struct process_task running = deed("loops"), waiting = deed("nothing");
    struct outcome first, second, third;
    struct worker_bench bench;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    assert_int_equal(worker_bench_submit(&bench, &running, &first), 0);
    worker_bench_await_start(&first);
    assert_int_equal(worker_bench_submit(&bench, &waiting, &second), 0);
    process_pool_stop(bench.pool);
    worker_bench_await(&first);
    worker_bench_await(&second);
    assert_int_equal(first.fault.code, MRPC_UNAVAILABLE);
    assert_int_equal(second.fault.code, MRPC_UNAVAILABLE);
    assert_int_equal(worker_bench_submit(&bench, &waiting, &third), MRPC_UNAVAILABLE);
    worker_bench_stop(&bench);
}

static void pool_without_descriptors_waits_for_them(void **state)
{
    struct process_task task = deed("exits"), next = deed("nothing");
    struct worker_bench bench;
    struct outcome outcome;
    struct rlimit limit, tight;
    struct process_pool_stats stats;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1});
    worker_bench_run(&bench, &next, &outcome);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    tight = limit;
    tight.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    worker_bench_run(&bench, &task, &outcome); /* its worker dies, another cannot be started */
    struct outcome waiting;
    assert_int_equal(worker_bench_submit(&bench, &next, &waiting), 0);
    next.deadline_ms = domain_loop_now_ms(bench.loop) + 200;
    struct outcome expired;
    assert_int_equal(worker_bench_submit(&bench, &next, &expired), 0);
    worker_bench_await(&expired);
    assert_int_equal(expired.fault.code, MRPC_DEADLINE_EXCEEDED);
    assert_false(waiting.is_done);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    worker_bench_await(&waiting);
    assert_int_equal(waiting.fault.code, MRPC_OK);
    process_pool_stats(bench.pool, &stats);
    assert_int_equal(stats.idle + stats.busy, 1);
    worker_bench_stop(&bench);
}

static int pid_after(struct worker_bench *bench, const char *algorithm)
{
    struct process_task task = deed(algorithm);
    struct outcome outcome;

    worker_bench_run(bench, &task, &outcome);
    assert_int_equal(outcome.fault.code, MRPC_OK);
    int pid = outcome.pid;
    outcome_free(&outcome);
    return pid;
}

static void worker_is_replaced_after_so_many_tasks(void **state)
{
    struct worker_bench bench;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1, .recycle_after_tasks = 3});
    int first = pid_after(&bench, "nothing");
    assert_int_equal(pid_after(&bench, "nothing"), first);
    assert_int_equal(pid_after(&bench, "nothing"), first);
    assert_int_not_equal(pid_after(&bench, "nothing"), first);
    worker_bench_stop(&bench);
}

/* 64 MiB at a time, of which nothing comes back. */
static void worker_that_has_lost_memory_is_replaced(void **state)
{
    struct worker_bench bench;
    struct process_pool_stats stats;

    worker_bench_start(&bench, (struct process_pool_options){.workers = 1, .recycle_after_bytes = 300u << 20});
    int first = pid_after(&bench, "loses_memory"), runs = 1;
    while (pid_after(&bench, "loses_memory") == first)
        runs++;
    assert_in_range(runs, 2, 5);
    process_pool_stats(bench.pool, &stats);
    assert_int_equal(stats.workers_started, 2);
    assert_int_equal(stats.workers_lost, 0);
    worker_bench_stop(&bench);
}

static void pool_refuses_a_worker_that_cannot_be_executed(void **state)
{
    struct process_pool_options options = {.worker_path = "/nonexistent/mltrainer-worker", .workers = 1};
    struct process_pool *pool;
    struct fault fault = FAULT_INIT;

    assert_int_equal(process_pool_new(&options, &pool, &fault), 0);
    assert_int_equal(process_pool_start(pool, &fault), MRPC_NOT_FOUND);
    process_pool_free(pool);
    options.worker_path = "relative";
    assert_int_equal(process_pool_new(&options, &pool, &fault), MRPC_INVALID_ARGUMENT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_workers_end_when_the_pool_stops),
        cmocka_unit_test(workers_end_with_their_server),
        cmocka_unit_test(stop_ends_running_and_waiting_tasks),
        cmocka_unit_test(pool_without_descriptors_waits_for_them),
        cmocka_unit_test(worker_is_replaced_after_so_many_tasks),
        cmocka_unit_test(worker_that_has_lost_memory_is_replaced),
        cmocka_unit_test(pool_refuses_a_worker_that_cannot_be_executed),
    };

    if (argc == 2 && strcmp(argv[1], "--be-server") == 0)
        return be_server();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
