/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "commands/commands.h"
#include "commands/registry.h"

static void add_row(struct columns *columns, const Mltrainer__Registry__V1__Transition *transition)
{
    char when[40] = "-";
    time_t seconds = transition->time ? (time_t)transition->time->seconds : 0;
    struct tm parts;
    if (transition->time && gmtime_r(&seconds, &parts))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
    columns_add(columns, "%lld", (long long)transition->revision);
    columns_add(columns, "%s", when);
    columns_add(columns, "%s", registry_reason(transition->reason));
    columns_add(columns, "%s", transition->state ? registry_health(transition->state) : "gone");
    columns_add(columns, "%s", registry_operator_state(transition->operator_state));
    columns_add(columns, "%s", transition->actor);
    columns_add(columns, "%s", transition->text);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {">REVISION", "WHEN", "WHY", "HEALTH", "OPERATOR", "WHO", "TEXT", NULL};
    Mltrainer__Registry__V1__ListTransitionsRequest request = MLTRAINER__REGISTRY__V1__LIST_TRANSITIONS_REQUEST__INIT;
    Mltrainer__Registry__V1__InstanceKey key;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char storage[512];
    registry_parse_key(arguments->operands[0], &key, storage);
    request.key = &key;
    request.page_size = (int32_t)cli_number(arguments, "limit", 100, 1, 100);
    const Mltrainer__Registry__V1__ListTransitionsResponse *response =
        mltrainer__registry__v1__registry_service__list_transitions(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__registry__v1__list_transitions_response__info, &response->base);
    } else if (response) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < response->n_transitions; i++)
            add_row(columns, response->transitions[i]);
        columns_print(columns);
    }
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {{"limit", "N", "how many, 1..100 [100]"}, {0}};

const struct cli_command registry_history_command = {
    .noun = "registry",
    .verb = "history",
    .operands = "SERVICE/ID",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Show who changed an instance, why and when, newest first",
    .examples = "  mltctl registry history prices/a --limit 10\n",
    .run = run,
};
