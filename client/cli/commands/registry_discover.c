/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "commands/commands.h"
#include "commands/registry.h"
#include "commands/registry_filter.h"

static int parse_policy(const char *text)
{
    static const char *const names[] = {"",          "round-robin", "weighted-round-robin", "weighted-random",
                                        "least-request", "consistent-hash"};
    for (int i = 1; i < 6; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return -1;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Registry__V1__DiscoverRequest request = MLTRAINER__REGISTRY__V1__DISCOVER_REQUEST__INIT;
    static struct registry_filter filter;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char storage[512];
    int policy = parse_policy(cli_option(arguments, "policy", "round-robin"));
    if (policy < 0)
        return cli_usage(
            "--policy: round-robin, weighted-round-robin, weighted-random, least-request or consistent-hash");
    registry_parse_service(arguments->operands[0], &request.namespace_, &request.service, storage);
    request.policy = (Mltrainer__Registry__V1__PickPolicy)policy;
    request.limit = (int32_t)cli_number(arguments, "limit", 1, 1, 1000);
    request.prefer_zone = (char *)cli_option(arguments, "prefer-zone", "");
    request.filter = registry_filter_read(arguments, &filter);
    request.hash_key.data = (uint8_t *)(uintptr_t)cli_option(arguments, "key", "");
    request.hash_key.len = strlen((const char *)request.hash_key.data);
    const Mltrainer__Registry__V1__DiscoverResponse *response =
        mltrainer__registry__v1__registry_service__discover(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__registry__v1__discover_response__info, &response->base);
    } else if (response) {
        struct columns *columns = registry_columns();
        for (size_t i = 0; i < response->n_instances; i++)
            registry_add_row(columns, response->instances[i]);
        columns_print(columns);
    }
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"policy", "POLICY", "round-robin, weighted-round-robin, weighted-random, least-request, consistent-hash"},
    {"limit", "N", "how many instances, in the order of the policy [1]"},
    {"key", "TEXT", "of consistent-hash: the same key, the same instance"},
    {"prefer-zone", "ZONE", "this zone first"},
    REGISTRY_FILTER_OPTIONS,
    {0},
};

const struct cli_command registry_discover_command = {
    .noun = "registry",
    .verb = "discover",
    .operands = "SERVICE",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Pick a healthy instance",
    .examples = "  mltctl registry discover prices\n  mltctl registry discover prices --limit 3 --tag blue\n"
                "  mltctl registry discover prices --policy consistent-hash --key user-17\n",
    .run = run,
};
