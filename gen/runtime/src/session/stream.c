/* SPDX-License-Identifier: Apache-2.0 */

/* A stream's place in its session: opened with the request's first header, closed when nghttp2 has no more use for it
 * or the connection ends. */

#include "session/session.h"

void mrpc_stream_open(struct mrpc_session *session, struct mrpc_stream *stream, int32_t id)
{
    stream->session = session;
    stream->id = id;
    stream->encoding = MRPC_ENCODING_IDENTITY;
    stream->response_encoding = MRPC_ENCODING_IDENTITY;
    stream->accept_encodings = MRPC_ENCODING_IDENTITY;
    stream->timeout_ms = -1;
    stream->metadata.arena = stream->arena;
    stream->progressed_ms = session->now_ms;
    mrpc_assembler_init(&stream->assembler, session->limits->receive_message_bytes, MRPC_ENCODING_IDENTITY);
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
    mrpc_timers_clear(&session->timers, &stream->deadline);
    mrpc_timers_clear(&session->timers, &stream->message_timer);
    mrpc_data_fini(stream);
    mrpc_send_fini(stream);
    stream->session = NULL;
    session->events->closed(stream);
}

static void deadline_reached(struct mrpc_timer *timer)
{
    struct mrpc_stream *stream = MRPC_CONTAINER_OF(timer, struct mrpc_stream, deadline);
    stream->session->events->deadline(stream);
}

void mrpc_stream_set_deadline(struct mrpc_stream *stream, int64_t at_ms)
{
    stream->deadline.fire = deadline_reached;
    if (mrpc_timers_set(&stream->session->timers, &stream->deadline, at_ms) != 0)
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
