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
    attempt->under_way = false;
    pthread_mutex_lock(&call->lock);
    if (!call->committed)
        attempt->sent_bytes = 0;
    pthread_mutex_unlock(&call->lock);
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

/* A request of one message lies whole in memory until it has left in any case. */
static bool outgrows_buffer(const struct mrpc_client_attempt *attempt)
{
    return attempt->call->method->client_streaming && attempt->sent_bytes > attempt->call->retry_buffer_bytes;
}

static void stream_take(struct mrpc_client_stream *stream, uint8_t *out, size_t size)
{
    struct mrpc_client_attempt *attempt = (struct mrpc_client_attempt *)stream;
    struct mrpc_client_call *call = attempt->call;
    pthread_mutex_lock(&call->lock);
    memcpy(out, mrpc_buffer_bytes(&call->outbox) + (attempt->sent_bytes - call->dropped_bytes), size);
    attempt->sent_bytes += size;
    bool too_much = !call->committed && outgrows_buffer(attempt);
    if (call->committed)
        mrpc_call_core_drop_sent(call);
    bool room = call->sender_waits && mrpc_call_core_queued_bytes(call) <= MRPC_SEND_QUEUE_BYTES / 2;
    if (room) /* the program hears of it from the task, not from within the session */
        mrpc_call_core_poke(call);
    pthread_mutex_unlock(&call->lock);
    if (room)
        pthread_cond_broadcast(&call->changed);
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
    call->sink->headers(call);
}

static bool stream_message(struct mrpc_client_stream *stream, const uint8_t *bytes, size_t size)
{
    struct mrpc_client_attempt *attempt = (struct mrpc_client_attempt *)stream;
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
    attempt->under_way = true;
    mrpc_channel_place(attempt->call->channel, attempt);
}

void mrpc_attempt_cancel(struct mrpc_client_attempt *attempt)
{
    if (!attempt->under_way)
        return;
    leave(attempt);
    mrpc_channel_withdraw(attempt->call->channel, attempt);
    mrpc_client_stream_cancel(&attempt->stream, NGHTTP2_CANCEL);
    if (attempt->connection)
        mrpc_client_connection_touch(attempt->connection);
    attempt->connection = NULL;
}

void mrpc_attempt_resume_sending(struct mrpc_client_attempt *attempt)
{
    mrpc_client_stream_resume_sending(&attempt->stream);
    if (attempt->connection)
        mrpc_client_connection_touch(attempt->connection);
}

void mrpc_attempt_begin(struct mrpc_client_attempt *attempt, struct mrpc_client_connection *connection,
                        const char *authority)
{
    struct mrpc_client_call *call = attempt->call;
    if (call->has_token && !mrpc_client_connection_is_private(connection)) {
        mrpc_call_core_end(call, MRPC_UNAUTHENTICATED, "a bearer token is not sent over clear text to another machine");
        return;
    }
    size_t count;
    const struct mrpc_request_field *fields =
        mrpc_call_fields_of_attempt(call, attempt->previous, mrpc_clock_ms(), &count);
    attempt->stream.arena = call->arena;
    int error = mrpc_client_session_open(mrpc_client_connection_session(connection), &attempt->stream,
                                         call->method->path, authority, fields, count);
    if (error) {
        bool too_much = error == MRPC_ERR_LIMIT;
        mrpc_call_core_end(call, MRPC_RESOURCE_EXHAUSTED,
                           too_much ? "the call's metadata is more than the server takes" : "out of memory");
        return;
    }
    attempt->connection = connection;
    mrpc_client_connection_touch(connection);
}

void mrpc_attempt_fail(struct mrpc_client_attempt *attempt, enum mrpc_code code, const char *text)
{
    static const struct mrpc_metadata none = {0};
    leave(attempt);
    mrpc_channel_withdraw(attempt->call->channel, attempt);
    mrpc_call_core_attempt_ended(attempt->call, attempt,
                                 &(struct mrpc_stream_end){.code = code, .message = text, .trailers = &none});
}
