/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/execution.h"

/* runs ls | get | compare: the records of trainings and evaluations. */

static double metric(const Mltrainer__Execution__V1__Run *run, const char *name, bool *found)
{
    *found = false;
    for (size_t i = 0; run->result && i < run->result->n_test_metrics; i++)
        if (strcmp(run->result->test_metrics[i]->name, name) == 0) {
            *found = true;
            return run->result->test_metrics[i]->value;
        }
    return 0;
}

static void add_row(struct columns *columns, const Mltrainer__Execution__V1__Run *run, const char *name)
{
    bool found;
    double value = metric(run, name, &found);
    columns_add(columns, "%s", run->id);
    columns_add(columns, "%s", run->model);
    columns_add(columns, "%s", *run->dataset ? run->dataset : "(inline)");
    if (found)
        columns_add(columns, "%.6g", value);
    else
        columns_add(columns, "-");
    columns_add(columns, "%.19s", run->result ? run->result->artifact : "");
}

static int list(struct cli *cli, const struct cli_arguments *arguments)
{
    char title[80];
    const char *order = cli_option(arguments, "order-by", ""), *name = *order == '-' ? order + 1 : order;
    const char *titles[] = {"RUN", "MODEL", "DATASET", title, "ARTIFACT", NULL};
    Mltrainer__Execution__V1__ListRunsRequest request = MLTRAINER__EXECUTION__V1__LIST_RUNS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    name = *name ? name : "rmse";
    snprintf(title, sizeof title, ">%.64s", name);
    for (char *at = title; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    request.page_size = (int32_t)cli_number(arguments, "limit", 50, 1, 1000);
    request.model = (char *)cli_option(arguments, "model", "");
    request.dataset = (char *)cli_option(arguments, "dataset", "");
    request.order_by = (char *)order;
    const Mltrainer__Execution__V1__ListRunsResponse *response =
        mltrainer__execution__v1__execution_service__list_runs(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__execution__v1__list_runs_response__info, &response->base);
    } else if (response) {
        struct columns *columns = columns_new(titles);
        for (size_t i = 0; i < response->n_runs; i++)
            add_row(columns, response->runs[i], name);
        columns_print(columns);
    }
    mrpc_reply_fini(&reply);
    return code;
}

static void print_differences(const Mltrainer__Execution__V1__CompareRunsResponse *response, bool all)
{
    const char **titles = calloc(response->n_runs + 2, sizeof *titles);
    if (!titles)
        exit(cli_failed("out of memory"));
    titles[0] = "WHAT";
    for (size_t i = 0; i < response->n_runs; i++)
        titles[i + 1] = response->runs[i]->id;
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < response->n_differences; i++) {
        const Mltrainer__Execution__V1__RunDifference *row = response->differences[i];
        if (!all && !row->differs)
            continue;
        columns_add(columns, "%s", row->name);
        for (size_t j = 0; j < row->n_values; j++)
            columns_add(columns, "%.24s", *row->values[j] ? row->values[j] : "-");
    }
    columns_print(columns);
    free(titles);
}

static int compare(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__CompareRunsRequest request = MLTRAINER__EXECUTION__V1__COMPARE_RUNS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.n_ids = arguments->operand_count;
    request.ids = (char **)(uintptr_t)arguments->operands;
    const Mltrainer__Execution__V1__CompareRunsResponse *response =
        mltrainer__execution__v1__execution_service__compare_runs(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__compare_runs_response__info, &response->base);
    else if (response)
        print_differences(response, cli_switch(arguments, "all"));
    mrpc_reply_fini(&reply);
    return code;
}

static int get(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__GetRunRequest request = MLTRAINER__EXECUTION__V1__GET_RUN_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.id = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__GetRunResponse *response =
        mltrainer__execution__v1__execution_service__get_run(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response)
        code = cli_print_json(&mltrainer__execution__v1__get_run_response__info, &response->base);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option list_options[] = {
    {"limit", "N", "at most so many [50]"},
    {"model", "ID", "only of this model"},
    {"dataset", "DATASET", "only on this dataset, any version of it or one"},
    {"order-by", "METRIC", "by this test metric, least first; -METRIC: greatest first [newest first]"},
    {0},
};

static const struct cli_option compare_options[] = {
    {"all", NULL, "also what is the same in all of them"},
    {0},
};

const struct cli_command runs_ls_command = {
    .noun = "runs",
    .verb = "ls",
    .operands = "",
    .options = list_options,
    .summary = "List trainings and evaluations",
    .examples = "  mltctl runs ls --dataset sp500 --order-by rmse\n",
    .run = list,
};

const struct cli_command runs_get_command = {
    .noun = "runs",
    .verb = "get",
    .operands = "RUN",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Print the whole record of one, as JSON",
    .examples = "  mltctl runs get j000000000003\n",
    .run = get,
};

const struct cli_command runs_compare_command = {
    .noun = "runs",
    .verb = "compare",
    .operands = "RUN RUN...",
    .operands_least = 2,
    .operands_most = CLI_OPERANDS_MAX,
    .options = compare_options,
    .summary = "Show in what runs differ",
    .examples = "  mltctl runs compare j000000000003 j000000000004\n",
    .run = compare,
};
