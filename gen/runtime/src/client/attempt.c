/* SPDX-License-Identifier: Apache-2.0 */
#include "client/attempt.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#include "client/call_core.h"
#include "client/call_fields.h"
#include "client/channel_core.h"

/* Of an attempt that is not the last nothing remains sent. */
static void leave(struct mrpc_client_attempt *attempt)
{
    struct mrpc_client_call *call = attempt->call;
    attempt->under_way = attempt->asking = false;
    mrpc_credentials_drop(attempt->credentials); /* they hold the call */
    attempt->credentials = NULL;
    pthread_mutex_lock(&call->lock);
    if (!call->committed)
        attempt->sent_bytes = 0;
    pthread_mutex_unlock(&call->lock);
}

/* What interceptors hear. */

void mrpc_attempt_tell_start(struct mrpc_client_attempt *attempt)
{
    attempt->told = true;
    attempt->started_us = mrpc_clock_us();
    attempt->sent_wire_bytes = attempt->received_wire_bytes = 0;
    mrpc_client_chain_attempt_started(&attempt->call->chain, attempt->previous);
}

void mrpc_attempt_tell_end(struct mrpc_client_attempt *attempt, enum mrpc_code code)
{
    if (!attempt->told)
        return;
    attempt->told = false;
    const struct mrpc_client_attempt_end end = {.code = code,
                                                .duration_us = mrpc_clock_us() - attempt->started_us,
                                                .sent_wire_bytes = attempt->sent_wire_bytes,
                                                .received_wire_bytes = attempt->received_wire_bytes};
    mrpc_client_chain_attempt_ended(&attempt->call->chain, &end);
}

static void tell_sent(struct mrpc_client_attempt *attempt, const uint8_t *bytes, size_t size)
{
    size_t wire_bytes;
    bool compressed;
    while (mrpc_frame_walk(&attempt->walk, &bytes, &size, &wire_bytes, &compressed)) {
        const struct mrpc_client_message message = {.bytes = compressed ? 0 : wire_bytes, .wire_bytes = wire_bytes};
        attempt->sent_wire_bytes += wire_bytes;
        mrpc_client_chain_sent(&attempt->call->chain, &message);
    }
}

static void tell_received(struct mrpc_client_attempt *attempt, const uint8_t *bytes, size_t size)
{
    const struct mrpc_client_message message = {
        .bytes = size, .wire_bytes = mrpc_assembler_wire_bytes(&attempt->stream.assembler), .data = bytes};
    attempt->received_wire_bytes += message.wire_bytes;
    mrpc_client_chain_received(&attempt->call->chain, &message);
}

/* Sending. */

static size_t stream_outgoing(struct mrpc_client_stream *stream, bool *last)
{
    struct mrpc_client_attempt *attempt = (struct mrpc_client_attempt *)stream;
    struct mrpc_client_call *call = attempt->call;
    pthread_mutex_lock(&call->lock);
    size_t size = call->dropped_bytes + mrpc_buffer_size(&call->outbox) - attempt->sent_bytes;
    *last = call->half_closed;
    pthread_mutex_unlock(&call->lock);
    return size;
}

/* What has been sent is kept for other attempts: of one call, and of all calls of the channel, only so much. A request
 * of one message lies whole in memory until it has left in any case, and counts with the channel alone. */
static bool outgrows_buffers(const struct mrpc_client_attempt *attempt)
{
    const struct mrpc_client_call *call = attempt->call;
    return mrpc_retry_keep(attempt) ||
           (call->method->client_streaming && attempt->sent_bytes > call->retry_buffer_bytes);
}

static void stream_take(struct mrpc_client_stream *stream, uint8_t *out, size_t size)
{
    struct mrpc_client_attempt *attempt = (struct mrpc_client_attempt *)stream;
    struct mrpc_client_call *call = attempt->call;
    pthread_mutex_lock(&call->lock);
    memcpy(out, mrpc_buffer_bytes(&call->outbox) + (attempt->sent_bytes - call->dropped_bytes), size);
    attempt->sent_bytes += size;
    bool too_much = !call->committed && outgrows_buffers(attempt);
    if (call->committed)
        mrpc_call_core_drop_sent(call);
    bool room = call->sender_waits && mrpc_call_core_queued_bytes(call) <= MRPC_SEND_QUEUE_BYTES / 2;
    if (room) /* the program hears of it from the task, not from within the session */
        mrpc_call_core_poke(call);
    pthread_mutex_unlock(&call->lock);
    if (room)
        pthread_cond_broadcast(&call->changed);
    if (call->chain.started > 0)
        tell_sent(attempt, out, size);
    if (too_much)
        mrpc_call_core_commit(call, attempt);
}

/* Receiving. */

static void stream_headers(struct mrpc_client_stream *stream)
{
    struct mrpc_client_attempt *attempt = (struct mrpc_client_attempt *)stream;
    struct mrpc_client_call *call = attempt->call;
    mrpc_call_core_commit(call, attempt);
    call->headers = stream->headers;
    if (call->chain.started > 0)
        mrpc_client_chain_headers(&call->chain, &call->headers, call->peer ? call->peer : "");
    call->sink->headers(call);
}

static bool stream_message(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size)
{
    struct mrpc_client_attempt *attempt = (struct mrpc_client_attempt *)stream;
    if (attempt->call->chain.started > 0)
        tell_received(attempt, bytes, size);
    return attempt->call->sink->message(attempt->call, bytes, size);
}

