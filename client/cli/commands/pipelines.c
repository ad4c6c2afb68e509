/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/json.h>

#include "commands/commands.h"
#include "commands/execution.h"
#include "pages.h"
#include "yaml.h"

/* pipelines run | ls | get | watch | cancel: several jobs that depend on each other, from a file. */

static const char *state_name(Mltrainer__Execution__V1__PipelineState state)
{
    static const char *const names[] = {"?", "running", "succeeded", "failed", "cancelled"};
    return (unsigned)state < sizeof names / sizeof *names ? names[state] : "?";
}

static void print(const Mltrainer__Execution__V1__Pipeline *pipeline)
{
    static const char *const titles[] = {"TASK", "STATE", "JOB", NULL};
    printf("%s %s\n", pipeline->id, state_name(pipeline->state));
    struct columns *columns = columns_new(titles);
    for (size_t i = 0; i < pipeline->n_tasks; i++) {
        columns_add(columns, "%s", pipeline->tasks[i]->key);
        columns_add(columns, "%s", execution_job_state(pipeline->tasks[i]->state));
        columns_add(columns, "%s", *pipeline->tasks[i]->job ? pipeline->tasks[i]->job : "-");
    }
    columns_print(columns);
}

static int outcome(Mltrainer__Execution__V1__PipelineState state)
{
    return state == MLTRAINER__EXECUTION__V1__PIPELINE_STATE__PIPELINE_STATE_SUCCEEDED ? 0 : CLI_FAILED;
}

/* A line whenever a task has moved; then the whole. */
static void print_moves(const Mltrainer__Execution__V1__Pipeline *pipeline, int *told)
{
    for (size_t i = 0; i < pipeline->n_tasks; i++) {
        if (told[i] == (int)pipeline->tasks[i]->state)
            continue;
        told[i] = (int)pipeline->tasks[i]->state;
        printf("%s %s\n", pipeline->tasks[i]->key, execution_job_state(pipeline->tasks[i]->state));
    }
}

