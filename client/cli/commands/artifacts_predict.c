/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"
#include "files.h"

static int save(const char *path, const Mltrainer__Execution__V1__Table *table)
{
    struct files_output output;
    int code = files_begin(&output, path);
    if (code)
        return code;
    execution_write_csv(table, output.stream);
    return files_commit(&output);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct execution_data data;
    Mltrainer__Execution__V1__PredictRequest request = MLTRAINER__EXECUTION__V1__PREDICT_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const char *path = cli_option(arguments, "to", NULL);
    request.artifact = (char *)arguments->operands[0];
    request.data = execution_parse_data(arguments, &data);
    request.last_row_only = cli_switch(arguments, "last");
    const Mltrainer__Execution__V1__PredictResponse *response =
        mltrainer__execution__v1__execution_service__predict(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__execution__v1__predict_response__info, &response->base);
    } else if (response && response->table) {
        size_t rows = execution_table_rows(response->table);
        if (path)
            code = save(path, response->table);
        execution_print_table(response->table, rows > 20 ? rows - 20 : 0, rows);
        printf("artifact %.19s\n", response->artifact);
    }
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"dataset", "NAME", "rows to predict for: NAME, NAME@VERSION or sha256:HEX"},
    {"value", "COLUMN=VALUE", "a one-row table instead; may be repeated"},
    {"last", NULL, "the last row only"},
    {"to", "FILE", "write all predictions as CSV"},
    {0},
};

const struct cli_command artifacts_predict_command = {
    .noun = "artifacts",
    .verb = "predict",
    .operands = "ARTIFACT",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Predict with a trained model",
    .examples = "  mltctl artifacts predict sp500-ridge --dataset sp500 --last\n",
    .run = run,
};
