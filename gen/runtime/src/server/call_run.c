/* SPDX-License-Identifier: Apache-2.0 */

/* From a request to its handler: find the method, learn who calls, check, decode, run, and make of what the handler
 * returned what happens next. */

#include <string.h>

#include <mrpc/codec.h>
#include <mrpc/json.h>

#include "server/call.h"
#include "server/handler_watch.h"
#include "server/server.h"
#include "wire/timeout.h"

static bool streams_in(const struct mrpc_call *call)
{
    return call->method->method->client_streaming;
}

/* A handler may return what a library function gave it; that is no status. */
static int status_of(int returned)
{
    return returned >= 0 && returned <= MRPC_UNAUTHENTICATED ? returned : MRPC_INTERNAL;
}

/* Unknown methods do not come this far: what exists is no secret that reflection keeps. Interceptors see the deadline,
 * so it is reckoned before and set after. Returns 0, or the code that the call has been refused with. */
static int admit(struct mrpc_call *call)
{
    const struct mrpc_stream *stream = &call->stream;
    if (stream->desk->timeout_ms >= 0)
        call->deadline_ms = stream->session->now_ms + stream->desk->timeout_ms;
    return call->record != NULL ? status_of(mrpc_record_start(call)) : 0;
}

static bool find_method(struct mrpc_call *call)
{
    const struct mrpc_stream *stream = &call->stream;
    call->method = mrpc_methods_find(&call->host->server->methods, stream->desk->path, stream->desk->path_bytes);
    return call->method != NULL && call->method->invoke->implemented(call->method->handlers);
}

/* False when it has passed already. */
static bool set_deadline(struct mrpc_call *call)
{
    struct mrpc_stream *stream = &call->stream;
    if (stream->desk->timeout_ms < 0)
        return true;
    if (stream->desk->timeout_ms == 0)
        return false;
    mrpc_stream_set_deadline(stream, call->deadline_ms);
    return !call->finished;
}

/* After open or half_close: true when the call goes on. A call that its handler has kept ends by mrpc_call_finish():
 * that nothing more comes in is no reason. */
static bool settle(struct mrpc_call *call, int returned, bool ok_ends)
{
    if (call->finish_asked) {
        mrpc_call_complete(call, call->finish_code, call->response);
        return false;
    }
    if (returned == MRPC_PENDING) {
        call->held = call->kept = true;
        return true;
    }
    if (returned == MRPC_OK && (call->kept || !ok_ends))
        return true;
    mrpc_call_complete(call, status_of(returned), NULL);
    return false;
}

static struct handler_watch begin_handler(struct mrpc_call *call)
{
    if (call->record != NULL)
        mrpc_record_enter(call);
    return mrpc_handler_watch_begin();
}

static void end_handler(const struct handler_watch *watch, struct mrpc_call *call)
{
    mrpc_handler_watch_end(watch, call);
    if (call->record != NULL)
        mrpc_record_leave(call);
}

static void run_open(struct mrpc_call *call)
{
    const struct method_entry *method = call->method;
    if (method->invoke->open == NULL)
        return;
    call->running++;
    struct handler_watch watch = begin_handler(call);
    int returned = method->invoke->open(method->handlers, method->self, call);
    end_handler(&watch, call);
    call->running--;
    settle(call, returned, false);
}

/* What a Connect call by its form cannot ask of the method. True when it was refused. */
static bool misfits(struct mrpc_call *call)
{
    struct mrpc_stream *stream = &call->stream;
    const struct mrpc_method *method = call->method->method;
    if (stream->dialect != MRPC_DIALECT_CONNECT)
        return false;
    if (method->client_streaming || method->server_streaming) {
        mrpc_web_refuse_later(stream, "415", "a stream's content-type is application/connect+json or +proto\n",
                              "not_grpc");
        return true;
    }
    if (stream->desk->query_message == NULL || method->no_side_effects)
        return false;
    stream->desk->refusal_allow = "POST";
    mrpc_web_refuse_later(stream, "405", "this method may change something: call it by POST\n", "web_method");
    return true;
}

