/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/inference/inference.h"
#include "execution/serving/stream.h"

/* Inference, unary and as a stream. */

struct infer {
    struct execution *engine;
    struct mrpc_call *call;
    const OIP(ModelInferRequest) * request;
    OIP(ModelInferResponse) * response;
    const char *reference;
    int64_t began_us, read_us; /* read_us: what reading the tensors took */
    _Atomic uint64_t ticket;
};

/* Write the answer, if there is one, and count what has ended: @total_us without the writing. */
static int conclude(struct execution *engine, const char *reference, const OIP(ModelInferRequest) * request,
                    const struct served *served, int64_t read_us, int64_t total_us, struct mrpc_arena *arena,
                    OIP(ModelInferResponse) * response, struct fault *fault)
{
    int64_t began_us = api_clock_us();
    int code = fault->code ? fault->code : inference_write(request, served, arena, response, fault);
    int64_t output_us = api_clock_us() - began_us;
    const struct inference_end end = {.code = code,
                                      .total_us = total_us + output_us,
                                      .queue_us = served->queued_us,
                                      .input_us = read_us + served->preparing_us,
                                      .infer_us = served->running_us,
                                      .output_us = output_us};
    inference_book_add(engine->inference, reference, &end);
    return code;
}

/* ---- With a model that is open ---- */

/* On the pool's thread. */
static void warm_done(void *arg, const struct served *served)
{
    struct infer *infer = arg;
    struct fault fault = served->fault;
    int code = conclude(infer->engine, infer->reference, infer->request, served, infer->read_us,
                        api_clock_us() - infer->began_us, mrpc_call_arena(infer->call), infer->response, &fault);
    if (code)
        code = fault_answer(infer->call, &fault);
    mrpc_call_finish(infer->call, code, code ? NULL : &infer->response->base);
}

static void warm_cancel(void *arg, struct mrpc_call *call)
{
    struct infer *infer = arg;
    process_pool_cancel(infer->engine->processes, atomic_load(&infer->ticket));
}

static int start_warm(struct infer *infer, struct fault *fault)
{
    struct mrpc_arena *arena = mrpc_call_arena(infer->call);
    struct warm_model *model = warm_models_find(&infer->engine->warm, infer->reference);
    API(DataReference) * data;
    int code = model ? inference_read(infer->request, model->artifact.header, arena, &data, fault) : SERVE_COLD;
    warm_model_unref(model);
    if (code)
        return code;
    infer->read_us = api_clock_us() - infer->began_us;
    const struct serve_request serve = {.reference = infer->reference,
                                        .data = data,
                                        .owner = caller_owner(mrpc_call_identity(infer->call), arena),
                                        .deadline_ms = mrpc_call_deadline_ms(infer->call),
                                        .timed = true,
                                        .arena = arena,
                                        .done = warm_done,
                                        .arg = infer};
    mrpc_call_on_cancel(infer->call, warm_cancel, infer);
    return serve_start(infer->engine, &serve, &infer->ticket, fault);
}

/* ---- With one that is not ---- */

static int bind(struct unary *unary, struct operation *operation, struct fault *fault)
{
    const OIP(ModelInferRequest) *request = unary->request;
    struct mrpc_arena *arena = operation->arena;
    const char *reference = inference_reference(request->model_name, request->model_version, arena);
    API(Artifact) * artifact;
    API(DataReference) * data;
    int code = inference_artifact(unary->engine, reference, arena, &artifact, fault);
    if (!code)
        code = inference_read(request, artifact, arena, &data, fault);
    return code ? code : predict_bind(operation, reference, data, false, fault);
}

static int answer(struct unary *unary, struct operation *operation, struct fault *fault)
{
    const OIP(ModelInferRequest) *request = unary->request;
    const char *reference = inference_reference(request->model_name, request->model_version, operation->arena);
    if (!reference)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int64_t took_us = operation->queued_us + operation->preparing_us + operation->running_us;
    const struct served served = predict_served(operation, reference);
    return conclude(unary->engine, reference, request, &served, 0, took_us, mrpc_call_arena(unary->call),
                    unary->response, fault);
}

