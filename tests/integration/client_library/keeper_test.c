/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mltrainer/mltrainer.h>

#include "server_process.h"
#include "test.h"

extern char **environ;

/* Processes that stay registered, stopped and killed, as somebody sees them who watches. */

enum { LEASE_MS = 2000, PATIENCE_MS = 120000 };

static struct server_process server;
static struct mlt_client *client;
static struct mlt_cache *cache;

static int set_up(void **state)
{
    (void)state;
    server_process_begin(&server);
    return mlt_client_new(server.target, NULL, &client, NULL) || mlt_cache_open(client, "kept", NULL, &cache, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    mlt_cache_close(cache);
    mlt_client_free(client);
    server_process_end(&server);
    return 0;
}

struct process {
    pid_t pid;
    int input; /* closed: it ends */
    FILE *output;
};

static struct process start(const char *id, const char *lease_ms, const char *expire)
{
    struct process process;
    int in[2], out[2];
    posix_spawn_file_actions_t actions;
    char *arguments[] = {KEEPER, server.target, "kept", (char *)id, (char *)lease_ms, (char *)expire, NULL};
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn(&process.pid, KEEPER, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    process.input = in[1];
    process.output = fdopen(out[0], "r");
    char line[16];
    assert_non_null(fgets(line, sizeof line, process.output));
    assert_string_equal(line, "kept\n");
    return process;
}

/* Let it end by itself; how often it had registered again. */
static int end(struct process *process)
{
    int renewals = -1, status;
    close(process->input);
    assert_int_equal(fscanf(process->output, "%d", &renewals), 1);
    fclose(process->output);
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    assert_int_equal(status, 0);
    return renewals;
}

static struct mlt_cache_state state_now(void)
{
    struct mlt_cache_state state = {.struct_bytes = sizeof state};
    mlt_cache_state(cache, &state);
    return state;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for that many; how long it took. */
static int64_t wait_for(size_t count)
{
    int64_t began_ms = now_ms();
    for (;;) {
        struct mlt_cache_state now = state_now();
        if (now.candidate_count == count)
            return now_ms() - began_ms;
        if (mlt_cache_wait(cache, now.version, PATIENCE_MS) != 0)
            fail_msg("%zu there, not %zu", now.candidate_count, count);
    }
}

static void assert_stays(size_t count, int64_t ms)
{
    for (int64_t end_ms = now_ms() + ms; now_ms() < end_ms;) {
        struct mlt_cache_state now = state_now();
        assert_int_equal(now.candidate_count, count);
        mlt_cache_wait(cache, now.version, end_ms - now_ms());
    }
}

/* Stopped for longer than its lease an instance is gone, once; continued it is back, once, and stays. */
static void r08_a_stopped_owner_expires_and_comes_back(void **state)
{
    (void)state;
    enum { ROUNDS = 2 };
    struct process process = start("a", "2000", "0");
    wait_for(1);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(kill(process.pid, SIGSTOP), 0);
        wait_for(0); /* it had up to a whole lease left */
        assert_stays(0, LEASE_MS / 4);
        assert_int_equal(kill(process.pid, SIGCONT), 0);
        wait_for(1);
        assert_stays(1, LEASE_MS + LEASE_MS / 2);
    }
    assert_int_equal(end(&process), ROUNDS);
    wait_for(0);
}

/* Shorter than the lease: nobody notices. */
static void r08_a_short_stop_is_no_expiry(void **state)
{
    (void)state;
    struct process process = start("a", "10000", "0");
    wait_for(1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kill(process.pid, SIGSTOP), 0);
        assert_stays(1, 500);
        assert_int_equal(kill(process.pid, SIGCONT), 0);
        assert_stays(1, 100);
    }
    assert_int_equal(end(&process), 0);
    wait_for(0);
}

/* Who asked for it is gone with its connection, long before its lease; the others have their lease. */
static void a_killed_process_is_gone_at_once_if_it_asked_for_that(void **state)
{
    (void)state;
    struct process asked = start("a", "300000", "1"), other = start("b", "300000", "0");
    wait_for(2);
    assert_int_equal(kill(asked.pid, SIGKILL), 0);
    assert_int_equal(kill(other.pid, SIGKILL), 0);
    assert_in_range(wait_for(1), 0, PATIENCE_MS);
    assert_stays(1, 500);
    for (struct process *process = &asked; process; process = process == &asked ? &other : NULL) {
        close(process->input);
        fclose(process->output);
        assert_int_equal(waitpid(process->pid, NULL, 0), process->pid);
    }
}

/* Row N11, from the side of who is registered: the registry ends in good order, again and again; no instance goes, none
 * is there twice, and the registry need not wait for those who keep a stream open. */
static void n11_restarts_of_the_registry_lose_nobody(void **state)
{
    (void)state;
    size_t before = state_now().candidate_count;
    struct process processes[3] = {start("x", "90000", "0"), start("y", "90000", "1"), start("z", "3000", "1")};
    wait_for(before + 3);
    for (int round = 0; round < 3; round++) {
        int status;
        uint64_t epoch = state_now().epoch;
        int64_t began_ms = now_ms();
        assert_int_equal(kill(server.pid, SIGTERM), 0);
        assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_in_range(now_ms() - began_ms, 0, 27000); /* a heartbeat of x is due every thirty seconds */
        server_process_start(&server);
        struct mlt_cache_state now;
        while ((now = state_now()).epoch == epoch || now.stale_ms) {
            assert_int_equal(now.candidate_count, before + 3);
            assert_int_equal(mlt_cache_wait(cache, now.version, PATIENCE_MS), 0);
        }
        assert_stays(before + 3, 3500); /* longer than the lease of z */
    }
    for (int i = 0; i < 3; i++)
        end(&processes[i]);
    wait_for(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r08_a_stopped_owner_expires_and_comes_back),
        cmocka_unit_test(r08_a_short_stop_is_no_expiry),
        cmocka_unit_test(a_killed_process_is_gone_at_once_if_it_asked_for_that),
        cmocka_unit_test(n11_restarts_of_the_registry_lose_nobody),
    };
    return cmocka_run_group_tests_name("client_library/keeper", tests, set_up, tear_down);
}
