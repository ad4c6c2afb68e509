/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/job/job.h"
#include "execution/service.h"

static void submitted(void *arg, struct job *job, bool already_existed, const struct fault *fault)
{
    struct command *command = arg;
    API(SubmitJobResponse) *response = command->response;
    struct fault answer = *fault;
    response->already_existed = already_existed;
    if (answer.code || job_message(job, mrpc_call_arena(command->call), &response->job, &answer))
        response->job = NULL;
    command_finish(command, &answer);
}

static int validate(struct command *command, API(JobSpec) * spec, struct mrpc_arena *arena, struct fault *fault)
{
    API(SubmitJobResponse) *response = command->response;
    response->job = API_NEW(arena, Job, job);
    if (!response->job)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    response->job->spec = spec;
    return jobs_check(command->engine, spec, command->caller.owner, "spec", fault);
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(SubmitJobRequest) *request = command->request;
    if (!request->spec)
        return fault_field(fault, "spec", "a specification is wanted");
    if (*request->request_id && api_identifier(request->request_id, "request_id", fault))
        return fault->code;
    jobs_sort_maps(request->spec);
    if (request->validate_only)
        return validate(command, request->spec, arena, fault);
    jobs_submit(command->engine, request->spec, command->caller.owner, request->request_id, NULL, submitted, command);
    return COMMAND_LATER;
}

METHOD(submit_job, SubmitJob)
{
    return command_post(self, call, request, response, run);
}