static int follow(struct cli *cli, const char *id)
{
    Mltrainer__Execution__V1__WatchPipelineRequest request = MLTRAINER__EXECUTION__V1__WATCH_PIPELINE_REQUEST__INIT;
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    const Mltrainer__Execution__V1__WatchPipelineResponse *message;
    Mltrainer__Execution__V1__PipelineState state = 0;
    int *told = NULL;
    request.id = (char *)id;
    int error = mltrainer__execution__v1__execution_service__watch_pipeline__start(cli->channel, &options, &request,
                                                                                   NULL, NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    while ((message = mltrainer__execution__v1__execution_service__watch_pipeline__recv(call))) {
        state = message->pipeline->state;
        if (!told)
            told = calloc(message->pipeline->n_tasks + 1, sizeof *told);
        if (cli->json)
            cli_print_json(&mltrainer__execution__v1__watch_pipeline_response__info, &message->base);
        else if (told)
            print_moves(message->pipeline, told);
        fflush(stdout);
        if (message->pipeline->end_time && !cli->json)
            print(message->pipeline);
    }
    mrpc_client_call_finish(call, &reply);
    int code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    free(told);
    return code ? code : outcome(state);
}

/* ---- From a file ---- */

/* JSON is YAML; both become JSON, which the message's own decoder reads. */
static Mltrainer__Execution__V1__PipelineSpec *read_spec(const char *path, struct mrpc_arena *arena)
{
    struct mrpc_decode_error why = {0};
    ProtobufCMessage *message = NULL;
    char *json = yaml_to_json(path);
    if (mrpc_json_decode(&mltrainer__execution__v1__pipeline_spec__info, json, strlen(json), NULL, arena, &message,
                         &why))
        exit(cli_failed("%s: %s%s%s", path, why.path, *why.path ? ": " : "", why.reason));
    free(json);
    return (Mltrainer__Execution__V1__PipelineSpec *)message;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__SubmitPipelineRequest request = MLTRAINER__EXECUTION__V1__SUBMIT_PIPELINE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    char id[160] = "";
    struct mrpc_arena *arena = mrpc_arena_new(0);
    if (!arena)
        return cli_failed("out of memory");
    request.spec = read_spec(arguments->operands[0], arena);
    request.request_id = (char *)cli_option(arguments, "request-id", "");
    const Mltrainer__Execution__V1__SubmitPipelineResponse *response =
        mltrainer__execution__v1__execution_service__submit_pipeline(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    bool detached = cli_switch(arguments, "detach");
    if (response && response->pipeline)
        snprintf(id, sizeof id, "%s", response->pipeline->id);
    if (response && detached && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__submit_pipeline_response__info, &response->base);
    else if (response && detached)
        puts(id);
    mrpc_reply_fini(&reply);
    mrpc_arena_free(arena);
    return code || detached ? code : follow(cli, id);
}

/* ---- What there is ---- */

static void add_row(struct columns *columns, const ProtobufCMessage *row)
{
    const Mltrainer__Execution__V1__Pipeline *pipeline = (const Mltrainer__Execution__V1__Pipeline *)row;
    size_t ended = 0;
    for (size_t i = 0; i < pipeline->n_tasks; i++)
        ended += execution_job_ended(pipeline->tasks[i]->state);
    columns_add(columns, "%s", pipeline->id);
    columns_add(columns, "%s", state_name(pipeline->state));
    columns_add(columns, "%zu of %zu", ended, pipeline->n_tasks);
    columns_add(columns, "%s", pipeline->spec && *pipeline->spec->title ? pipeline->spec->title : "-");
}

static int list(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const titles[] = {"PIPELINE", "STATE", ">ENDED", "TITLE", NULL};
    Mltrainer__Execution__V1__ListPipelinesRequest request = MLTRAINER__EXECUTION__V1__LIST_PIPELINES_REQUEST__INIT;
    return pages_print(cli, &mltrainer__execution__v1__execution_service__service, "ListPipelines", &request.base,
                       titles, add_row);
}

static int get(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__GetPipelineRequest request = MLTRAINER__EXECUTION__V1__GET_PIPELINE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.id = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__GetPipelineResponse *response =
        mltrainer__execution__v1__execution_service__get_pipeline(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__get_pipeline_response__info, &response->base);
    else if (response && response->pipeline)
        print(response->pipeline);
    mrpc_reply_fini(&reply);
    return code;
}

static int watch(struct cli *cli, const struct cli_arguments *arguments)
{
    return follow(cli, arguments->operands[0]);
}

static int cancel(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__CancelPipelineRequest request = MLTRAINER__EXECUTION__V1__CANCEL_PIPELINE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.id = (char *)arguments->operands[0];
    request.reason = (char *)cli_option(arguments, "reason", "");
    const Mltrainer__Execution__V1__CancelPipelineResponse *response =
        mltrainer__execution__v1__execution_service__cancel_pipeline(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__cancel_pipeline_response__info, &response->base);
    else if (response && response->pipeline)
        printf("%s %s\n", response->pipeline->id, state_name(response->pipeline->state));
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option run_options[] = {
    {"detach", NULL, "print its id and do not follow it"},
    {"request-id", "ID", "submitting again with the same id gives the same pipeline"},
    {0},
};

static const struct cli_option cancel_options[] = {
    {"reason", "TEXT", "for the record"},
    {0},
};

const struct cli_command pipelines_run_command = {
    .noun = "pipelines",
    .verb = "run",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .options = run_options,
    .summary = "Run the jobs of a YAML or JSON file (a PipelineSpec)",
    .examples = "  mltctl pipelines run nightly.yaml\n",
    .run = run,
};

const struct cli_command pipelines_ls_command = {
    .noun = "pipelines",
    .verb = "ls",
    .operands = "",
    .summary = "List pipelines, newest first",
    .examples = "  mltctl pipelines ls\n",
    .run = list,
};

const struct cli_command pipelines_get_command = {
    .noun = "pipelines",
    .verb = "get",
    .operands = "PIPELINE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Show where each task stands",
    .examples = "  mltctl pipelines get p000000000003\n",
    .run = get,
};

const struct cli_command pipelines_watch_command = {
    .noun = "pipelines",
    .verb = "watch",
    .operands = "PIPELINE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Follow one to its end; exit 1 unless it succeeds",
    .examples = "  mltctl pipelines watch p000000000003\n",
    .run = watch,
};

const struct cli_command pipelines_cancel_command = {
    .noun = "pipelines",
    .verb = "cancel",
    .operands = "PIPELINE",
    .operands_least = 1,
    .operands_most = 1,
    .options = cancel_options,
    .summary = "Stop every job of one",
    .examples = "  mltctl pipelines cancel p000000000003\n",
    .run = cancel,
};
