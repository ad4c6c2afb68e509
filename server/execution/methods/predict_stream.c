/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/serving/stream.h"

static const char *reference(const ProtobufCMessage *request, struct mrpc_arena *arena)
{
    return ((const API(PredictStreamRequest) *)request)->artifact;
}

static int ask(const ProtobufCMessage *message, const API(Artifact) * header, struct mrpc_arena *arena,
               struct serve_question *out, struct fault *fault)
{
    const API(PredictStreamRequest) *request = (const API(PredictStreamRequest) *)message;
    *out = (struct serve_question){.data = request->data, .last_row_only = request->last_row_only};
    return 0;
}

static bool fill_error(API(PredictStreamResponse) * answer, const struct fault *fault, struct mrpc_arena *arena)
{
    API(PredictError) *error = API_NEW(arena, PredictError, predict_error);
    if (!error)
        return false;
    error->code = fault->code;
    error->message = mrpc_arena_strdup(arena, fault->text);
    error->field = mrpc_arena_strdup(arena, fault->field);
    answer->outcome_case = MLTRAINER__EXECUTION__V1__PREDICT_STREAM_RESPONSE__OUTCOME_ERROR;
    answer->error = error;
    return error->message && error->field;
}

static ProtobufCMessage *answer(struct execution *engine, const ProtobufCMessage *request, const struct served *served,
                                struct mrpc_arena *arena)
{
    API(PredictStreamResponse) *message = API_NEW(arena, PredictStreamResponse, predict_stream_response);
    API(PredictResponse) *response = API_NEW(arena, PredictResponse, predict_response);
    struct fault fault = served->fault;
    if (!message || !response)
        return NULL;
    message->tag = ((const API(PredictStreamRequest) *)request)->tag;
    if (fault.code || predict_answer(served, arena, response, &fault))
        return fill_error(message, &fault, arena) ? &message->base : NULL;
    message->outcome_case = MLTRAINER__EXECUTION__V1__PREDICT_STREAM_RESPONSE__OUTCOME_RESPONSE;
    message->response = response;
    return &message->base;
}

static const struct serve_kind kind = {.reference = reference, .ask = ask, .answer = answer};

int execution_predict_stream_message(void *self, struct mrpc_call *call, const API(PredictStreamRequest) * message)
{
    return serve_stream_message(self, call, &kind, &message->base);
}

int execution_predict_stream_half_close(void *self, struct mrpc_call *call)
{
    return MRPC_OK;
}