void mrpc_call_begin(struct mrpc_stream *stream)
{
    struct mrpc_call *call = mrpc_call_of(stream);
    if (stream->desk->route != NULL) {
        mrpc_web_admit(call);
        return;
    }
    if (!find_method(call)) {
        const char *text = mrpc_arena_printf(call->arena, "unknown method %s", stream->desk->path);
        if (call->record != NULL)
            mrpc_record_unknown(call);
        mrpc_call_end_early(call, MRPC_UNIMPLEMENTED, text);
        return;
    }
    if (misfits(call))
        return;
    /* Answer as we are asked: compressed if the request is and the client takes that. */
    if ((stream->desk->accept_encodings & stream->desk->encoding) != 0)
        stream->response_encoding = stream->desk->encoding;
    call->begun = true;
    atomic_fetch_add_explicit(&call->host->calls_started, 1, memory_order_relaxed);
    atomic_store_explicit(&call->host->last_call_ms, stream->session->now_ms, memory_order_relaxed);
    int code = admit(call);
    if (code != 0) {
        mrpc_call_complete(call, code, NULL);
        return;
    }
    if (!set_deadline(call)) {
        mrpc_call_end_early(call, MRPC_DEADLINE_EXCEEDED, "the deadline has passed");
        return;
    }
    if (streams_in(call))
        run_open(call);
    else
        mrpc_stream_expect_message(stream);
}

/* Fields that are not known are passed over in JSON as they are in the binary form: a newer client may send them. */
static int read_message(const struct mrpc_call *call, struct mrpc_arena *arena, const uint8_t *bytes, size_t size,
                        ProtobufCMessage **out, struct mrpc_decode_error *error)
{
    static const struct mrpc_json_options json = {.struct_bytes = sizeof(json), .flags = MRPC_JSON_IGNORE_UNKNOWN};
    const struct mrpc_message_info *info = call->method->method->request;
    if (call->stream.content_type == MRPC_CONTENT_JSON)
        return mrpc_json_decode(info, (const char *)bytes, size, &json, arena, out, error);
    return mrpc_decode(info, bytes, size, NULL, arena, out, error);
}

/* Binary messages come from programs, others from people. */
static int malformed_code(const struct mrpc_call *call)
{
    bool by_hand = call->stream.content_type == MRPC_CONTENT_JSON || mrpc_is_connect(&call->stream);
    return by_hand ? MRPC_INVALID_ARGUMENT : MRPC_INTERNAL;
}

/* NULL when the call has ended because of it. The call's own arena may be a handler's, on another thread. */
static ProtobufCMessage *decode(struct mrpc_call *call, struct mrpc_arena *arena, const uint8_t *bytes, size_t size)
{
    ProtobufCMessage *message = NULL;
    struct mrpc_decode_error error = {.path = "", .reason = "malformed"};
    int rv = read_message(call, arena, bytes, size, &message, &error);
    if (rv == 0)
        return message;
    const char *text = NULL;
    if (rv == MRPC_ERR_MALFORMED)
        text = mrpc_arena_printf(arena, "the request cannot be decoded: %s%s%s at byte %zu", error.path,
                                 error.path[0] != '\0' ? ": " : "", error.reason, error.offset_bytes);
    if (text == NULL)
        text = rv == MRPC_ERR_MALFORMED ? "the request cannot be decoded" : "the request needs too much memory";
    mrpc_call_end_early(call, rv == MRPC_ERR_MALFORMED ? malformed_code(call) : MRPC_RESOURCE_EXHAUSTED, text);
    return NULL;
}

static void keep_request(struct mrpc_call *call, const uint8_t *bytes, size_t size)
{
    if (mrpc_desk_of(call)->request != NULL) {
        mrpc_call_end_early(call, MRPC_UNIMPLEMENTED, "more than one request message");
        return;
    }
    mrpc_desk_of(call)->request = decode(call, call->arena, bytes, size);
    mrpc_stream_keep(&call->stream, size);
}

/* The arena of streamed messages is emptied after each, so that a long stream does not grow. */
static void forget_message(struct mrpc_call *call)
{
    mrpc_host_arena_give(call->host, mrpc_desk_of(call)->message_arena);
    mrpc_desk_of(call)->message_arena = NULL;
}

