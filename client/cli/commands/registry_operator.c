/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/registry.h"

/* drain, maintenance, activate: what an operator decides about an instance. */

static int set_state(struct cli *cli, const struct cli_arguments *arguments,
                     Mltrainer__Registry__V1__OperatorState state)
{
    Mltrainer__Registry__V1__SetOperatorStateRequest request =
        MLTRAINER__REGISTRY__V1__SET_OPERATOR_STATE_REQUEST__INIT;
    Mltrainer__Registry__V1__InstanceKey key;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char storage[512];
    registry_parse_key(arguments->operands[0], &key, storage);
    request.key = &key;
    request.operator_state = state;
    request.reason = (char *)cli_option(arguments, "reason", "");
    const Mltrainer__Registry__V1__SetOperatorStateResponse *response =
        mltrainer__registry__v1__registry_service__set_operator_state(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__registry__v1__set_operator_state_response__info, &response->base);
    else if (response && response->instance)
        printf("%s at revision %lld\n", registry_operator_state(state), (long long)response->instance->revision);
    mrpc_reply_fini(&reply);
    return code;
}

static int drain(struct cli *cli, const struct cli_arguments *arguments)
{
    return set_state(cli, arguments, MLTRAINER__REGISTRY__V1__OPERATOR_STATE__OPERATOR_STATE_DRAINING);
}

static int maintenance(struct cli *cli, const struct cli_arguments *arguments)
{
    return set_state(cli, arguments, MLTRAINER__REGISTRY__V1__OPERATOR_STATE__OPERATOR_STATE_MAINTENANCE);
}

static int activate(struct cli *cli, const struct cli_arguments *arguments)
{
    return set_state(cli, arguments, MLTRAINER__REGISTRY__V1__OPERATOR_STATE__OPERATOR_STATE_ACTIVE);
}

static const struct cli_option options[] = {{"reason", "TEXT", "kept in the history"}, {0}};

const struct cli_command registry_drain_command = {
    .noun = "registry",
    .verb = "drain",
    .operands = "SERVICE/ID",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Give an instance no new work; ends with its registration",
    .examples = "  mltctl registry drain prices/a --reason 'new version'\n",
    .run = drain,
};

const struct cli_command registry_maintenance_command = {
    .noun = "registry",
    .verb = "maintenance",
    .operands = "SERVICE/ID",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Take an instance out of service until it is activated",
    .examples = "  mltctl registry maintenance prices/a --reason 'new disk'\n",
    .run = maintenance,
};

const struct cli_command registry_activate_command = {
    .noun = "registry",
    .verb = "activate",
    .operands = "SERVICE/ID",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Put an instance back in service",
    .examples = "  mltctl registry activate prices/a\n",
    .run = activate,
};
