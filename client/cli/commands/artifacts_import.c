/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static int send_chunk(struct mrpc_client_call *call, ProtobufCBinaryData chunk)
{
    Mltrainer__Execution__V1__ImportArtifactRequest message = MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_REQUEST__INIT;
    message.message_case = MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_REQUEST__MESSAGE_CHUNK;
    message.chunk = chunk;
    return mltrainer__execution__v1__execution_service__import_artifact__send(call, &message);
}

static int send_header(struct mrpc_client_call *call, Mltrainer__Execution__V1__ImportArtifactHeader *header)
{
    Mltrainer__Execution__V1__ImportArtifactRequest message = MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_REQUEST__INIT;
    message.message_case = MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_REQUEST__MESSAGE_HEADER;
    message.header = header;
    return mltrainer__execution__v1__execution_service__import_artifact__send(call, &message);
}

static int import(struct cli *cli, FILE *in, uint64_t size, Mltrainer__Execution__V1__ImportArtifactHeader *header)
{
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    int error =
        mltrainer__execution__v1__execution_service__import_artifact__start(cli->channel, &options, NULL, NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    if (send_header(call, header) == 0 && execution_send_file(call, in, size, "importing", NULL, send_chunk) == 0)
        mrpc_client_call_half_close(call);
    const Mltrainer__Execution__V1__ImportArtifactResponse *response =
        mltrainer__execution__v1__execution_service__import_artifact__recv(call);
    int code = 0;
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__import_artifact_response__info, &response->base);
    else if (response && response->artifact)
        printf("%s@%u: model %s, %" PRIu64 " bytes%s\nsha256 %s\n", response->artifact->name,
               response->artifact->version, response->artifact->model, response->artifact->size_bytes,
               response->already_existed ? ", was there already" : "", response->artifact->sha256);
    mrpc_client_call_finish(call, &reply);
    if (!code)
        code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__ImportArtifactHeader header = MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_HEADER__INIT;
    const char *path = arguments->operands[0];
    char hex[65];
    uint64_t size;
    FILE *in;
    int code = execution_open_file(path, &in, &size, hex);
    if (code)
        return code;
    header.name = (char *)cli_option(arguments, "name", "");
    header.sha256 = hex;
    code = import(cli, in, size, &header);
    fclose(in);
    return code;
}

static const struct cli_option options[] = {
    {"name", "NAME", "list it under this name; default: that of its model"},
    {NULL, NULL, NULL},
};

const struct cli_command artifacts_import_command = {
    .noun = "artifacts",
    .verb = "import",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Bring in a trained model that was exported",
    .examples = "  mltctl artifacts import ridge.mlta --name sp500-ridge\n",
    .run = run,
};
