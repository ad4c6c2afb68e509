/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__GetJobRequest request = MLTRAINER__EXECUTION__V1__GET_JOB_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.id = (char *)arguments->operands[0];
    const Mltrainer__Execution__V1__GetJobResponse *response =
        mltrainer__execution__v1__execution_service__get_job(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__get_job_response__info, &response->base);
    else if (response && response->job)
        execution_print_job(response->job);
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command jobs_get_command = {
    .noun = "jobs",
    .verb = "get",
    .operands = "JOB",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "Show a job with its metrics",
    .examples = "  mltctl -o json jobs get JOB\n",
    .run = run,
};
