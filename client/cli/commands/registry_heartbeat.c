/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "commands/commands.h"
#include "commands/registry.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Registry__V1__HeartbeatRequest request = MLTRAINER__REGISTRY__V1__HEARTBEAT_REQUEST__INIT;
    Mltrainer__Registry__V1__CheckReport report = MLTRAINER__REGISTRY__V1__CHECK_REPORT__INIT, *reports[] = {&report};
    Mltrainer__Registry__V1__InstanceKey key;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char storage[512];
    registry_parse_key(arguments->operands[0], &key, storage);
    request.key = &key;
    report.name = (char *)cli_option(arguments, "check", "");
    report.passing = !cli_switch(arguments, "failing");
    report.text = (char *)cli_option(arguments, "text", "");
    request.reports = reports;
    request.n_reports = *report.name ? 1 : 0;
    const Mltrainer__Registry__V1__HeartbeatResponse *response =
        mltrainer__registry__v1__registry_service__heartbeat(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__registry__v1__heartbeat_response__info, &response->base);
    else if (response)
        printf("renewed for %lld s\n", (long long)(response->lease_ttl ? response->lease_ttl->seconds : 0));
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"check", "NAME", "report for this ttl check too"},
    {"failing", NULL, "report that it fails"},
    {"text", "TEXT", "why"},
    {0},
};

const struct cli_command registry_heartbeat_command = {
    .noun = "registry",
    .verb = "heartbeat",
    .operands = "SERVICE/ID",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Renew a lease once",
    .examples = "  mltctl registry heartbeat prices/a\n  mltctl registry heartbeat prices/a --check ttl-1 --failing\n",
    .run = run,
};
