/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/execution.h"

static int run(struct cli *cli, const struct cli_arguments *arguments)
{
    Mltrainer__Execution__V1__GetEngineRequest request = MLTRAINER__EXECUTION__V1__GET_ENGINE_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    const Mltrainer__Execution__V1__GetEngineResponse *response =
        mltrainer__execution__v1__execution_service__get_engine(cli->channel, &options, &request, &reply);
    int code = cli_status(cli, &reply.status);
    if (response && cli->json) {
        code = cli_print_json(&mltrainer__execution__v1__get_engine_response__info, &response->base);
    } else if (response) {
        printf("workers  %u, %u busy, %" PRIu64 " lost since the start\n", response->workers, response->workers_busy,
               response->workers_lost);
        printf("threads  %u, %u busy\n", response->threads, response->threads_busy);
        printf("models   %u, %u available\n", response->models, response->models_available);
        for (size_t i = 0; i < response->n_jobs; i++)
            printf("jobs     %" PRIu64 " %s\n", response->jobs[i]->count,
                   execution_job_state(response->jobs[i]->state));
    }
    mrpc_reply_fini(&reply);
    return code;
}

const struct cli_command server_engine_command = {
    .noun = "server",
    .verb = "engine",
    .operands = "",
    .summary = "Show workers, threads and jobs",
    .examples = "  mltctl server engine\n",
    .run = run,
};
