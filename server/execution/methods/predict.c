/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/dataset/message.h"
#include "execution/job/job.h"
#include "execution/service.h"

int predict_bind(struct operation *operation, const char *artifact, const API(DataReference) * data, bool last_row_only,
                 struct fault *fault)
{
    operation->last_row_only = last_row_only;
    int code = job_bind_artifact(operation, artifact, data, false, "request", fault);
    if (code && strncmp(fault->field, "request.", 8) == 0) /* the request itself has no name in its fields */
        memmove(fault->field, fault->field + 8, strlen(fault->field + 8) + 1);
    return code;
}

int predict_answer(struct operation *operation, struct mrpc_arena *arena, API(PredictResponse) * response,
                   struct fault *fault)
{
    int code = dataset_table_write(operation->output, UNARY_TABLE_BYTES, arena, &response->table, fault);
    if (code)
        return code;
    response->artifact = mrpc_arena_printf(arena, "sha256:%s", operation->artifact.sha256);
    response->duration = api_duration(arena, operation->running_us);
    return response->artifact ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int bind(struct unary *unary, struct operation *operation, struct fault *fault)
{
    const API(PredictRequest) *request = unary->request;
    return predict_bind(operation, request->artifact, request->data, request->last_row_only, fault);
}

static int answer(struct unary *unary, struct operation *operation, struct fault *fault)
{
    return predict_answer(operation, mrpc_call_arena(unary->call), unary->response, fault);
}

METHOD(predict, Predict)
{
    return unary_start(self, call, request, response, bind, operation_predict, answer);
}