static void stream_closed(struct mrpc_client_stream *stream, const struct mrpc_stream_end *end)
{
    struct mrpc_client_attempt *attempt = (struct mrpc_client_attempt *)stream;
    attempt->connection = NULL;
    leave(attempt);
    mrpc_call_core_attempt_ended(attempt->call, attempt, end);
}

static const struct mrpc_client_stream_events stream_events = {
    .headers = stream_headers,
    .message = stream_message,
    .outgoing = stream_outgoing,
    .take = stream_take,
    .closed = stream_closed,
};

/* Its life. */

void mrpc_attempt_init(struct mrpc_client_attempt *attempt, struct mrpc_client_call *call,
                       size_t receive_message_bytes)
{
    *attempt = (struct mrpc_client_attempt){.call = call};
    mrpc_client_stream_init(&attempt->stream, &stream_events, receive_message_bytes);
}

void mrpc_attempt_fini(struct mrpc_client_attempt *attempt)
{
    mrpc_client_stream_fini(&attempt->stream);
}

void mrpc_attempt_start(struct mrpc_client_attempt *attempt)
{
    struct mrpc_client_call *call = attempt->call;
    attempt->under_way = true;
    attempt->walk = (struct mrpc_frame_walk){0};
    if (call->credentials_count == 0) {
        mrpc_channel_place(call->channel, attempt);
        return;
    }
    attempt->credentials = mrpc_credentials_fetch(call);
    attempt->asking = attempt->credentials;
    if (!attempt->asking)
        mrpc_attempt_fail(attempt, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

void mrpc_attempt_look_at_credentials(struct mrpc_client_attempt *attempt)
{
    enum mrpc_code code;
    const char *text;
    if (!attempt->asking)
        return;
    switch (mrpc_credentials_look(attempt->credentials, &code, &text)) {
    case MRPC_CREDENTIALS_ASKED:
        break;
    case MRPC_CREDENTIALS_GIVEN:
        attempt->asking = false;
        mrpc_channel_place(attempt->call->channel, attempt);
        break;
    case MRPC_CREDENTIALS_FAILED:
        text = mrpc_arena_strdup(attempt->call->arena, text);
        mrpc_attempt_fail(attempt, code, text ? text : "");
        break;
    }
}

void mrpc_attempt_cancel(struct mrpc_client_attempt *attempt, enum mrpc_code code)
{
    if (attempt->under_way) {
        leave(attempt);
        mrpc_channel_withdraw(attempt->call->channel, attempt);
        mrpc_client_stream_cancel(&attempt->stream, NGHTTP2_CANCEL);
        if (attempt->connection)
            mrpc_client_connection_touch(attempt->connection);
        attempt->connection = NULL;
    }
    mrpc_attempt_tell_end(attempt, code);
}

void mrpc_attempt_resume_sending(struct mrpc_client_attempt *attempt)
{
    mrpc_client_stream_resume_sending(&attempt->stream);
    if (attempt->connection)
        mrpc_client_connection_touch(attempt->connection);
}

/* Errors: as mrpc_client_session_open(). */
static int open_stream(struct mrpc_client_attempt *attempt, struct mrpc_client_session *session, const char *authority)
{
    struct mrpc_client_call *call = attempt->call;
    struct mrpc_request_field all[MRPC_REQUEST_FIELDS_MAX];
    size_t count;
    const struct mrpc_request_field *fields =
        mrpc_call_fields_of_attempt(call, attempt->previous, mrpc_clock_ms(), &count);
    if (attempt->credentials) {
        const struct mrpc_metadata *more = mrpc_credentials_metadata(attempt->credentials);
        int error = mrpc_call_fields_append(fields, count, more, call->arena, all, &count);
        if (error)
            return error;
        fields = all;
    }
    attempt->stream.arena = call->arena;
    return mrpc_client_session_open(session, &attempt->stream, call->method->path, authority, fields, count);
}

bool mrpc_attempt_begin(struct mrpc_client_attempt *attempt, struct mrpc_client_connection *connection,
                        const char *authority)
{
    struct mrpc_client_call *call = attempt->call;
    if (call->has_secrets && !mrpc_client_connection_is_private(connection)) {
        mrpc_call_core_end(call, MRPC_UNAUTHENTICATED, "credentials are not sent over clear text to another machine");
        return false;
    }
    int error = open_stream(attempt, mrpc_client_connection_session(connection), authority);
    if (error) {
        bool too_much = error == MRPC_ERR_LIMIT;
        mrpc_call_core_end(call, MRPC_RESOURCE_EXHAUSTED,
                           too_much ? "the call's metadata is more than the server takes" : "out of memory");
        return false;
    }
    attempt->connection = connection;
    if (call->chain.started > 0)
        call->peer = mrpc_arena_strdup(call->arena, mrpc_client_connection_peer(connection));
    mrpc_client_connection_touch(connection);
    return true;
}

void mrpc_attempt_fail(struct mrpc_client_attempt *attempt, enum mrpc_code code, const char *text)
{
    static const struct mrpc_metadata none = {0};
    leave(attempt);
    mrpc_channel_withdraw(attempt->call->channel, attempt);
    mrpc_call_core_attempt_ended(attempt->call, attempt,
                                 &(struct mrpc_stream_end){.code = code, .message = text, .trailers = &none});
}