/* True: go on with the next message. */
static bool run_message(struct mrpc_call *call, const uint8_t *bytes, size_t size)
{
    const struct method_entry *method = call->method;
    mrpc_desk_of(call)->message_arena = mrpc_host_arena_take(call->host);
    if (mrpc_desk_of(call)->message_arena == NULL) {
        mrpc_call_end_early(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
        return true;
    }
    ProtobufCMessage *message = decode(call, mrpc_desk_of(call)->message_arena, bytes, size);
    if (message == NULL)
        return true;
    call->running++;
    call->in_message = true;
    call->resume_asked = false;
    struct handler_watch watch = begin_handler(call);
    int returned = method->invoke->message(method->handlers, method->self, call, message, NULL);
    end_handler(&watch, call);
    call->in_message = false;
    call->running--;
    if (returned == MRPC_PENDING && !call->finish_asked && !call->resume_asked) {
        call->held = true;
        return false;
    }
    forget_message(call);
    if (call->finish_asked)
        mrpc_call_complete(call, call->finish_code, call->response);
    else if (returned != MRPC_OK && returned != MRPC_PENDING)
        mrpc_call_complete(call, status_of(returned), NULL);
    return true;
}

bool mrpc_call_message(struct mrpc_stream *stream, const uint8_t *bytes, size_t size)
{
    struct mrpc_call *call = mrpc_call_of(stream);
    if (stream->desk->route != NULL) {
        mrpc_web_keep_body(call, bytes, size);
        return true;
    }
    if (call->record != NULL)
        mrpc_record_received(call, &(struct mrpc_call_message){
                                       .bytes = size,
                                       .wire_bytes = mrpc_assembler_wire_bytes(&stream->desk->assembler),
                                       .data = bytes,
                                   });
    if (streams_in(call))
        return run_message(call, bytes, size);
    keep_request(call, bytes, size);
    return true;
}

static ProtobufCMessage *new_response(struct mrpc_call *call)
{
    const ProtobufCMessageDescriptor *descriptor = call->method->method->response->descriptor;
    ProtobufCMessage *response = mrpc_arena_alloc(call->arena, descriptor->sizeof_message);
    if (response != NULL)
        protobuf_c_message_init(descriptor, response);
    return response;
}

static void run_unary(struct mrpc_call *call)
{
    const struct method_entry *method = call->method;
    if (mrpc_desk_of(call)->request == NULL) {
        mrpc_call_end_early(call, MRPC_UNIMPLEMENTED, "no request message");
        return;
    }
    ProtobufCMessage *response = NULL;
    if (!method->method->server_streaming) {
        response = new_response(call);
        if (response == NULL) {
            mrpc_call_end_early(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
            return;
        }
    }
    call->running++;
    struct handler_watch watch = begin_handler(call);
    int returned = method->invoke->message(method->handlers, method->self, call, mrpc_desk_of(call)->request, response);
    end_handler(&watch, call);
    call->running--;
    if (call->finish_asked)
        mrpc_call_complete(call, call->finish_code, call->response);
    else if (returned == MRPC_PENDING)
        call->held = call->kept = true;
    else
        mrpc_call_complete(call, status_of(returned), response);
}

static void run_half_close(struct mrpc_call *call)
{
    const struct method_entry *method = call->method;
    int returned = MRPC_OK;
    if (method->invoke->half_close != NULL) {
        call->running++;
        struct handler_watch watch = begin_handler(call);
        returned = method->invoke->half_close(method->handlers, method->self, call);
        end_handler(&watch, call);
        call->running--;
    }
    settle(call, returned, true);
}

void mrpc_call_half_closed(struct mrpc_stream *stream)
{
    struct mrpc_call *call = mrpc_call_of(stream);
    if (stream->desk->route != NULL) {
        mrpc_web_run(call);
        return;
    }
    if (call->record != NULL)
        mrpc_record_half_closed(call);
    if (streams_in(call))
        run_half_close(call);
    else
        run_unary(call);
}

static void take_next(struct mrpc_call *call)
{
    forget_message(call);
    call->held = call->kept;
    if (!call->stream_open) {
        if (!call->held)
            mrpc_call_complete(call, MRPC_CANCELLED, NULL);
        return;
    }
    mrpc_stream_release(&call->stream);
}

static void run_resume(struct inbox_task *task)
{
    struct mrpc_call *call = MRPC_CONTAINER_OF(task, struct call_desk, resume_task)->call;
    struct mrpc_session *session = call->stream_open ? &call->session->session : NULL;
    atomic_fetch_sub_explicit(&call->sends_posted, 1, memory_order_relaxed);
    take_next(call);
    if (session != NULL)
        mrpc_host_touch(session);   /* windows may have been given back */
}

void mrpc_call_resume(struct mrpc_call *call)
{
    if (mrpc_host_inside(call->host) && call->in_message) {
        call->resume_asked = true;
        return;
    }
    struct inbox_task *task = &mrpc_desk_of(call)->resume_task;
    task->run = run_resume;
    atomic_fetch_add_explicit(&call->sends_posted, 1, memory_order_release); /* the end comes behind it, too */
    mrpc_inbox_push(&call->host->inbox, task);
}
