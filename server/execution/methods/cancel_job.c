/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/job/jobs.h"
#include "execution/service.h"

enum { REASON_BYTES_MAX = 256 };

/* The answer waits for the disk: a client that was told CANCELLED must not find the job at work after a crash. */
static void durable(void *arg, struct job *job)
{
    struct command *command = arg;
    API(CancelJobResponse) *response = command->response;
    struct fault fault = FAULT_INIT;
    if (job_message(job, mrpc_call_arena(command->call), &response->job, &fault))
        response->job = NULL;
    command_finish(command, &fault);
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(CancelJobRequest) *request = command->request;
    struct job *job = jobs_find(command->engine, request->id);
    if (strlen(request->reason) > REASON_BYTES_MAX)
        return fault_field(fault, "reason", "more than %d bytes", REASON_BYTES_MAX);
    if (!job)
        return fault_set(fault, MRPC_NOT_FOUND, "no job \"%.64s\"", request->id);
    if (caller_check(&command->caller, job->owner, "job", job->id, fault))
        return fault->code;
    jobs_cancel(job, request->reason);
    return jobs_when_durable(job, durable, command) ? fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory")
                                                    : COMMAND_LATER;
}

METHOD(cancel_job, CancelJob)
{
    return command_post(self, call, request, response, run);
}
