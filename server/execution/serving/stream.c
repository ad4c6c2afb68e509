/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/serving/stream.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 64 * 1024 * 1024, QUESTION_BYTES_MAX = 64 * 1024 * 1024 };

/* A stream of predictions: one request at a time; the next one is held back until the answer has been sent, so answers
 * come in order and a client that does not read is not read from. What belongs to it is touched by one side at a time:
 * the connection's loop while a message arrives, the execution loop from then to the resume. A warm model's answer is
 * made on the pool's thread, apart, and handed to the execution loop. */
struct stream {
    _Atomic unsigned references; /* the call's, and one a posted task */
    struct execution *engine;
    struct mrpc_call *call;
    const struct serve_kind *kind;
    const ProtobufCMessage *request;     /* in work; borrowed from the call */
    char *artifact;                            /* of the request before */
    struct operation *operation;
    _Atomic uint64_t ticket;             /* of the prediction by a warm model, the last one */
    struct mrpc_arena *question;         /* what is made of the request; emptied for the next */
    struct mrpc_arena *arena;            /* of the answer */
    ProtobufCMessage *answer;            /* not taken by the call yet */
};

static void unref(struct stream *stream)
{
    if (atomic_fetch_sub(&stream->references, 1) != 1)
        return;
    free(stream->artifact);
    mrpc_arena_free(stream->question);
    mrpc_arena_free(stream->arena);
    free(stream);
}

static void release(void *data)
{
    unref(data);
}

static void send_answer(struct stream *stream)
{
    int error = mrpc_call_send(stream->call, stream->answer);
    if (error == MRPC_ERR_AGAIN)
        return; /* on_writable sends it */
    stream->answer = NULL;
    mrpc_arena_free(stream->arena);
    stream->arena = NULL;
    if (error)
        mrpc_call_finish(stream->call, MRPC_CANCELLED, NULL);
    else
        mrpc_call_resume(stream->call);
}

static void send_posted(void *arg)
{
    struct stream *stream = arg;
    if (stream->answer)
        send_answer(stream);
    unref(stream);
}

static void cancel_posted(void *arg)
{
    struct stream *stream = arg;
    if (stream->operation)
        operation_cancel(stream->operation);
    else if (stream->answer)
        send_answer(stream); /* fails, and so finishes the call */
    else
        process_pool_cancel(stream->engine->processes, atomic_load(&stream->ticket));
    unref(stream);
}

static int post(struct stream *stream, void (*task)(void *arg))
{
    atomic_fetch_add(&stream->references, 1);
    int error = domain_loop_post(stream->engine->loop, task, stream);
    if (error)
        unref(stream);
    return error;
}

static void on_writable(void *arg, struct mrpc_call *call)
{
    post(arg, send_posted);
}

static void on_cancel(void *arg, struct mrpc_call *call)
{
    post(arg, cancel_posted);
}

/* ---- Answers ---- */

struct prepared {
    struct stream *stream;
    struct mrpc_arena *arena;
    ProtobufCMessage *answer; /* NULL: no memory */
};

/* A request that fails does not end the stream. */
static struct prepared prepare(struct stream *stream, const struct served *served)
{
    struct prepared prepared = {.stream = stream, .arena = mrpc_arena_new(ANSWER_BYTES_MAX)};
    if (prepared.arena)
        prepared.answer = stream->kind->answer(stream->engine, stream->request, served, prepared.arena);
    return prepared;
}

