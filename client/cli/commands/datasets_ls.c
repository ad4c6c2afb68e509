/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"DATASET", ">ROWS", ">COLUMNS", ">BYTES", "SHA256", NULL};
    Mltrainer__Execution__V1__ListDatasetsRequest request = MLTRAINER__EXECUTION__V1__LIST_DATASETS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct columns *columns = cli->json ? NULL : columns_new(titles);
    char token[512] = "";
    int code;
    bool more;
    request.all_versions = cli_switch(arguments, "all-versions");
    request.page_size = 1000;
    do {
        struct mrpc_reply reply = MRPC_REPLY_INIT;
        request.page_token = token;
        const Mltrainer__Execution__V1__ListDatasetsResponse *response =
            mltrainer__execution__v1__execution_service__list_datasets(cli->channel, &options, &request, &reply);
        code = cli_status(cli, &reply.status);
        for (size_t i = 0; response && columns && i < response->n_datasets; i++) {
            const Mltrainer__Execution__V1__Dataset *dataset = response->datasets[i];
            columns_add(columns, "%s@%u", dataset->name, dataset->version);
            columns_add(columns, "%" PRIu64, dataset->row_count);
            columns_add(columns, "%zu", dataset->n_columns);
            columns_add(columns, "%" PRIu64, dataset->size_bytes);
            columns_add(columns, "%.12s", dataset->sha256);
        }
        if (response && cli->json)
            code = cli_print_json(&mltrainer__execution__v1__list_datasets_response__info, &response->base);
        more = response && *response->next_page_token;
        if (more)
            snprintf(token, sizeof token, "%s", response->next_page_token);
        mrpc_reply_fini(&reply);
    } while (!code && more);
    if (columns && code)
        columns_free(columns);
    else if (columns)
        columns_print(columns);
    return code;
}

static const struct cli_option options[] = {{"all-versions", NULL, "not only the newest of each name"}, {0}};

const struct cli_command datasets_ls_command = {
    .noun = "datasets",
    .verb = "ls",
    .operands = "",
    .options = options,
    .summary = "List the datasets",
    .examples = "  mltctl datasets ls\n",
    .run = run,
};
