/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/schedules.h"

static int create(struct cli *cli, const struct cli_arguments *arguments, Mltrainer__Execution__V1__Schedule *schedule)
{
    Mltrainer__Execution__V1__CreateScheduleRequest request = MLTRAINER__EXECUTION__V1__CREATE_SCHEDULE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.schedule = schedule;
    request.request_id = (char *)cli_option(arguments, "request-id", "");
    const Mltrainer__Execution__V1__CreateScheduleResponse *response =
        mltrainer__execution__v1__execution_service__create_schedule(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__create_schedule_response__info, &response->base);
    else if (response && response->schedule)
        schedules_print(response->schedule);
    mrpc_reply_fini(&reply);
    return code;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    Mltrainer__Execution__V1__Schedule *schedule = schedules_parse(arguments, arguments->operands[0]);
    const char *like = cli_option(arguments, "like", NULL);
    if (!like)
        return cli_usage("--like JOB is wanted: submit the job or pipeline once, then say that it be submitted again");
    schedule->paused = cli_switch(arguments, "paused");
    int code = schedules_work_like(cli, like, schedule, &reply) ? create(cli, arguments, schedule)
                                                                : cli_status(cli, &reply.status);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"like", "ID", "what to submit: the same as this job or pipeline was"},
    SCHEDULES_WHEN_OPTIONS,
    {"paused", NULL, "make it, but do not run it yet"},
    {"request-id", "ID", "making it again with the same id and values is harmless"},
    {0},
};

const struct cli_command schedules_create_command = {
    .noun = "schedules",
    .verb = "create",
    .operands = "NAME",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Submit a job or a pipeline again and again",
    .examples = "  JOB=$(mltctl jobs train ridge --dataset sp500 --target close --time date)\n"
                "  mltctl schedules create nightly --cron '30 22 * * 1-5' --zone America/New_York --like $JOB\n"
                "  mltctl schedules create often --every 15min --like $JOB --missed skip\n",
    .run = run,
};
