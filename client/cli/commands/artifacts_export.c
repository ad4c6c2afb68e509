/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/execution.h"
#include "files.h"

static int receive(struct mrpc_client_call *call, FILE *out, uint64_t *bytes_out)
{
    struct progress progress = {.label = "exporting"};
    const Mltrainer__Execution__V1__ExportArtifactResponse *message;
    uint64_t total = 0, bytes = 0;
    while ((message = mltrainer__execution__v1__execution_service__export_artifact__recv(call))) {
        if (message->message_case == MLTRAINER__EXECUTION__V1__EXPORT_ARTIFACT_RESPONSE__MESSAGE_ARTIFACT)
            total = message->artifact->size_bytes;
        if (message->message_case != MLTRAINER__EXECUTION__V1__EXPORT_ARTIFACT_RESPONSE__MESSAGE_CHUNK)
            continue;
        if (fwrite(message->chunk.data, 1, message->chunk.len, out) != message->chunk.len)
            return cli_failed("writing the artifact failed");
        bytes += message->chunk.len;
        progress_show(&progress, total ? (double)bytes / (double)total : 1, "");
    }
    progress_end(&progress);
    *bytes_out = bytes;
    return 0;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__ExportArtifactRequest request = MLTRAINER__EXECUTION__V1__EXPORT_ARTIFACT_REQUEST__INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    struct files_output output;
    int code = files_begin(&output, arguments->operands[1]);
    if (code)
        return code;
    request.artifact = (char *)arguments->operands[0];
    int error = mltrainer__execution__v1__execution_service__export_artifact__start(cli->channel, &options, &request,
                                                                                    NULL, NULL, &call);
    if (error) {
        files_abandon(&output);
        return cli_failed("%s", mrpc_error_text(error));
    }
    uint64_t bytes = 0;
    code = receive(call, output.stream, &bytes);
    mrpc_client_call_finish(call, &reply);
    if (!code)
        code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    if (code) {
        files_abandon(&output);
        return code;
    }
    code = files_commit(&output);
    if (!code && strcmp(output.path, "-") != 0)
        printf("%s: %" PRIu64 " bytes\n", arguments->operands[1], bytes);
    return code;
}

const struct cli_command artifacts_export_command = {
    .noun = "artifacts",
    .verb = "export",
    .operands = "ARTIFACT FILE",
    .operands_least = 2,
    .operands_most = 2,
    .summary = "Write a trained model to a file",
    .examples = "  mltctl artifacts export sp500-ridge ridge.mlta\n",
    .run = run,
};
