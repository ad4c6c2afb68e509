/* SPDX-License-Identifier: Apache-2.0 */

/* What a handler sends: encoded at once, on whatever thread it is called; on the loop's own thread straight onto the
 * stream, from others through the inbox. The room for it is counted in one atomic that both sides change. */

#include <stdlib.h>
#include <string.h>

#include <mrpc/codec.h>
#include <mrpc/json.h>

#include "server/call.h"
#include "server/server.h"
#include "wire/compress.h"
#include "wire/frame.h"

#define SEND_BUFFER_BYTES (64u << 10)

/* A message, or only the headers (chunk NULL), on its way to the loop. */
struct posted_send {
    struct inbox_task task;
    struct mrpc_call *call;
    struct mrpc_chunk *chunk;
    const struct mrpc_metadata *headers;   /* by now; what the holder says later is not for the head */
    size_t message_bytes;
};

/* The next message's. */
static enum mrpc_encoding encoding_of(const struct mrpc_call *call)
{
    return call->sends_plain ? MRPC_ENCODING_IDENTITY : call->stream.response_encoding;
}

static bool speaks_json(const struct mrpc_call *call)
{
    return call->stream.content_type == MRPC_CONTENT_JSON;
}

/* A unary Connect call's one head says how it ended: it leaves with the end. */
static bool has_one_head(const struct mrpc_call *call)
{
    return call->stream.dialect == MRPC_DIALECT_CONNECT;
}

/* NULL: none. */
static const struct mrpc_metadata *headers_of(const struct mrpc_call *call)
{
    return call->words != NULL ? &call->words->headers : NULL;
}

static int submit_headers(struct mrpc_call *call, const struct mrpc_metadata *headers)
{
    if (call->stream.headers_sent)
        return 0;
    if (has_one_head(call)) {
        if (call->record != NULL && !call->record->headers_told)
            mrpc_record_headers(call, headers);
        return 0;
    }
    int error = mrpc_stream_send_headers(&call->stream, headers);
    if (error == 0 && call->record != NULL)
        mrpc_record_headers(call, headers);
    return error;
}

/* Tell the interceptors of a message of @bytes that is on its stream, framed as @framed. */
static void tell_sent(struct mrpc_call *call, size_t bytes, const uint8_t *framed, size_t framed_bytes)
{
    const uint8_t *payload = framed + MRPC_FRAME_PREFIX_BYTES;
    struct mrpc_call_message message = {.bytes = bytes, .wire_bytes = framed_bytes - MRPC_FRAME_PREFIX_BYTES};
    struct mrpc_buffer plain = {0};
    if (framed[0] == 0) {
        message.data = payload;
    } else if (call->host->server->chain.wants_sent_data &&
               mrpc_decompress(call->stream.response_encoding, payload, message.wire_bytes, bytes, &plain) == 0) {
        message.data = mrpc_buffer_bytes(&plain);
    }
    mrpc_record_sent(call, &message);
    mrpc_buffer_fini(&plain);
}

/* Nothing of this call is under way through the inbox, so that it may be overtaken by nothing. */
static bool may_send_here(struct mrpc_call *call)
{
    return mrpc_host_inside(call->host) && atomic_load_explicit(&call->sends_posted, memory_order_acquire) == 0;
}

/* True, or on_writable will follow. The flag is set before the counter is read again, and the loop does it the other
 * way round, so one of the two sees the other. */
static bool has_room(struct mrpc_call *call)
{
    if (atomic_load(&call->queued_bytes) <= SEND_BUFFER_BYTES)
        return true;
    atomic_store(&call->wants_writable, true);
    if (atomic_load(&call->queued_bytes) > SEND_BUFFER_BYTES / 2)
        return false;
    return atomic_exchange(&call->wants_writable, false);
}

static void attach(const struct posted_send *send)
{
    struct mrpc_call *call = send->call;
    struct mrpc_chunk *chunk = send->chunk;
    if (!call->stream_open || call->stream.ended || submit_headers(call, send->headers) != 0) {
        mrpc_chunk_unref(chunk);
        return;
    }
    size_t size = mrpc_buffer_size(&chunk->bytes);
    call->attached_bytes += size;
    if (call->record != NULL && mrpc_web_of(call) == NULL)
        tell_sent(call, send->message_bytes, mrpc_buffer_bytes(&chunk->bytes), size);
    mrpc_stream_send_chunk(&call->stream, chunk);
}

