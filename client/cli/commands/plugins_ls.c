/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"FAMILY", "VERSION", "ABI", "STATE", ">MODELS", "WHY", NULL};
    static const char *const states[] = {"-", "ready", "refused", "quarantined", "probing"};
    Mltrainer__Execution__V1__ListPluginsRequest request = MLTRAINER__EXECUTION__V1__LIST_PLUGINS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.page_size = 1000;
    const Mltrainer__Execution__V1__ListPluginsResponse *response =
        mltrainer__execution__v1__execution_service__list_plugins(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__execution__v1__list_plugins_response__info, &response->base);
    } else if (response) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < response->n_plugins; i++) {
            const Mltrainer__Execution__V1__Plugin *plugin = response->plugins[i];
            columns_add(columns, "%s", plugin->family);
            columns_add(columns, "%s", plugin->version);
            columns_add(columns, "%s", plugin->abi_version);
            columns_add(columns, "%s", plugin->state <= 4 ? states[plugin->state] : "?");
            columns_add(columns, "%u", plugin->model_count);
            columns_add(columns, "%s", plugin->state_reason);
        }
        columns_print(columns);
    }
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command plugins_ls_command = {
    .noun = "plugins",
    .verb = "ls",
    .operands = "",
    .summary = "List the model families and whether they load",
    .examples = "  mltctl plugins ls\n",
    .run = run,
};
