/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/job/jobs.h"
#include "execution/service.h"

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(GetJobRequest) *request = command->request;
    API(GetJobResponse) *response = command->response;
    const struct job *job = jobs_find(command->engine, request->id);
    if (!job)
        return fault_set(fault, MRPC_NOT_FOUND, "no job \"%.64s\"", request->id);
    return job_message(job, arena, &response->job, fault);
}

METHOD(get_job, GetJob)
{
    return command_post(self, call, request, response, run);
}
