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

int predict_answer(const struct served *served, struct mrpc_arena *arena, API(PredictResponse) * response,
                   struct fault *fault)
{
    int code = dataset_table_write(served->table, UNARY_TABLE_BYTES, arena, &response->table, fault);
    if (code)
        return code;
    static const char prefix[] = "sha256:";
    size_t length = strlen(served->sha256);
    char *artifact = mrpc_arena_alloc(arena, sizeof prefix + length);
    if (artifact) {
        memcpy(artifact, prefix, sizeof prefix - 1);
        memcpy(artifact + sizeof prefix - 1, served->sha256, length + 1);
    }
    response->artifact = artifact;
    response->duration = api_duration(arena, served->running_us);
    return response->artifact ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

struct served predict_served(struct operation *operation, const char *reference)
{
    const char *time_column = operation->artifact.header->time_column; /* in the operation's arena */
    warm_models_keep(&operation->engine->warm, reference, operation);
    return (struct served){.table = operation->output,
                           .sha256 = operation->artifact_sha256,
                           .version = operation->artifact_version,
                           .time_column = time_column,
                           .preparing_us = operation->preparing_us,
                           .queued_us = operation->queued_us,
                           .running_us = operation->running_us};
}

/* ---- With a model that is open ---- */

struct warm {
    struct execution *engine;
    struct mrpc_call *call;
    API(PredictResponse) * response;
    _Atomic uint64_t ticket;
};

/* On the pool's thread. */
static void warm_done(void *arg, const struct served *served)
{
    struct warm *warm = arg;
    struct fault fault = served->fault;
    int code = fault.code;
    if (!code)
        code = predict_answer(served, mrpc_call_arena(warm->call), warm->response, &fault);
    if (code)
        code = fault_answer(warm->call, &fault);
    mrpc_call_finish(warm->call, code, code ? NULL : &warm->response->base);
}

static void warm_cancel(void *arg, struct mrpc_call *call)
{
    struct warm *warm = arg;
    process_pool_cancel(warm->engine->processes, atomic_load(&warm->ticket));
}

static int start_warm(struct execution *engine, struct mrpc_call *call, const API(PredictRequest) * request,
                      API(PredictResponse) * response, struct fault *fault)
{
    struct warm *warm = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *warm);
    if (!warm)
        return SERVE_COLD;
    *warm = (struct warm){.engine = engine, .call = call, .response = response};
    const struct serve_request serve = {.reference = request->artifact,
                                        .data = request->data,
                                        .last_row_only = request->last_row_only,
                                        .owner = caller_owner(mrpc_call_identity(call), mrpc_call_arena(call)),
                                        .deadline_ms = mrpc_call_deadline_ms(call),
                                        .arena = mrpc_call_arena(call),
                                        .done = warm_done,
                                        .arg = warm};
    mrpc_call_on_cancel(call, warm_cancel, warm);
    return serve_start(engine, &serve, &warm->ticket, fault);
}

/* ---- With one that is not ---- */

static int bind(struct unary *unary, struct operation *operation, struct fault *fault)
{
    const API(PredictRequest) *request = unary->request;
    return predict_bind(operation, request->artifact, request->data, request->last_row_only, fault);
}

static int answer(struct unary *unary, struct operation *operation, struct fault *fault)
{
    const API(PredictRequest) *request = unary->request;
    const struct served served = predict_served(operation, request->artifact);
    return predict_answer(&served, mrpc_call_arena(unary->call), unary->response, fault);
}

METHOD(predict, Predict)
{
    struct fault fault = FAULT_INIT;
    int code = start_warm(self, call, request, response, &fault);
    if (code == SERVE_COLD)
        return unary_start(self, call, request, response, bind, operation_predict, answer);
    return code ? fault_answer(call, &fault) : MRPC_PENDING;
}