OIP_METHOD(model_infer, ModelInfer)
{
    struct fault fault = FAULT_INIT;
    struct mrpc_arena *arena = mrpc_call_arena(call);
    struct infer *infer = mrpc_arena_calloc(arena, 1, sizeof *infer);
    const char *reference = inference_reference(request->model_name, request->model_version, arena);
    struct execution *engine = self;
    if (!infer || !reference)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (inference_book_unloaded(engine->inference, request->model_name))
        return mrpc_call_fail(call, MRPC_UNAVAILABLE, "model \"%.128s\" is unloaded", request->model_name);
    *infer = (struct infer){.engine = engine,
                            .call = call,
                            .request = request,
                            .response = response,
                            .reference = reference,
                            .began_us = api_clock_us()};
    int code = start_warm(infer, &fault);
    if (code == SERVE_COLD)
        return unary_start(engine, call, request, response, bind, operation_predict, answer);
    return code ? fault_answer(call, &fault) : MRPC_PENDING;
}

/* ---- As a stream ---- */

static const char *reference_of(const ProtobufCMessage *message, struct mrpc_arena *arena)
{
    const OIP(ModelInferRequest) *request = (const OIP(ModelInferRequest) *)message;
    return inference_reference(request->model_name, request->model_version, arena);
}

static int find_header(struct execution *engine, const char *reference, struct mrpc_arena *arena,
                       const API(Artifact) * *out, struct fault *fault)
{
    API(Artifact) * artifact;
    int code = inference_artifact(engine, reference, arena, &artifact, fault);
    if (!code)
        *out = artifact;
    return code;
}

static int ask(const ProtobufCMessage *message, const API(Artifact) * header, struct mrpc_arena *arena,
               struct serve_question *out, struct fault *fault)
{
    API(DataReference) * data;
    int code = inference_read((const OIP(ModelInferRequest) *)message, header, arena, &data, fault);
    if (!code)
        *out = (struct serve_question){.data = data};
    return code;
}

static ProtobufCMessage *stream_answer(struct execution *engine, const ProtobufCMessage *message,
                                       const struct served *served, struct mrpc_arena *arena)
{
    const OIP(ModelInferRequest) *request = (const OIP(ModelInferRequest) *)message;
    OIP(ModelStreamInferResponse) *answer = OIP_NEW(arena, ModelStreamInferResponse, model_stream_infer_response);
    OIP(ModelInferResponse) *response = OIP_NEW(arena, ModelInferResponse, model_infer_response);
    const char *reference = reference_of(message, arena);
    struct fault fault = served->fault;
    if (!answer || !response || !reference)
        return NULL;
    if (inference_book_unloaded(engine->inference, request->model_name))
        fault_set(&fault, MRPC_UNAVAILABLE, "model \"%.128s\" is unloaded", request->model_name);
    int64_t took_us = served->preparing_us + served->queued_us + served->running_us;
    response->model_name = request->model_name;
    response->id = request->id; /* also of one that failed: the client tells by it which */
    answer->infer_response = response;
    if (conclude(engine, reference, request, served, 0, took_us, arena, response, &fault) == 0)
        return &answer->base;
    response->n_outputs = response->n_raw_output_contents = 0;
    answer->error_message = *fault.field ? mrpc_arena_printf(arena, "%s: %s", fault.field, fault.text)
                                         : mrpc_arena_strdup(arena, fault.text);
    return answer->error_message ? &answer->base : NULL;
}

static const struct serve_kind kind = {
    .reference = reference_of, .find_header = find_header, .ask = ask, .answer = stream_answer};

int inference_model_stream_infer_message(void *self, struct mrpc_call *call, const OIP(ModelInferRequest) * message)
{
    return serve_stream_message(self, call, &kind, &message->base);
}
