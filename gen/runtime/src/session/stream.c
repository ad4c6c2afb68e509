/* SPDX-License-Identifier: Apache-2.0 */

/* A stream's place in its session: opened with the request's first header, closed when nghttp2 has no more use for it
 * or the connection ends. */

#include "session/session.h"

static void lay_out(struct mrpc_stream *stream)
{
    struct stream_desk *desk = stream->desk;
    desk->stream = stream;
    desk->encoding = MRPC_ENCODING_IDENTITY;
    desk->accept_encodings = MRPC_ENCODING_IDENTITY;
    desk->timeout_ms = -1;
    desk->metadata.arena = desk->arena;
    mrpc_assembler_init(&desk->assembler, stream->session->limits->receive_message_bytes, MRPC_ENCODING_IDENTITY);
}

void mrpc_stream_open(struct mrpc_session *session, struct mrpc_stream *stream, int32_t id)
{
    stream->session = session;
    stream->id = id;
    stream->response_encoding = MRPC_ENCODING_IDENTITY;
    stream->progressed_ms = session->now_ms;
    lay_out(stream);
    stream->next = session->streams;
    if (stream->next != NULL)
        stream->next->previous = stream;
    session->streams = stream;
    session->stream_count++;
    session->counts.streams_opened++;
    session->counts.last_stream_ms = session->now_ms;
}

static void unlink_stream(struct mrpc_stream *stream)
{
    struct mrpc_session *session = stream->session;
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        session->streams = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    stream->next = stream->previous = NULL;
    if (--session->stream_count == 0)
        session->idle_since_ms = session->now_ms;
    if (!stream->in_writable_list)
        return;
    struct mrpc_stream **at = &session->writable;
    while (*at != stream)
        at = &(*at)->next_writable;
    *at = stream->next_writable;
    stream->in_writable_list = 0;
}

void mrpc_stream_close(struct mrpc_stream *stream)
{
    struct mrpc_session *session = stream->session;
    unlink_stream(stream);
    if (session->recent == stream)
        session->recent = NULL;
    mrpc_send_fini(stream);
    if (stream->desk != NULL) {
        mrpc_timers_clear(&session->timers, &stream->desk->deadline);
        mrpc_timers_clear(&session->timers, &stream->desk->message_timer);
        mrpc_data_fini(stream);
    }
    stream->session = NULL;
    session->events->closed(stream);
}

struct stream_desk *mrpc_stream_clear_desk(struct mrpc_stream *stream)
{
    struct stream_desk *desk = stream->desk;
    if (stream->session == NULL || desk == NULL || stream->dialect != MRPC_DIALECT_GRPC || desk->route != NULL ||
        !stream->half_close_told || stream->delivering || desk->direct != NULL || desk->deadline.place != 0 ||
        stream->ended)
        return NULL;
    mrpc_timers_clear(&stream->session->timers, &desk->message_timer);
    mrpc_data_fini(stream);
    stream->desk = NULL;
    return desk;
}

bool mrpc_stream_take_desk(struct mrpc_stream *stream)
{
    if (stream->desk != NULL)
        return true;
    stream->desk = stream->session->events->desk(stream);
    if (stream->desk != NULL)
        lay_out(stream);
    return stream->desk != NULL;
}

static void deadline_reached(struct mrpc_timer *timer)
{
    struct mrpc_stream *stream = MRPC_CONTAINER_OF(timer, struct stream_desk, deadline)->stream;
    stream->session->events->deadline(stream);
}

void mrpc_stream_set_deadline(struct mrpc_stream *stream, int64_t at_ms)
{
    stream->desk->deadline.fire = deadline_reached;
    if (mrpc_timers_set(&stream->session->timers, &stream->desk->deadline, at_ms) != 0)
        stream->session->events->fault(stream, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

void mrpc_stream_reset(struct mrpc_stream *stream, uint32_t code)
{
    if (stream->session == NULL)
        return;
    stream->ended = 1;
    mrpc_stream_discard(stream);
    stream->session->wire->reset(stream, code);
}
