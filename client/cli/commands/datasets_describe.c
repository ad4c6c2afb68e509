/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static void add_number(struct columns *columns, bool present, double number)
{
    if (present)
        columns_add(columns, "%.6g", number);
    else
        columns_add(columns, "-");
}

static void print(const Mltrainer__Execution__V1__Dataset *dataset)
{
    static const char *const titles[] = {"COLUMN", "TYPE", ">NULLS", ">LEAST", ">MOST", ">MEAN", ">SD", NULL};
    static const char *const types[] = {"-", "double", "integer", "text", "bool", "date"};
    printf("%s@%u: %" PRIu64 " rows, %" PRIu64 " bytes\nsha256 %s\n\n", dataset->name, dataset->version,
           dataset->row_count, dataset->size_bytes, dataset->sha256);
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < dataset->n_columns; i++) {
        const Mltrainer__Execution__V1__ColumnSummary *column = dataset->columns[i];
        columns_add(columns, "%s", column->name);
        columns_add(columns, "%s", column->type <= 5 ? types[column->type] : "?");
        columns_add(columns, "%" PRIu64, column->null_count);
        add_number(columns, column->has_minimum_case, column->minimum);
        add_number(columns, column->has_maximum_case, column->maximum);
        add_number(columns, column->has_mean_case, column->mean);
        add_number(columns, column->has_standard_deviation_case, column->standard_deviation);
    }
    columns_print(columns);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__GetDatasetRequest request = MLTRAINER__EXECUTION__V1__GET_DATASET_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.dataset = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__GetDatasetResponse *response =
        mltrainer__execution__v1__execution_service__get_dataset(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__get_dataset_response__info, &response->base);
    else if (response && response->dataset)
        print(response->dataset);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command datasets_describe_command = {
    .noun = "datasets",
    .verb = "describe",
    .operands = "DATASET",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Show a dataset's columns and their statistics",
    .examples = "  mltctl datasets describe sp500\n",
    .run = run,
};
