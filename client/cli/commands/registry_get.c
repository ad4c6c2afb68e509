/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/registry.h"

static void print_checks(const Mltrainer__Registry__V1__InstanceStatus *status)
{
    static const char *const titles[] = {"CHECK", "STATE", "WHY", NULL};
    if (!status || status->n_checks == 0)
        return;
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < status->n_checks; i++) {
        columns_add(columns, "%s", status->checks[i]->name);
        columns_add(columns, "%s", registry_health(status->checks[i]->state));
        columns_add(columns, "%s", *status->checks[i]->text ? status->checks[i]->text : "not checked yet");
    }
    putchar('\n');
    columns_print(columns);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Registry__V1__GetInstanceRequest request = MLTRAINER__REGISTRY__V1__GET_INSTANCE_REQUEST__INIT;
    Mltrainer__Registry__V1__InstanceKey key;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char storage[512];
    registry_parse_key(arguments->operands[0], &key, storage);
    request.key = &key;
    const Mltrainer__Registry__V1__GetInstanceResponse *response =
        mltrainer__registry__v1__registry_service__get_instance(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__registry__v1__get_instance_response__info, &response->base);
    } else if (response && response->instance) {
        struct columns *columns = registry_columns();
        registry_add_row(columns, response->instance);
        columns_print(columns);
        print_checks(response->instance->status);
    }
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command registry_get_command = {
    .noun = "registry",
    .verb = "get",
    .operands = "SERVICE/ID",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Show one instance and its checks",
    .examples = "  mltctl registry get prices/a\n",
    .run = run,
};
