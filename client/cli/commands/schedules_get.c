/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/schedules.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__GetScheduleRequest request = MLTRAINER__EXECUTION__V1__GET_SCHEDULE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.name = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__GetScheduleResponse *response =
        mltrainer__execution__v1__execution_service__get_schedule(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__get_schedule_response__info, &response->base);
    else if (response && response->schedule)
        schedules_print(response->schedule);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command schedules_get_command = {
    .noun = "schedules",
    .verb = "get",
    .operands = "NAME",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Show a schedule and how it stands",
    .examples = "  mltctl schedules get nightly\n",
    .run = run,
};
