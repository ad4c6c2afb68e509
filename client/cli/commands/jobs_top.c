/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands/commands.h"
#include "commands/jobs_list.h"

/* What the engine does now, again and again: on a terminal the picture is drawn over the one before. */

enum { JOBS_MAX = 1000, EVERY_MS_LEAST = 10 };

#define STATE(name) MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_##name
#define WORK(name) MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_##name

static const char *subject_of(const Mltrainer__Execution__V1__JobSpec *spec)
{
    switch (spec ? spec->work_case : WORK(_NOT_SET)) {
    case WORK(TRAIN):
        return spec->train->model;
    case WORK(EVALUATE):
        return spec->evaluate->artifact;
    case WORK(PREDICT):
        return spec->predict->artifact;
    case WORK(COMPUTE):
        return spec->compute->model;
    case WORK(TUNE):
        return spec->tune->train ? spec->tune->train->model : "";
    case WORK(FETCH):
        return spec->fetch->dataset;
    default:
        return "";
    }
}

/* Those that have a worker first, then those that are next, then those that wait; of each the oldest first. */
static int by_state(const void *a, const void *b)
{
    static const int rank[] = {[STATE(RUNNING)] = 0, [STATE(CANCELLING)] = 1, [STATE(QUEUED)] = 2,
                               [STATE(RETRY_WAIT)] = 3, [STATE(WAITING)] = 4};
    const Mltrainer__Execution__V1__Job *one = *(Mltrainer__Execution__V1__Job *const *)a;
    const Mltrainer__Execution__V1__Job *other = *(Mltrainer__Execution__V1__Job *const *)b;
    size_t count = sizeof rank / sizeof *rank;
    int first = (size_t)one->state < count ? rank[one->state] : 5,
        second = (size_t)other->state < count ? rank[other->state] : 5;
    return first != second ? first - second : strcmp(one->id, other->id);
}

static void add_row(struct columns *columns, const Mltrainer__Execution__V1__Job *job)
{
    const Google__Protobuf__Timestamp *since = job->start_time ? job->start_time : job->create_time;
    int64_t seconds = since ? (int64_t)time(NULL) - since->seconds : 0;
    columns_add(columns, "%s", job->id);
    columns_add(columns, "%s", execution_job_state(job->state));
    columns_add(columns, "%u", job->attempt);
    columns_add(columns, "%.0f %%", 100 * job->progress);
    columns_add(columns, "%" PRId64 " s", seconds > 0 ? seconds : 0);
    columns_add(columns, "%s", *job->stage ? job->stage : "-");
    columns_add(columns, "%.40s", subject_of(job->spec));
}

static int print_engine(struct cli *cli)
{
    Mltrainer__Execution__V1__GetEngineRequest request = MLTRAINER__EXECUTION__V1__GET_ENGINE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Execution__V1__GetEngineResponse *engine =
        mltrainer__execution__v1__execution_service__get_engine(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (engine && !cli->json) {
        printf("workers %u of %u busy, %" PRIu64 " lost; threads %u of %u busy\njobs", engine->workers_busy,
               engine->workers, engine->workers_lost, engine->threads_busy, engine->threads);
        for (size_t i = 0; i < engine->n_jobs; i++)
            printf("%s %" PRIu64 " %s", i ? "," : "", engine->jobs[i]->count,
                   execution_job_state(engine->jobs[i]->state));
        printf("%s\n\n", engine->n_jobs ? "" : " none");
    }
    mrpc_reply_fini(&reply);
    return code;
}

/* What has a worker comes first however many wait: the server lists the newest first, and what runs is older than
 * they. */
enum { LISTS = 2 };
static const Mltrainer__Execution__V1__JobState busy[] = {STATE(RUNNING), STATE(CANCELLING)};
static const Mltrainer__Execution__V1__JobState idle[] = {STATE(WAITING), STATE(QUEUED), STATE(RETRY_WAIT)};
static const struct jobs_wanted lists[LISTS] = {
    {.states = busy, .state_count = sizeof busy / sizeof *busy, .schedule = ""},
    {.states = idle, .state_count = sizeof idle / sizeof *idle, .schedule = ""},
};

struct shown {
    Mltrainer__Execution__V1__Job *jobs[JOBS_MAX];
    size_t count;
};

static int print_shown(const struct cli *cli, struct shown *shown)
{
    static const char *const titles[] = {"JOB", "STATE", ">ATTEMPT", ">DONE", ">SINCE", "STAGE", "WHAT", NULL};
    Mltrainer__Execution__V1__ListJobsResponse all = MLTRAINER__EXECUTION__V1__LIST_JOBS_RESPONSE__INIT;
    if (shown->count)
        qsort(shown->jobs, shown->count, sizeof *shown->jobs, by_state);
    all.jobs = shown->jobs;
    all.n_jobs = shown->count;
    if (cli->json)
        return cli_print_json(&mltrainer__execution__v1__list_jobs_response__info, &all.base);
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < shown->count; i++)
        add_row(columns, shown->jobs[i]);
    columns_print(columns);
    return 0;
}

static int print_jobs(struct cli *cli, size_t limit)
{
    struct mrpc_reply replies[LISTS] = {MRPC_REPLY_INIT, MRPC_REPLY_INIT};
    struct shown shown = {.count = 0};
    int code = 0;
    for (size_t i = 0; !code && i < LISTS && shown.count < limit; i++) {
        const Mltrainer__Execution__V1__ListJobsResponse *response;
        struct jobs_wanted wanted = lists[i];
        wanted.limit = (int32_t)(limit - shown.count);
        code = jobs_list(cli, &wanted, &replies[i], &response);
        for (size_t j = 0; !code && j < response->n_jobs && shown.count < limit; j++)
            shown.jobs[shown.count++] = response->jobs[j];
    }
    if (!code)
        code = print_shown(cli, &shown);
    for (size_t i = 0; i < LISTS; i++)
        mrpc_reply_fini(&replies[i]);
    return code;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    int64_t every_ms = cli_duration_ms(arguments, "every", 1000), times = cli_number(arguments, "times", 0, 0, 1000000);
    size_t limit = (size_t)cli_number(arguments, "limit", 30, 1, JOBS_MAX);
    const struct timespec pause = {every_ms / 1000, every_ms % 1000 * 1000000};
    bool terminal = cli->terminal && !cli->json;
    int code = 0;
    if (every_ms < EVERY_MS_LEAST)
        return cli_usage("--every: at least %d ms", EVERY_MS_LEAST);
    if (!times && !terminal)
        times = 1;
    for (int64_t shown = 0; !code && (!times || shown < times); shown++) {
        if (shown)
            nanosleep(&pause, NULL);
        if (terminal)
            fputs("\033[H\033[J", stdout);
        code = print_engine(cli);
        if (!code)
            code = print_jobs(cli, limit);
        fflush(stdout);
    }
    return code;
}

static const struct cli_option options[] = {
    {"every", "TIME", "between two looks, 10ms at least [1s]"},
    {"times", "N", "look so often, then end [until interrupted; without a terminal once]"},
    {"limit", "N", "at most so many jobs [30]"},
    {0},
};

const struct cli_command jobs_top_command = {
    .noun = "jobs",
    .verb = "top",
    .operands = "",
    .options = options,
    .summary = "Watch what the engine does",
    .examples = "  mltctl jobs top\n  mltctl jobs top --every 5s --limit 10\n",
    .run = run,
};