static void run_send(struct inbox_task *task)
{
    struct posted_send *send = MRPC_CONTAINER_OF(task, struct posted_send, task);
    struct mrpc_call *call = send->call;
    if (send->chunk != NULL)
        attach(send);
    else if (call->stream_open)
        (void)!submit_headers(call, send->headers);
    atomic_fetch_sub_explicit(&call->sends_posted, 1, memory_order_release);
    if (call->stream_open)
        mrpc_host_touch(&call->session->session);
    free(send);
}

static int post_send(struct mrpc_call *call, struct mrpc_chunk *chunk, size_t message_bytes)
{
    struct posted_send *send = malloc(sizeof(*send));
    if (send == NULL)
        return MRPC_ERR_NOMEM;
    *send = (struct posted_send){.task.run = run_send,
                                 .call = call,
                                 .chunk = chunk,
                                 .headers = headers_of(call),
                                 .message_bytes = message_bytes};
    call->headers_submitted = true;
    atomic_fetch_add_explicit(&call->sends_posted, 1, memory_order_relaxed);
    mrpc_inbox_push(&call->host->inbox, &send->task);
    return 0;
}

/* What is to be framed: a message, or bytes that are one, or bytes that go out as they are. */
struct payload {
    const ProtobufCMessage *message;
    const void *bytes;
    size_t size;
    bool raw;
};

/* *@size is the text's, which is not compressed. */
static int frame_json(struct mrpc_call *call, const ProtobufCMessage *message, struct mrpc_buffer *out, size_t *size)
{
    char *text;
    int error = mrpc_json_encode(call->method->method->response, message, NULL, &text, size);
    if (error != 0)
        return error;
    error = mrpc_frame_bytes(text, *size, encoding_of(call), call->host->server->limits.send_message_bytes, out);
    free(text);
    return error;
}

/* Bytes that were encoded for everybody, to one who speaks JSON. */
static int frame_encoded_as_json(struct mrpc_call *call, const struct payload *payload, struct mrpc_buffer *out,
                                 size_t *size)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message;
    int error = arena == NULL ? MRPC_ERR_NOMEM
                              : mrpc_decode(call->method->method->response, payload->bytes, payload->size, NULL, arena,
                                            &message, NULL);
    if (error == 0)
        error = frame_json(call, message, out, size);
    mrpc_arena_free(arena);
    return error;
}

/* *@json_bytes: see plain_bytes(). */
static int frame(struct mrpc_call *call, const struct payload *payload, struct mrpc_buffer *out, size_t *json_bytes)
{
    size_t limit = call->host->server->limits.send_message_bytes;
    enum mrpc_encoding encoding = encoding_of(call);
    *json_bytes = 0;
    if (payload->raw)
        return payload->size > limit ? MRPC_ERR_LIMIT : mrpc_buffer_append(out, payload->bytes, payload->size);
    if (speaks_json(call))
        return payload->message != NULL ? frame_json(call, payload->message, out, json_bytes)
                                        : frame_encoded_as_json(call, payload, out, json_bytes);
    if (payload->message == NULL)
        return mrpc_frame_bytes(payload->bytes, payload->size, encoding, limit, out);
    const char *bad_field = NULL;
    return mrpc_frame_message(call->method->method->response, payload->message, encoding, limit, out, &bad_field);
}

/* How long the message is that was framed behind @before bytes, of @json_bytes if in JSON: only interceptors ask. */
static size_t plain_bytes(const struct mrpc_call *call, const struct payload *payload, struct mrpc_buffer *out,
                          size_t before, size_t json_bytes)
{
    if (json_bytes > 0)
        return json_bytes;
    size_t size = mrpc_buffer_size(out) - before - MRPC_FRAME_PREFIX_BYTES;
    if (mrpc_buffer_bytes(out)[before] == 0)
        return size;
    if (payload->message == NULL)
        return payload->size;
    (void)!mrpc_encoded_size(call->method->method->response, payload->message, &size, NULL);
    return size;
}

static int send_here(struct mrpc_call *call, const struct payload *payload)
{
    struct mrpc_chunk *chunk = mrpc_stream_tail_chunk(&call->stream);
    if (chunk == NULL)
        return MRPC_ERR_NOMEM;
    size_t before = mrpc_buffer_size(&chunk->bytes), json_bytes;
    int error = frame(call, payload, &chunk->bytes, &json_bytes);
    if (error != 0)
        return error;
    size_t added = mrpc_buffer_size(&chunk->bytes) - before;
    atomic_fetch_add(&call->queued_bytes, added);
    call->attached_bytes += added;
    call->headers_submitted = true;
    error = submit_headers(call, headers_of(call));
    if (error == 0 && call->record != NULL && !payload->raw)
        tell_sent(call, plain_bytes(call, payload, &chunk->bytes, before, json_bytes),
                  mrpc_buffer_bytes(&chunk->bytes) + before, added);
    mrpc_stream_appended(&call->stream, added);
    mrpc_host_touch(&call->session->session);
    return error;
}

