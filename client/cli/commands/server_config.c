/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "commands/commands.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Admin__V1__GetConfigurationRequest request = MLTRAINER__ADMIN__V1__GET_CONFIGURATION_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Admin__V1__GetConfigurationResponse *response =
        mltrainer__admin__v1__admin_service__get_configuration(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__admin__v1__get_configuration_response__info, &response->base);
    else if (response)
        fputs(response->yaml, stdout);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command server_config_command = {
    .noun = "server",
    .verb = "config",
    .operands = "",
    .summary = "Show the configuration in force",
    .examples = "  mltctl server config > mltrainer.yaml\n",
    .run = run,
};
