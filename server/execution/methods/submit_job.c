/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/job/job.h"
#include "execution/service.h"

/* Maps come in any order, and some languages shuffle them: sorted, equal requests are equal bytes. */
static int by_key(const void *a, const void *b)
{
    struct map_entry {
        ProtobufCMessage base;
        char *key;
    };
    return strcmp((*(const struct map_entry *const *)a)->key, (*(const struct map_entry *const *)b)->key);
}

static void sort(void *entries, size_t count)
{
    if (count > 1)
        qsort(entries, count, sizeof(void *), by_key);
}

static void sort_maps(API(JobSpec) * spec)
{
    sort(spec->labels, spec->n_labels);
    if (spec->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_TRAIN)
        sort(spec->train->parameters, spec->train->n_parameters);
    if (spec->work_case == MLTRAINER__EXECUTION__V1__JOB_SPEC__WORK_COMPUTE) {
        sort(spec->compute->parameters, spec->compute->n_parameters);
        sort(spec->compute->column_names, spec->compute->n_column_names);
    }
}

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
    struct operation *operation = operation_new(command->engine);
    response->job = API_NEW(arena, Job, job);
    if (!operation || !response->job)
        fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    else if (!job_bind(operation, spec, "spec", fault))
        response->job->spec = spec;
    operation_free(operation);
    return fault->code;
}

static int run(struct command *command, struct mrpc_arena *arena, struct fault *fault)
{
    const API(SubmitJobRequest) *request = command->request;
    if (!request->spec)
        return fault_field(fault, "spec", "a specification is wanted");
    if (*request->request_id && api_identifier(request->request_id, "request_id", fault))
        return fault->code;
    sort_maps(request->spec);
    if (request->validate_only)
        return validate(command, request->spec, arena, fault);
    jobs_submit(command->engine, request->spec, command_owner(command->call), request->request_id, submitted, command);
    return COMMAND_LATER;
}

METHOD(submit_job, SubmitJob)
{
    return command_post(self, call, request, response, run);
}
