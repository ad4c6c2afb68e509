/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__ReloadPluginsRequest request = MLTRAINER__EXECUTION__V1__RELOAD_PLUGINS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Execution__V1__ReloadPluginsResponse *response =
        mltrainer__execution__v1__execution_service__reload_plugins(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__reload_plugins_response__info, &response->base);
    else if (response)
        printf("%u models, %u of them unavailable\n", response->model_count, response->unavailable_count);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command plugins_reload_command = {
    .noun = "plugins",
    .verb = "reload",
    .operands = "",
    .summary = "Read plugins and model configurations again",
    .examples = "  mltctl plugins reload\n",
    .run = run,
};
