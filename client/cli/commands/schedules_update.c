/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/schedules.h"

static int update(struct cli *cli, Mltrainer__Execution__V1__Schedule *schedule, char **paths, size_t count)
{
    Mltrainer__Execution__V1__UpdateScheduleRequest request = MLTRAINER__EXECUTION__V1__UPDATE_SCHEDULE_REQUEST__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    mask.paths = paths;
    mask.n_paths = count;
    request.schedule = schedule;
    request.update_mask = &mask;
    const Mltrainer__Execution__V1__UpdateScheduleResponse *response =
        mltrainer__execution__v1__execution_service__update_schedule(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__update_schedule_response__info, &response->base);
    else if (response && response->schedule)
        schedules_print(response->schedule);
    mrpc_reply_fini(&reply);
    return code;
}

static int set_paused(struct cli *cli, const char *name, bool paused)
{
    Mltrainer__Execution__V1__Schedule schedule = MLTRAINER__EXECUTION__V1__SCHEDULE__INIT;
    static char path[] = "paused";
    char *paths[] = {path};
    schedule.name = (char *)name;
    schedule.paused = paused;
    return update(cli, &schedule, paths, 1);
}

static int pause_it(struct cli *cli, const struct cli_arguments *arguments)
{
    return set_paused(cli, arguments->operands[0], true);
}

static int resume_it(struct cli *cli, const struct cli_arguments *arguments)
{
    return set_paused(cli, arguments->operands[0], false);
}

/* When and how are given anew, as a whole; what is submitted only with --like: a job instead of a pipeline, too. */
static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    static char when[] = "cron", zone[] = "time_zone", missed[] = "missed_runs", overlap[] = "allow_overlap",
                job[] = "job", pipeline[] = "pipeline";
    char *paths[] = {when, zone, missed, overlap, job, pipeline};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    Mltrainer__Execution__V1__Schedule *schedule = schedules_parse(arguments, arguments->operands[0]);
    const char *like = cli_option(arguments, "like", NULL);
    bool found = !like || schedules_work_like(cli, like, schedule, &reply);
    int code = found ? update(cli, schedule, paths, like ? 6 : 4) : cli_status(cli, &reply.status);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    SCHEDULES_WHEN_OPTIONS,
    {"like", "ID", "submit the same as this job or pipeline from now on [what it submits now]"},
    {0},
};

const struct cli_command schedules_update_command = {
    .noun = "schedules",
    .verb = "update",
    .operands = "NAME",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Say anew when a schedule is due",
    .examples = "  mltctl schedules update nightly --cron '0 23 * * 1-5' --zone America/New_York\n",
    .run = run,
};

const struct cli_command schedules_pause_command = {
    .noun = "schedules",
    .verb = "pause",
    .operands = "NAME",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Keep a schedule, but do not run it",
    .examples = "  mltctl schedules pause nightly\n",
    .run = pause_it,
};

const struct cli_command schedules_resume_command = {
    .noun = "schedules",
    .verb = "resume",
    .operands = "NAME",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Let a paused schedule go on from now",
    .examples = "  mltctl schedules resume nightly\n",
    .run = resume_it,
};
