/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/registry.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Registry__V1__GetRegistryInfoRequest request = MLTRAINER__REGISTRY__V1__GET_REGISTRY_INFO_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Registry__V1__GetRegistryInfoResponse *response =
        mltrainer__registry__v1__registry_service__get_registry_info(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response)
        code = cli_print_json(&mltrainer__registry__v1__get_registry_info_response__info, &response->base);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command registry_info_command = {
    .noun = "registry",
    .verb = "info",
    .operands = "",
    .summary = "Show epoch, revision, counts and limits",
    .examples = "  mltctl registry info\n",
    .run = run,
};
