/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/dataset/message.h"
#include "execution/job/job.h"
#include "execution/service.h"

/* The unary call asks what a job's specification asks. */
static API(ComputeSpec) * as_spec(const API(ComputeRequest) * request, struct mrpc_arena *arena)
{
    _Static_assert(sizeof(API(ComputeRequest__ParametersEntry)) == sizeof(API(ComputeSpec__ParametersEntry)), "alike");
    _Static_assert(sizeof(API(ComputeRequest__ColumnNamesEntry)) == sizeof(API(ComputeSpec__ColumnNamesEntry)),
                   "alike");
    API(ComputeSpec) *spec = API_NEW(arena, ComputeSpec, compute_spec);
    if (!spec)
        return NULL;
    spec->model = request->model;
    spec->n_parameters = request->n_parameters;
    spec->parameters = (API(ComputeSpec__ParametersEntry) **)request->parameters;
    spec->data = request->data;
    spec->n_column_names = request->n_column_names;
    spec->column_names = (API(ComputeSpec__ColumnNamesEntry) **)request->column_names;
    spec->seed = request->seed;
    return spec;
}

static int bind(struct unary *unary, struct operation *operation, struct fault *fault)
{
    API(ComputeSpec) *spec = as_spec(unary->request, operation->arena);
    if (!spec)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = job_bind_compute(operation, spec, "request", fault);
    if (code && strncmp(fault->field, "request.", 8) == 0)
        memmove(fault->field, fault->field + 8, strlen(fault->field + 8) + 1);
    return code;
}

static int answer(struct unary *unary, struct operation *operation, struct fault *fault)
{
    API(ComputeResponse) *response = unary->response;
    struct mrpc_arena *arena = mrpc_call_arena(unary->call);
    int code = dataset_table_write(operation->output, UNARY_TABLE_BYTES, arena, &response->table, fault);
    if (code)
        return code;
    response->duration = api_duration(arena, operation->running_us);
    ProtobufCMessage *copy = NULL; /* the metrics lie in the operation's arena */
    if (mrpc_message_copy(API_INFO(job_result), &operation->result->base, arena, &copy) != 0)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    response->n_metrics = ((API(JobResult) *)copy)->n_model_metrics;
    response->metrics = ((API(JobResult) *)copy)->model_metrics;
    return 0;
}

METHOD(compute, Compute)
{
    return unary_start(self, call, request, response, bind, operation_compute, answer);
}
