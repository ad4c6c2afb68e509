/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__DeleteDatasetRequest request = MLTRAINER__EXECUTION__V1__DELETE_DATASET_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.dataset = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__DeleteDatasetResponse *response =
        mltrainer__execution__v1__execution_service__delete_dataset(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__delete_dataset_response__info, &response->base);
    else if (response)
        printf("%s: %u version%s deleted\n", request.dataset, response->deleted_count,
               response->deleted_count == 1 ? "" : "s");
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command datasets_rm_command = {
    .noun = "datasets",
    .verb = "rm",
    .operands = "DATASET",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Delete a version (NAME@VERSION) or all of them (NAME)",
    .examples = "  mltctl datasets rm prices@1\n",
    .run = run,
};
