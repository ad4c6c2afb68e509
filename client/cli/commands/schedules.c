/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/schedules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WHEN(name) MLTRAINER__EXECUTION__V1__SCHEDULE__WHEN_##name
#define MISSED(name) MLTRAINER__EXECUTION__V1__MISSED_RUNS__MISSED_RUNS_##name

static const char *const policies[] = {
    [MISSED(UNSPECIFIED)] = "latest", [MISSED(LATEST)] = "latest", [MISSED(ALL)] = "all", [MISSED(SKIP)] = "skip"};

static Mltrainer__Execution__V1__MissedRuns parse_missed(const struct cli_arguments *arguments)
{
    const char *text = cli_option(arguments, "missed", "latest");
    for (int i = MISSED(LATEST); i <= MISSED(SKIP); i++)
        if (strcmp(text, policies[i]) == 0)
            return (Mltrainer__Execution__V1__MissedRuns)i;
    exit(cli_usage("--missed: \"%s\" is not latest, all or skip", text));
}

Mltrainer__Execution__V1__Schedule *schedules_parse(const struct cli_arguments *arguments, const char *name)
{
    static Mltrainer__Execution__V1__Schedule schedule;
    static Google__Protobuf__Duration interval;
    const char *cron = cli_option(arguments, "cron", NULL);
    int64_t every_ms = cli_duration_ms(arguments, "every", -1);
    if ((cron != NULL) == (every_ms >= 0))
        exit(cli_usage("one of --cron and --every is wanted"));
    mltrainer__execution__v1__schedule__init(&schedule);
    google__protobuf__duration__init(&interval);
    interval.seconds = every_ms / 1000;
    interval.nanos = (int32_t)(every_ms % 1000) * 1000000;
    schedule.name = (char *)name;
    schedule.when_case = cron ? WHEN(CRON) : WHEN(INTERVAL);
    if (cron)
        schedule.cron = (char *)cron;
    else
        schedule.interval = &interval;
    schedule.time_zone = (char *)cli_option(arguments, "zone", "");
    schedule.missed_runs = parse_missed(arguments);
    schedule.allow_overlap = cli_switch(arguments, "overlap");
    return &schedule;
}

static bool job_like(struct cli *cli, const char *id, Mltrainer__Execution__V1__Schedule *schedule,
                     struct mrpc_reply *reply)
{
    Mltrainer__Execution__V1__GetJobRequest request = MLTRAINER__EXECUTION__V1__GET_JOB_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    request.id = (char *)id;
    const Mltrainer__Execution__V1__GetJobResponse *response =
        mltrainer__execution__v1__execution_service__get_job(cli->channel, &options, &request, reply);
    schedule->job = response && response->job ? response->job->spec : NULL;
    return schedule->job != NULL;
}

static bool pipeline_like(struct cli *cli, const char *id, Mltrainer__Execution__V1__Schedule *schedule,
                          struct mrpc_reply *reply)
{
    Mltrainer__Execution__V1__GetPipelineRequest request = MLTRAINER__EXECUTION__V1__GET_PIPELINE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    request.id = (char *)id;
    const Mltrainer__Execution__V1__GetPipelineResponse *response =
        mltrainer__execution__v1__execution_service__get_pipeline(cli->channel, &options, &request, reply);
    schedule->pipeline = response && response->pipeline ? response->pipeline->spec : NULL;
    return schedule->pipeline != NULL;
}

bool schedules_work_like(struct cli *cli, const char *id, Mltrainer__Execution__V1__Schedule *schedule,
                         struct mrpc_reply *reply)
{
    return *id == 'p' ? pipeline_like(cli, id, schedule, reply) : job_like(cli, id, schedule, reply);
}

void schedules_when(const Mltrainer__Execution__V1__Schedule *schedule, char *out, size_t bytes)
{
    if (schedule->when_case == WHEN(CRON))
        snprintf(out, bytes, "%s %s", schedule->cron, *schedule->time_zone ? schedule->time_zone : "UTC");
    else if (schedule->when_case == WHEN(INTERVAL) && schedule->interval)
        snprintf(out, bytes, "every %.12g s", (double)schedule->interval->seconds + schedule->interval->nanos / 1e9);
    else
        snprintf(out, bytes, "-");
}

void schedules_time(const Google__Protobuf__Timestamp *timestamp, char out[32])
{
    struct tm local;
    time_t seconds = timestamp ? (time_t)timestamp->seconds : 0;
    snprintf(out, 32, "-");
    if (timestamp && localtime_r(&seconds, &local))
        strftime(out, 32, "%F %T", &local);
}

const char *schedules_last(const Mltrainer__Execution__V1__Schedule *schedule)
{
    const char *last = *schedule->last_job ? schedule->last_job : schedule->last_pipeline;
    return *last ? last : "-";
}

void schedules_print(const Mltrainer__Execution__V1__Schedule *schedule)
{
    char when[400], next[32], last[32], created[32];
    schedules_when(schedule, when, sizeof when);
    schedules_time(schedule->next_time, next);
    schedules_time(schedule->last_time, last);
    schedules_time(schedule->create_time, created);
    int missed = (int)schedule->missed_runs;
    printf("schedule   %s\nwhen       %s\nstate      %s\nmissed     %s\noverlap    %s\nnext       %s\n", schedule->name,
           when, schedule->paused ? "paused" : "active", missed >= 0 && missed <= MISSED(SKIP) ? policies[missed] : "?",
           schedule->allow_overlap ? "allowed" : "left out", next);
    printf("last       %s  %s\nruns       %llu\nleft out   %llu\ncreated    %s  %s\n", last, schedules_last(schedule),
           (unsigned long long)schedule->run_count, (unsigned long long)schedule->left_out_count, created,
           schedule->owner);
    if (*schedule->last_error)
        printf("error      %s\n", schedule->last_error);
}
