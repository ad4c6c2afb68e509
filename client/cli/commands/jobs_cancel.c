/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__CancelJobRequest request = MLTRAINER__EXECUTION__V1__CANCEL_JOB_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    request.id = (char *)arguments->operands[0];
    request.reason = (char *)cli_option(arguments, "reason", "");
    const Mltrainer__Execution__V1__CancelJobResponse *response =
        mltrainer__execution__v1__execution_service__cancel_job(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json)
        code = cli_print_json(&mltrainer__execution__v1__cancel_job_response__info, &response->base);
    else if (response && response->job)
        execution_print_job(response->job);
    mrpc_reply_fini(&reply);
    return code;
}

static const struct cli_option options[] = {{"reason", "TEXT", "kept in the job's events"}, {0}};

const struct cli_command jobs_cancel_command = {
    .noun = "jobs",
    .verb = "cancel",
    .operands = "JOB",
    .operands_least = 1,
    .operands_most = 1,
    .options = options,
    .summary = "Cancel a job",
    .examples = "  mltctl jobs cancel JOB\n",
    .run = run,
};
