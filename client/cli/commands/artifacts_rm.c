/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__DeleteArtifactRequest request = MLTRAINER__EXECUTION__V1__DELETE_ARTIFACT_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.artifact = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__DeleteArtifactResponse *response =
        mltrainer__execution__v1__execution_service__delete_artifact(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__delete_artifact_response__info, &response->base);
    else if (response)
        printf("%s deleted\n", request.artifact);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command artifacts_rm_command = {
    .noun = "artifacts",
    .verb = "rm",
    .operands = "ARTIFACT",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Delete one version, unless an alias points to it",
    .examples = "  mltctl artifacts rm sp500-ridge@1\n",
    .run = run,
};