static int send_from_afar(struct mrpc_call *call, const struct payload *payload)
{
    struct mrpc_chunk *chunk = mrpc_chunk_new();
    size_t json_bytes = 0;
    int error = chunk != NULL ? frame(call, payload, &chunk->bytes, &json_bytes) : MRPC_ERR_NOMEM;
    size_t added = chunk != NULL ? mrpc_buffer_size(&chunk->bytes) : 0;
    if (error == 0) {
        atomic_fetch_add(&call->queued_bytes, added);
        bool told = call->record != NULL && !payload->raw;
        error = post_send(call, chunk, told ? plain_bytes(call, payload, &chunk->bytes, 0, json_bytes) : 0);
        if (error != 0)
            atomic_fetch_sub(&call->queued_bytes, added);
    }
    if (error != 0)
        mrpc_chunk_unref(chunk);
    return error;
}

static int send_payload(struct mrpc_call *call, const struct payload *payload)
{
    if (!payload->raw && !call->method->method->server_streaming)
        return MRPC_ERR_INVALID;
    if (mrpc_call_cancelled(call))
        return MRPC_ERR_DONE;
    if (!has_room(call))
        return MRPC_ERR_AGAIN;
    if (!may_send_here(call))
        return send_from_afar(call, payload);
    if (call->finished || call->finish_asked || !call->stream_open || call->stream.ended)
        return MRPC_ERR_DONE;
    return send_here(call, payload);
}

int mrpc_call_send(struct mrpc_call *call, const ProtobufCMessage *message)
{
    return send_payload(call, &(struct payload){.message = message});
}

int mrpc_call_send_encoded(struct mrpc_call *call, const void *bytes, size_t size)
{
    return send_payload(call, &(struct payload){.bytes = bytes, .size = size});
}

int mrpc_call_send_raw(struct mrpc_call *call, const void *bytes, size_t size)
{
    return send_payload(call, &(struct payload){.bytes = bytes, .size = size, .raw = true});
}

int mrpc_call_send_headers(struct mrpc_call *call)
{
    if (mrpc_call_cancelled(call) || call->headers_submitted)
        return MRPC_ERR_DONE;
    if (!may_send_here(call))
        return post_send(call, NULL, 0);
    if (!call->stream_open)
        return MRPC_ERR_DONE;
    call->headers_submitted = true;
    int error = submit_headers(call, headers_of(call));
    mrpc_host_touch(&call->session->session);
    return error;
}

/* Frames have left: give their room back, and tell whoever waits for it. */
void mrpc_call_writable(struct mrpc_stream *stream)
{
    struct mrpc_call *call = mrpc_call_of(stream);
    size_t left = call->attached_bytes - stream->queued_bytes;
    call->attached_bytes = stream->queued_bytes;
    size_t queued = atomic_fetch_sub(&call->queued_bytes, left) - left;
    if (call->finished || queued > SEND_BUFFER_BYTES / 2 || !atomic_exchange(&call->wants_writable, false) ||
        call->on_writable == NULL)
        return;
    call->running++;
    call->on_writable(call->on_writable_arg, call);
    call->running--;
    if (call->finish_asked)
        mrpc_call_complete(call, call->finish_code, call->response);
}

/* The body of a unary Connect call is what the frame holds, and its head says whether that is compressed. */
static void take_out_of_frame(struct mrpc_call *call, struct mrpc_buffer *framed)
{
    if (mrpc_buffer_bytes(framed)[0] == 0)
        call->stream.response_encoding = MRPC_ENCODING_IDENTITY;
    mrpc_buffer_consume(framed, MRPC_FRAME_PREFIX_BYTES);
}

