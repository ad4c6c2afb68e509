/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/jobs_list.h"

int jobs_list(struct cli *cli, const struct jobs_wanted *wanted, struct mrpc_reply *reply,
              const Mltrainer__Execution__V1__ListJobsResponse **out)
{
    Mltrainer__Execution__V1__ListJobsRequest request = MLTRAINER__EXECUTION__V1__LIST_JOBS_REQUEST__INIT;
    struct mrpc_call_options options = cli_call_options(cli);
    request.states = (Mltrainer__Execution__V1__JobState *)wanted->states;
    request.n_states = wanted->state_count;
    request.schedule = (char *)wanted->schedule;
    request.page_size = wanted->limit;
    *out = mltrainer__execution__v1__execution_service__list_jobs(cli->channel, &options, &request, reply);
    return cli_status(cli, &reply->status);
}
