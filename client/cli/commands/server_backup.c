/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"
#include "files.h"
#include "progress.h"

static int receive(struct mrpc_client_call *call, FILE *out)
{
    struct progress progress = {.label = "backup"};
    const Mltrainer__Admin__V1__BackupResponse *message;
    uint64_t bytes = 0;
    while ((message = mltrainer__admin__v1__admin_service__backup__recv(call))) {
        if (fwrite(message->chunk.data, 1, message->chunk.len, out) != message->chunk.len)
            return cli_failed("writing the backup failed");
        bytes += message->chunk.len;
        progress_show(&progress, message->total_bytes ? (double)bytes / (double)message->total_bytes : 1, "");
    }
    progress_end(&progress);
    return 0;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Admin__V1__BackupRequest request = MLTRAINER__ADMIN__V1__BACKUP_REQUEST__INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    struct files_output output;
    int code = files_begin(&output, arguments->operands[0]);
    if (code)
        return code;
    int error = mltrainer__admin__v1__admin_service__backup__start(cli->channel, &options, &request, NULL, NULL, &call);
    if (error) {
        files_abandon(&output);
        return cli_failed("%s", mrpc_error_text(error));
    }
    code = receive(call, output.stream);
    mrpc_client_call_finish(call, &reply);
    if (!code)
        code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    if (code) {
        files_abandon(&output);
        return code;
    }
    return files_commit(&output);
}

const struct cli_command server_backup_command = {
    .noun = "server",
    .verb = "backup",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Copy the store while the server runs",
    .examples = "  mltctl server backup mltrainer-$(date +%F).db\n",
    .run = run,
};
