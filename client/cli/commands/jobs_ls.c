/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "commands/commands.h"
#include "commands/jobs_list.h"

static void add_result(struct columns *columns, const Mltrainer__Execution__V1__Job *job)
{
    const char *name = execution_artifact_name(job);
    if (job->failure)
        columns_add(columns, "%s", job->failure->message);
    else if (!job->result)
        columns_add(columns, "%s", "");
    else if (*job->result->dataset)
        columns_add(columns, "%s", job->result->dataset);
    else if (name && *job->result->artifact)
        columns_add(columns, "%s (%.19s)", name, job->result->artifact);
    else
        columns_add(columns, "%.19s", job->result->artifact);
}

static void add_row(struct columns *columns, const Mltrainer__Execution__V1__Job *job)
{
    static const char *const kinds[] = {"-", "train", "evaluate", "predict", "compute", "tune", "fetch"};
    char when[32] = "-";
    if (job->create_time) {
        time_t seconds = (time_t)job->create_time->seconds;
        struct tm local;
        strftime(when, sizeof when, "%F %T", localtime_r(&seconds, &local));
    }
    int kind = job->spec ? (int)job->spec->work_case : 0;
    columns_add(columns, "%s", job->id);
    columns_add(columns, "%s", kind >= 0 && kind <= 6 ? kinds[kind] : "?");
    columns_add(columns, "%s", execution_job_state(job->state));
    columns_add(columns, "%.0f %%", 100 * job->progress);
    columns_add(columns, "%s", when);
    add_result(columns, job);
}

static void print_jobs(const Mltrainer__Execution__V1__ListJobsResponse *response)
{
    static const char *const titles[] = {"JOB", "KIND", "STATE", ">DONE", "SUBMITTED", "RESULT", NULL};
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < response->n_jobs; i++)
        add_row(columns, response->jobs[i]);
    columns_print(columns);
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    const struct jobs_wanted wanted = {.schedule = cli_option(arguments, "schedule", ""),
                                       .limit = (int32_t)cli_number(arguments, "limit", 50, 1, 1000)};
    const Mltrainer__Execution__V1__ListJobsResponse *response;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    int code = jobs_list(cli, &wanted, &reply, &response);
    if (!code && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__list_jobs_response__info, &response->base);
    else if (!code)
        print_jobs(response);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {
    {"limit", "N", "at most so many [50]"},
    {"schedule", "NAME", "only those that this schedule has submitted"},
    {0},
};

const struct cli_command jobs_ls_command = {
    .noun = "jobs",
    .verb = "ls",
    .operands = "",
    .options = options,
    .summary = "List jobs, newest first",
    .examples = "  mltctl jobs ls\n  mltctl jobs ls --schedule nightly\n",
    .run = run,
};
