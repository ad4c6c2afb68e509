/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/registry.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Registry__V1__DeregisterRequest request = MLTRAINER__REGISTRY__V1__DEREGISTER_REQUEST__INIT;
    Mltrainer__Registry__V1__InstanceKey key;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char storage[512];
    registry_parse_key(arguments->operands[0], &key, storage);
    request.key = &key;
    request.reason = (char *)cli_option(arguments, "reason", "");
    const Mltrainer__Registry__V1__DeregisterResponse *response =
        mltrainer__registry__v1__registry_service__deregister(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__registry__v1__deregister_response__info, &response->base);
    else if (response)
        printf("deregistered at revision %lld\n", (long long)response->revision);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {{"reason", "TEXT", "kept in the history"}, {0}};

const struct cli_command registry_deregister_command = {
    .noun = "registry",
    .verb = "deregister",
    .operands = "SERVICE/ID",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Remove an instance",
    .examples = "  mltctl registry deregister prices/a --reason 'moved away'\n",
    .run = run,
};
