/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/schedules.h"

static void add_row(struct columns *columns, const Mltrainer__Execution__V1__Schedule *schedule)
{
    char when[400], next[32];
    schedules_when(schedule, when, sizeof when);
    schedules_time(schedule->next_time, next);
    columns_add(columns, "%s", schedule->name);
    columns_add(columns, "%s", when);
    columns_add(columns, "%s", schedule->paused ? "paused" : *schedule->last_error ? "failing" : "active");
    columns_add(columns, "%s", next);
    columns_add(columns, "%llu", (unsigned long long)schedule->run_count);
    columns_add(columns, "%s", schedules_last(schedule));
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"SCHEDULE", "WHEN", "STATE", "NEXT", ">RUNS", "LAST", NULL};
    Mltrainer__Execution__V1__ListSchedulesRequest request = MLTRAINER__EXECUTION__V1__LIST_SCHEDULES_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.page_size = (int32_t)cli_number(arguments, "limit", 1000, 1, 1000);
    request.page_token = (char *)cli_option(arguments, "after", "");
    const Mltrainer__Execution__V1__ListSchedulesResponse *response =
        mltrainer__execution__v1__execution_service__list_schedules(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__execution__v1__list_schedules_response__info, &response->base);
    } else if (response) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < response->n_schedules; i++)
            add_row(columns, response->schedules[i]);
        columns_print(columns);
    }
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"limit", "N", "at most so many [1000]"},
    {"after", "NAME", "only those behind this name"},
    {0},
};

const struct cli_command schedules_ls_command = {
    .noun = "schedules",
    .verb = "ls",
    .operands = "",
    .options = options,
    .summary = "List schedules, by name",
    .examples = "  mltctl schedules ls\n  mltctl -o json schedules ls\n",
    .run = run,
};
