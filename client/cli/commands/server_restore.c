/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"
#include "commands/execution.h"

enum { LOOK_MS = 100 };

static int send_chunk(struct mrpc_client_call *call, ProtobufCBinaryData chunk)
{
    Mltrainer__Admin__V1__RestoreRequest message = MLTRAINER__ADMIN__V1__RESTORE_REQUEST__INIT;
    message.chunk = chunk;
    return mltrainer__admin__v1__admin_service__restore__send(call, &message);
}

/* The call's status is in @reply; *@revision is set when it is OK. */
static int upload(const struct cli *cli, FILE *in, uint64_t size, char *sha256, struct mrpc_reply *reply,
                  uint64_t *revision)
{
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_client_call *call;
    int error = mltrainer__admin__v1__admin_service__restore__start(cli->channel, &options, NULL, NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    Mltrainer__Admin__V1__RestoreRequest first = MLTRAINER__ADMIN__V1__RESTORE_REQUEST__INIT;
    first.sha256 = sha256;
    if (mltrainer__admin__v1__admin_service__restore__send(call, &first) == 0 &&
        execution_send_file(call, in, size, "restoring", NULL, send_chunk) == 0)
        mrpc_client_call_half_close(call);
    const Mltrainer__Admin__V1__RestoreResponse *response = mltrainer__admin__v1__admin_service__restore__recv(call);
    if (response)
        *revision = response->revision;
    mrpc_client_call_finish(call, reply);
    mrpc_client_call_free(call);
    return cli_status(cli, &reply->status);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the server says of itself. Returns 0 once it serves: *@restored is then the revision that it was restored with;
 * -1 while it drains or is not there; CLI_STATUS + code when it answers something else. */
static int look(const struct cli *cli, int64_t until_ms, uint64_t *restored)
{
    Mltrainer__Admin__V1__GetServerInfoRequest request = MLTRAINER__ADMIN__V1__GET_SERVER_INFO_REQUEST__INIT;
    int64_t left_ms = until_ms - now_ms();
    struct mrpc_call_options options = {
        .struct_bytes = sizeof options, .timeout_ms = left_ms > 1 ? left_ms : 1, .wait_for_ready = true};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Admin__V1__GetServerInfoResponse *info =
        mltrainer__admin__v1__admin_service__get_server_info(cli->channel, &options, &request, &reply);
    int code = -1;
    if (info && !info->draining) {
        *restored = info->restored_revision;
        code = 0;
    } else if (!info && reply.status.code != MRPC_UNAVAILABLE && reply.status.code != MRPC_DEADLINE_EXCEEDED) {
        code = cli_status(cli, &reply.status);
    }
    mrpc_reply_fini(&reply);
    return code;
}

static int wait_for_it(const struct cli *cli, int64_t wait_ms, uint64_t revision)
{
    static const struct timespec pause = {0, LOOK_MS * 1000000L};
    int64_t until_ms = now_ms() + wait_ms;
    uint64_t restored = 0;
    int code;
    while ((code = look(cli, until_ms, &restored)) < 0) {
        if (now_ms() >= until_ms)
            return cli_failed("the backup was taken, but the server does not serve yet: ask mltctl server info");
        nanosleep(&pause, NULL);
    }
    if (code)
        return code;
    if (restored != revision)
        return cli_failed("the server could not begin with the backup and went on as it was; its log says why");
    return 0;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *path = arguments->operands[0], *expected = cli_option(arguments, "sha256", NULL);
    int64_t wait_ms = cli_duration_ms(arguments, "wait", 120000);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    uint64_t size, revision = 0;
    char sha256[65];
    FILE *in;
    int code = execution_open_file(path, &in, &size, sha256);
    if (code)
        return code;
    if (expected && strcmp(expected, sha256) != 0)
        code = cli_failed("%s has SHA-256 %s, not %s", path, sha256, expected);
    if (!code)
        code = upload(cli, in, size, sha256, &reply, &revision);
    fclose(in);
    mrpc_reply_fini(&reply);
    if (!code)
        code = wait_for_it(cli, wait_ms, revision);
    Mltrainer__Admin__V1__RestoreResponse done = MLTRAINER__ADMIN__V1__RESTORE_RESPONSE__INIT;
    done.revision = revision;
    if (!code && cli->json)
        code = cli_print_json(&mltrainer__admin__v1__restore_response__info, &done.base);
    else if (!code)
        printf("restored, revision %" PRIu64 "; what was there before is mltrainer.db.replaced in the data folder\n",
               revision);
    return code;
}

static const struct cli_option options[] = {
    {"sha256", "HEX", "of the file, as the backup said it; another one is not sent"},
    {"wait", "TIME", "for the server to serve again [2min]"},
    {0},
};

const struct cli_command server_restore_command = {
    .noun = "server",
    .verb = "restore",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Put a backup in the place of the running server's store",
    .examples = "  mltctl server restore mltrainer-2026-11-29.db\n",
    .run = run,
};
