/* SPDX-License-Identifier: Apache-2.0 */

/* The guide's server with interceptors, as a user would build it: a tenant is answered, a call without one refused, and
 * both are in the metrics that it prints at its end. */

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <helloworld.mrpc.h>
#include <mrpc/mrpc.h>

#include "test.h"

extern char **environ;

static pid_t start(FILE **out)
{
    int ends[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {(char *)SERVER, (char *)"127.0.0.1:0", NULL};
    assert_int_equal(pipe(ends), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    assert_int_equal(posix_spawn(&pid, SERVER, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *out = fdopen(ends[0], "r");
    return pid;
}

static int hello(struct mrpc_channel *channel, const char *tenant, const char *expected)
{
    const struct mrpc_metadatum metadata = {"tenant", tenant, tenant != NULL ? strlen(tenant) : 0};
    const struct mrpc_call_options options = {
        .struct_bytes = sizeof(options), .timeout_ms = 30000, .metadata = &metadata, .metadata_count = tenant != NULL};
    Helloworld__HelloRequest request = HELLOWORLD__HELLO_REQUEST__INIT;
    request.name = (char *)"world";
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Helloworld__HelloReply *said = helloworld__greeter__say_hello(channel, &options, &request, &reply);
    int code = (int)reply.status.code;
    assert_string_equal(said != NULL ? said->message : reply.status.message, expected);
    mrpc_reply_fini(&reply);
    return code;
}

static void tenants_are_served_and_counted(void **state)
{
    FILE *out;
    char address[128], page[65536];
    pid_t pid = start(&out);
    assert_int_equal(fscanf(out, "ready %127s", address), 1);
    struct mrpc_channel *channel;
    assert_int_equal(mrpc_channel_new(address, NULL, &channel), 0);
    assert_int_equal(hello(channel, "acme", "world, says acme"), 0);
    assert_int_equal(hello(channel, NULL, "metadata: tenant is missing"), MRPC_INVALID_ARGUMENT);
    mrpc_channel_free(channel);
    int status;
    assert_int_equal(kill(pid, SIGTERM), 0);
    page[fread(page, 1, sizeof(page) - 1, out)] = '\0';
    fclose(out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_non_null(strstr(page, "\ngrpc_server_call_started_total{grpc_method=\"helloworld.Greeter/SayHello\"} 2\n"));
    assert_non_null(strstr(page,
                           "\ngrpc_server_call_duration_seconds_count{grpc_method=\"helloworld.Greeter/SayHello\","
                           "grpc_status=\"INVALID_ARGUMENT\"} 1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tenants_are_served_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