/* On the loop. */
static void answer(const struct prepared *prepared)
{
    struct stream *stream = prepared->stream;
    if (!prepared->answer) {
        int code = mrpc_call_fail(stream->call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        mrpc_arena_free(prepared->arena);
        return mrpc_call_finish(stream->call, code, NULL);
    }
    stream->arena = prepared->arena;
    stream->answer = prepared->answer;
    send_answer(stream);
}

static void operation_done(struct operation *operation)
{
    struct stream *stream = operation->arg;
    struct served served = {.fault = operation->fault};
    stream->operation = NULL;
    if (mrpc_call_cancelled(stream->call)) {
        mrpc_call_finish(stream->call, MRPC_CANCELLED, NULL);
    } else {
        if (!served.fault.code)
            served = predict_served(operation, stream->artifact);
        const struct prepared prepared = prepare(stream, &served);
        answer(&prepared);
    }
    operation_free(operation);
    unref(stream);
}

static int bind(struct stream *stream, struct operation *operation, struct fault *fault)
{
    struct serve_question question = {.data = NULL};
    const API(Artifact) *header = NULL;
    int code = stream->kind->find_header
                   ? stream->kind->find_header(stream->engine, stream->artifact, operation->arena, &header, fault)
                   : 0;
    if (!code)
        code = stream->kind->ask(stream->request, header, operation->arena, &question, fault);
    return code ? code : predict_bind(operation, stream->artifact, question.data, question.last_row_only, fault);
}

static void begin(void *arg)
{
    struct stream *stream = arg;
    struct fault fault = FAULT_INIT;
    struct operation *operation = stream->engine->stopping ? NULL : operation_new(stream->engine);
    if (!operation) {
        mrpc_call_finish(stream->call, mrpc_call_fail(stream->call, MRPC_UNAVAILABLE, "the server is stopping"), NULL);
        return unref(stream);
    }
    int64_t deadline_ms = mrpc_call_deadline_ms(stream->call);
    operation->deadline_ms = deadline_ms == INT64_MAX ? 0 : deadline_ms;
    operation->isolation = caller_owner(mrpc_call_identity(stream->call), operation->arena);
    operation->arg = stream;
    operation->on_done = operation_done;
    if (!operation->isolation)
        fault_set(&fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (fault.code || bind(stream, operation, &fault)) {
        operation_free(operation);
        const struct served served = {.fault = fault};
        const struct prepared prepared = prepare(stream, &served);
        answer(&prepared);
        return unref(stream);
    }
    stream->operation = operation;
    operation_predict(operation);
}

/* ---- With a model that is open ---- */

static void warm_posted(void *arg)
{
    const struct prepared prepared = *(struct prepared *)arg;
    free(arg);
    if (!mrpc_call_cancelled(prepared.stream->call)) {
        answer(&prepared);
    } else {
        mrpc_arena_free(prepared.arena);
        mrpc_call_finish(prepared.stream->call, MRPC_CANCELLED, NULL);
    }
    unref(prepared.stream);
}

/* On the pool's thread. */
static void warm_done(void *arg, const struct served *served)
{
    struct stream *stream = arg;
    struct prepared *prepared = malloc(sizeof *prepared);
    if (prepared)
        *prepared = prepare(stream, served);
    if (prepared && domain_loop_post(stream->engine->loop, warm_posted, prepared) == 0)
        return;
    if (prepared)
        mrpc_arena_free(prepared->arena);
    free(prepared);
    mrpc_call_finish(stream->call, mrpc_call_fail(stream->call, MRPC_UNAVAILABLE, "the server is stopping"), NULL);
    unref(stream);
}

/* Whether it has begun; if not, also for what is wrong with the request, the loop takes it. */
static bool begin_warm(struct stream *stream)
{
    struct fault ignored = FAULT_INIT;
    struct serve_question question;
    struct warm_model *model = warm_models_find(&stream->engine->warm, stream->artifact);
    int code = model ? stream->kind->ask(stream->request, model->artifact.header, stream->question, &question, &ignored)
                     : SERVE_COLD;
    warm_model_unref(model);
    if (code)
        return false;
    const struct serve_request serve = {
        .reference = stream->artifact,
        .data = question.data,
        .last_row_only = question.last_row_only,
        .owner = caller_owner(mrpc_call_identity(stream->call), stream->question),
        .deadline_ms = mrpc_call_deadline_ms(stream->call),
        .timed = true,
        .arena = stream->question,
        .done = warm_done,
        .arg = stream};
    atomic_fetch_add(&stream->references, 1);
    if (serve_start(stream->engine, &serve, &stream->ticket, &ignored) == 0)
        return true;
    atomic_fetch_sub(&stream->references, 1);
    return false;
}

static struct stream *open_stream(struct execution *engine, struct mrpc_call *call, const struct serve_kind *kind)
{
    struct stream *stream = calloc(1, sizeof *stream);
    struct mrpc_arena *question = mrpc_arena_new(QUESTION_BYTES_MAX);
    if (!stream || !question) {
        mrpc_arena_free(question);
        free(stream);
        return NULL;
    }
    *stream = (struct stream){.references = 1, .engine = engine, .call = call, .kind = kind, .question = question};
    mrpc_call_set_data(call, stream, release);
    mrpc_call_on_writable(call, on_writable, stream);
    mrpc_call_on_cancel(call, on_cancel, stream);
    return stream;
}

/* An empty name means the one before. */
static int take_reference(struct stream *stream)
{
    const char *reference = stream->kind->reference(stream->request, stream->question);
    if (!reference)
        return -1;
    if (stream->artifact && !*reference)
        return 0;
    free(stream->artifact);
    stream->artifact = strdup(reference);
    return stream->artifact ? 0 : -1;
}

int serve_stream_message(struct execution *engine, struct mrpc_call *call, const struct serve_kind *kind,
                         const ProtobufCMessage *message)
{
    struct stream *stream = mrpc_call_data(call);
    if (!stream && !(stream = open_stream(engine, call, kind)))
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    stream->request = message;
    mrpc_arena_reset(stream->question);
    if (take_reference(stream))
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!begin_warm(stream) && post(stream, begin))
        return mrpc_call_fail_retry(call, MRPC_UNAVAILABLE, 1000, "the server is stopping");
    return MRPC_PENDING;
}