static int answer_framed(struct mrpc_call *call, const ProtobufCMessage *response, const char **bad_field)
{
    const struct mrpc_message_info *info = call->method->method->response;
    size_t limit = call->host->server->limits.send_message_bytes, size = 0;
    struct mrpc_chunk *chunk = mrpc_chunk_new();
    int error = chunk == NULL ? MRPC_ERR_NOMEM
                : speaks_json(call)
                    ? frame_json(call, response, &chunk->bytes, &size)
                    : mrpc_frame_message(info, response, encoding_of(call), limit, &chunk->bytes, bad_field);
    if (error != 0) {
        mrpc_chunk_unref(chunk);
        return error;
    }
    if (!speaks_json(call))
        (void)!mrpc_encoded_size(info, response, &size, NULL);
    error = submit_headers(call, headers_of(call));
    if (error == 0 && call->record != NULL)
        tell_sent(call, size, mrpc_buffer_bytes(&chunk->bytes), mrpc_buffer_size(&chunk->bytes));
    if (has_one_head(call))
        take_out_of_frame(call, &chunk->bytes);
    mrpc_stream_send_chunk(&call->stream, chunk);
    return error;
}

/* A response that is compressed, or that shares its stream with what was sent before, is framed now; any other when its
 * frame leaves. */
static int answer_message(struct mrpc_call *call, const ProtobufCMessage *response, const char **bad_field)
{
    const struct mrpc_message_info *info = call->method->method->response;
    struct mrpc_stream *stream = &call->stream;
    size_t limit = call->host->server->limits.send_message_bytes;
    size_t size;
    int error = mrpc_encoded_size(info, response, &size, bad_field);
    if (error != 0)
        return error;
    if (size > limit)
        return MRPC_ERR_LIMIT;
    if (speaks_json(call) || has_one_head(call))
        return answer_framed(call, response, bad_field);
    if (encoding_of(call) == MRPC_ENCODING_IDENTITY && stream->queued_bytes == 0 &&
        !call->host->server->chain.wants_sent_data) {
        mrpc_stream_send_direct(stream, info, response, size);
        error = submit_headers(call, headers_of(call));
        if (error == 0 && call->record != NULL)
            mrpc_record_sent(call, &(struct mrpc_call_message){.bytes = size, .wire_bytes = size});
        return error;
    }
    return answer_framed(call, response, bad_field);
}

static int refuse_response(struct mrpc_call *call, int error, const char *bad_field)
{
    if (error == MRPC_ERR_LIMIT)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "the response is longer than the server sends");
    if (error == MRPC_ERR_NOMEM)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return mrpc_call_fail(call, MRPC_INTERNAL, "the response cannot be encoded: %s",
                          bad_field != NULL ? bad_field : "a field is not valid");
}

static bool has_headers(const struct mrpc_call *call)
{
    return call->words != NULL && call->words->headers.count > 0;
}

static int answer_ok(struct mrpc_call *call, const ProtobufCMessage *response)
{
    if (mrpc_web_of(call) != NULL)
        return submit_headers(call, headers_of(call)) == 0 ? MRPC_OK : MRPC_INTERNAL;
    if (call->method->method->server_streaming)
        return has_headers(call) ? submit_headers(call, headers_of(call)) : 0;
    if (response == NULL)
        return mrpc_call_fail(call, MRPC_INTERNAL, "the handler gave no response");
    const char *bad_field = NULL;
    int error = answer_message(call, response, &bad_field);
    return error == 0 ? 0 : refuse_response(call, error, bad_field);
}

/* What it ends with, but for the details. */
static struct stream_end end_of(const struct mrpc_call *call, int code)
{
    static const struct mrpc_metadata none;
    const struct call_words *words = call->words;
    struct stream_end end = {.code = code};
    if (has_one_head(call))
        end.headers = words != NULL ? &words->headers : &none;
    if (words == NULL)
        return end;
    if (words->trailers.count > 0)
        end.trailers = &words->trailers;
    if (code != 0) {
        end.message = words->message;
        end.pushback = words->pushback;
    }
    return end;
}

int mrpc_call_answer(struct mrpc_call *call, int code, const ProtobufCMessage *response)
{
    if (!mrpc_stream_take_desk(&call->stream)) {
        mrpc_stream_reset(&call->stream, NGHTTP2_INTERNAL_ERROR);
        return code != 0 ? code : MRPC_RESOURCE_EXHAUSTED;
    }
    if (code == 0)
        code = answer_ok(call, response);
    else if (has_headers(call) && mrpc_web_of(call) == NULL)
        (void)!submit_headers(call, headers_of(call));
    struct stream_end end = end_of(call, code);
    if (code != 0)
        end.details = mrpc_call_status_details(call, code, &end.details_bytes);
    if (call->record != NULL && code != 0) {
        call->record->message = end.message;
        call->record->details = end.details;
        call->record->details_bytes = end.details_bytes;
    }
    mrpc_stream_finish(&call->stream, &end);
    return code;
}
