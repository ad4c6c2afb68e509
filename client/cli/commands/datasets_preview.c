/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__PreviewDatasetRequest request = MLTRAINER__EXECUTION__V1__PREVIEW_DATASET_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.dataset = (char *)arguments->operands[0];
    request.first_row = (uint64_t)cli_number(arguments, "from", 0, 0, INT64_MAX);
    request.row_count = (uint32_t)cli_number(arguments, "rows", 10, 1, 1000);
    const Mltrainer__Execution__V1__PreviewDatasetResponse *response =
        mltrainer__execution__v1__execution_service__preview_dataset(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__preview_dataset_response__info, &response->base);
    else if (response && response->table)
        execution_print_table(response->table, 0, execution_table_rows(response->table));
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {{"from", "ROW", "first row [0]"}, {"rows", "N", "how many [10]"}, {0}};

const struct cli_command datasets_preview_command = {
    .noun = "datasets",
    .verb = "preview",
    .operands = "DATASET",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Show some rows",
    .examples = "  mltctl datasets preview sp500 --from 5000\n",
    .run = run,
};
