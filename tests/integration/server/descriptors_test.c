/* SPDX-License-Identifier: Apache-2.0 */

/* O01: a server that is out of file descriptors sheds clients, does not spin, and serves again when there are some. */

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "test.h"

#define CLIENTS 100
extern char **environ;

/* Under a limit of 40 descriptors. Its first line is "ready ADDRESS". */
static pid_t start(char target[64])
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    char *arguments[] = {"sh", "-c", "ulimit -n 40; exec \"$0\" 127.0.0.1:0 1", SERVER, NULL};
    pid_t pid;
    assert_int_equal(posix_spawn(&pid, "/bin/sh", &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    FILE *lines = fdopen(out[0], "r");
    assert_int_equal(fscanf(lines, "ready %63s", target), 1);
    (void)fclose(lines);
    return pid;
}

/* Ticks of processor time that it has used. */
static unsigned long cpu_ticks(pid_t pid)
{
    char path[64];
    unsigned long user = 0, system = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system),
                     2);
    (void)fclose(file);
    return user + system;
}

static void o01_out_of_descriptors(void **state)
{
    static const struct mrpc_method hello = {.name = "SayHello", .path = "/helloworld.Greeter/SayHello",
                                             .request = &google__protobuf__string_value__info,
                                             .response = &google__protobuf__string_value__info};
    char target[64];
    int fds[CLIENTS];
    pid_t pid = start(target);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = fixture_connect(target);
    unsigned long limit = (unsigned long)sysconf(_SC_CLK_TCK) / 10, used = limit + 1;
    for (int i = 0; i < 30 && used > limit; i++) { /* it may have connections to take yet */
        unsigned long before = cpu_ticks(pid);
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL); /* what is measured is a second of doing nothing */
        used = cpu_ticks(pid) - before;
    }
    assert_in_range(used, 0, limit);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    struct mrpc_channel *channel;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof(options), .wait_for_ready = true, .timeout_ms = 120000};
    EchoText request = echo_text("again");
    assert_int_equal(mrpc_channel_new(target, NULL, &channel), 0);
    const ProtobufCMessage *response = mrpc_channel_unary(channel, &hello, &options, &request.base, &reply);
    assert_non_null(response);
    assert_string_equal(echo_value(response), "again");
    mrpc_reply_fini(&reply);
    mrpc_channel_free(channel);
    kill(pid, SIGTERM);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(o01_out_of_descriptors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
