/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/execution.h"

/* "a=1,b=2" into repeated --value options, so that the one parser of rows serves here too. Cuts @line. */
static void split_line(char *line, uint64_t number, struct cli_arguments *row)
{
    *row = (struct cli_arguments){0};
    char *rest = NULL;
    for (char *cell = strtok_r(line, ",\n", &rest); cell && row->option_count < EXECUTION_COLUMNS_MAX;
         cell = strtok_r(NULL, ",\n", &rest)) {
        if (!strchr(cell, '='))
            exit(cli_usage("line %" PRIu64 ": \"%s\" is not COLUMN=VALUE; a row looks like a=1,b=2", number, cell));
        row->options[row->option_count].name = "value";
        row->options[row->option_count++].value = cell;
    }
}

static void print(const Mltrainer__Execution__V1__PredictStreamResponse *message)
{
    if (message->outcome_case == MLTRAINER__EXECUTION__V1__PREDICT_STREAM_RESPONSE__OUTCOME_RESPONSE)
        execution_print_table(message->response->table, 0, execution_table_rows(message->response->table));
    else if (message->outcome_case == MLTRAINER__EXECUTION__V1__PREDICT_STREAM_RESPONSE__OUTCOME_ERROR)
        fprintf(stderr, "row %" PRIu64 ": %s: %s\n", message->tag, mrpc_code_name(message->error->code),
                message->error->message);
    fflush(stdout);
}

/* One row out, one answer back, in the same stream. False at its end. */
static bool predict_row(struct cli *cli, struct mrpc_client_call *call, const char *artifact, char *line, uint64_t tag)
{
    static struct execution_data data;
    struct cli_arguments row;
    Mltrainer__Execution__V1__PredictStreamRequest request = MLTRAINER__EXECUTION__V1__PREDICT_STREAM_REQUEST__INIT;
    split_line(line, tag, &row);
    request.tag = tag;
    request.artifact = (char *)artifact;
    request.data = execution_parse_data(&row, &data);
    if (mltrainer__execution__v1__execution_service__predict_stream__send(call, &request) != 0)
        return false;
    const Mltrainer__Execution__V1__PredictStreamResponse *message =
        mltrainer__execution__v1__execution_service__predict_stream__recv(call);
    if (message && cli->json)
        cli_print_json_line(&mltrainer__execution__v1__predict_stream_response__info, &message->base);
    else if (message)
        print(message);
    return message != NULL;
}

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    struct mrpc_call_options options = {.struct_bytes = sizeof options};
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    struct mrpc_client_call *call;
    char *line = NULL;
    size_t capacity = 0;
    uint64_t tag = 0;
    int error =
        mltrainer__execution__v1__execution_service__predict_stream__start(cli->channel, &options, NULL, NULL, &call);
    if (error)
        return cli_failed("%s", mrpc_error_text(error));
    bool open = true;
    while (open && getline(&line, &capacity, stdin) > 0)
        open = predict_row(cli, call, arguments->operands[0], line, ++tag);
    free(line);
    mrpc_client_call_finish(call, &reply);
    int code = cli_status(cli, &reply.status);
    mrpc_client_call_free(call);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command artifacts_stream_command = {
    .noun = "artifacts",
    .verb = "stream",
    .operands = "ARTIFACT",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Predict rows from standard input over one stream",
    .examples = "  printf 'x1=1.5,x2=2\\nx1=3,x2=4\\n' | mltctl artifacts stream my-ridge\n",
    .run = run,
};
