/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"KIND", "NAME", "WHERE", NULL};
    Mltrainer__Execution__V1__ListSourcesRequest request = MLTRAINER__EXECUTION__V1__LIST_SOURCES_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Execution__V1__ListSourcesResponse *response =
        mltrainer__execution__v1__execution_service__list_sources(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__execution__v1__list_sources_response__info, &response->base);
    } else if (response) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < response->n_sources; i++) {
            columns_add(columns, "%s", response->sources[i]->kind);
            columns_add(columns, "%s", response->sources[i]->name);
            columns_add(columns, "%s", response->sources[i]->where);
        }
        columns_print(columns);
    }
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command sources_ls_command = {
    .noun = "sources",
    .verb = "ls",
    .operands = "",
    .summary = "List where datasets can be fetched from",
    .examples = "  mltctl sources ls\n",
    .run = run,
};
