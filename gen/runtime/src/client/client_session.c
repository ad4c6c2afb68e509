/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "client/status_map.h"
#include "session/memory.h"

/* A stream's window bounds what we hold for a reader that does not read; the connection's is given back at once, so
 * that a slow stream does not stop the others. */
#define STREAM_WINDOW_BYTES (256 * 1024)
#define CONNECTION_WINDOW_BYTES (4 * 1024 * 1024)
#define HEADER_LIST_MAX_BYTES (64 * 1024)
#define HEADER_OVERHEAD_BYTES 32
/* nghttp2 counts each read that brings a part of a CONTINUATION's frame header: nine for one that comes byte by byte.
 * Its default of 8 would refuse that; what a header block may hold is bounded by HEADER_LIST_MAX_BYTES. */
#define CONTINUATIONS_MAX 256
#define TOO_MANY_PINGS "too_many_pings"

struct mrpc_client_session {
    struct mrpc_client_session_config config;
    const struct mrpc_client_session_events *events;
    void *arg;
    nghttp2_session *http2;
    struct mrpc_client_stream *streams;
    size_t stream_count;
    struct mrpc_buffer *out; /* only within produce() */
    bool ready;
    bool draining;
    uint32_t own_error; /* of the GOAWAY that we sent */
    bool ping_sent;
    int64_t now_ms;
    int64_t last_read_ms;
    int64_t ping_at_ms; /* when the PING went out */
};

static void attach(struct mrpc_client_session *session, struct mrpc_client_stream *stream)
{
    stream->session = session;
    stream->next = session->streams;
    if (stream->next)
        stream->next->link = &stream->next;
    stream->link = &session->streams;
    session->streams = stream;
    session->stream_count++;
}

static void detach(struct mrpc_client_stream *stream)
{
    struct mrpc_client_session *session = stream->session;
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    if (stream->http2_open)
        (void)nghttp2_session_set_stream_user_data(session->http2, stream->id, NULL);
    stream->session = NULL;
    session->stream_count--;
}

static void reset(struct mrpc_client_stream *stream, uint32_t http2_error_code)
{
    if (stream->http2_open)
        (void)nghttp2_submit_rst_stream(stream->session->http2, NGHTTP2_FLAG_NONE, stream->id, http2_error_code);
}

static void close_stream(struct mrpc_client_stream *stream, const struct mrpc_stream_end *end)
{
    detach(stream);
    stream->events->closed(stream, end);
}

/* END_STREAM is in. The rest of the request is of no use to anyone: RFC 9113 section 8.1. */
static void conclude(struct mrpc_client_stream *stream)
{
    struct mrpc_stream_end end;
    if (!stream->last_sent)
        reset(stream, NGHTTP2_NO_ERROR);
    mrpc_client_stream_conclude(stream, &end);
    close_stream(stream, &end);
}

static void conclude_if_drained(struct mrpc_client_stream *stream)
{
    if (stream->session && stream->remote_ended && mrpc_buffer_size(&stream->held) == 0 && !stream->feeding)
        conclude(stream);
}

/* The response breaks a rule: the call ends with what we found. */
static void end_with_failure(struct mrpc_client_stream *stream)
{
    struct mrpc_stream_end end;
    mrpc_client_stream_conclude(stream, &end);
    close_stream(stream, &end);
}

static void give_up(struct mrpc_client_stream *stream)
{
    if (!stream->session)
        return;
    reset(stream, NGHTTP2_CANCEL);
    end_with_failure(stream);
}

static void give_back(struct mrpc_client_stream *stream, size_t bytes)
{
    if (bytes > 0 && stream->session && stream->http2_open)
        (void)nghttp2_session_consume_stream(stream->session->http2, stream->id, bytes);
}

/* nghttp2's callbacks. */

static struct mrpc_client_stream *find(nghttp2_session *http2, int32_t id)
{
    return id > 0 ? nghttp2_session_get_stream_user_data(http2, id) : NULL;
}

static int on_begin_headers(nghttp2_session *http2, const nghttp2_frame *frame, void *user_data)
{
    struct mrpc_client_stream *stream = find(http2, frame->hd.stream_id);
    if (stream && frame->hd.type == NGHTTP2_HEADERS && stream->phase == MRPC_STREAM_BODY)
        stream->phase = MRPC_STREAM_TRAILERS;
    return 0;
}

static int on_header(nghttp2_session *http2, const nghttp2_frame *frame, const uint8_t *name, size_t name_bytes,
                     const uint8_t *value, size_t value_bytes, uint8_t flags, void *user_data)
{
    struct mrpc_client_stream *stream = find(http2, frame->hd.stream_id);
    if (!stream || frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    mrpc_client_stream_header(stream, (const char *)name, name_bytes, (const char *)value, value_bytes);
    if (!stream->failure)
        return 0;
    end_with_failure(stream);
    /* nghttp2 resets the stream and goes on decoding, so that HPACK stays in step. */
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* A field that HTTP does not allow is left out. Without this callback nghttp2 would reset the stream; but odd metadata
 * does not fail a call. */
static int on_invalid_header(nghttp2_session *http2, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                             nghttp2_rcbuf *value, uint8_t flags, void *user_data)
{
    return 0;
}

static int on_data(nghttp2_session *http2, uint8_t flags, int32_t id, const uint8_t *bytes, size_t size,
                   void *user_data)
{
    struct mrpc_client_stream *stream = find(http2, id);
    size_t consumed = 0;
    if (nghttp2_session_consume_connection(http2, size) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (!stream)
        return 0;
    if (!mrpc_client_stream_data(stream, bytes, size, &consumed))
        give_up(stream);
    give_back(stream, consumed);
    return 0;
}

static bool says_too_many_pings(const nghttp2_goaway *goaway)
{
    return goaway->error_code == NGHTTP2_ENHANCE_YOUR_CALM && goaway->opaque_data_len == strlen(TOO_MANY_PINGS) &&
           memcmp(goaway->opaque_data, TOO_MANY_PINGS, goaway->opaque_data_len) == 0;
}

static void on_goaway(struct mrpc_client_session *session, const nghttp2_goaway *goaway)
{
    if (session->draining)
        return;
    session->draining = true;
    session->events->draining(session->arg, says_too_many_pings(goaway));
}

static void on_settings(struct mrpc_client_session *session, const nghttp2_frame *frame)
{
    if (frame->hd.flags & NGHTTP2_FLAG_ACK)
        return;
    if (session->ready)
        return;
    session->ready = true;
    session->events->ready(session->arg);
}

static void on_stream_frame(struct mrpc_client_stream *stream, const nghttp2_frame *frame)
{
    bool end_stream = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.type == NGHTTP2_HEADERS && !mrpc_client_stream_headers_done(stream, end_stream)) {
        give_up(stream);
        return;
    }
    if (frame->hd.type == NGHTTP2_DATA && end_stream)
        stream->remote_ended = true;
    conclude_if_drained(stream);
}

static int on_frame_recv(nghttp2_session *http2, const nghttp2_frame *frame, void *user_data)
{
    struct mrpc_client_session *session = user_data;
    struct mrpc_client_stream *stream;
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
        on_settings(session, frame);
        break;
    case NGHTTP2_GOAWAY:
        on_goaway(session, &frame->goaway);
        break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        stream = find(http2, frame->hd.stream_id);
        if (stream)
            on_stream_frame(stream, frame);
        break;
    default:
        break;
    }
    return 0;
}

static int on_frame_send(nghttp2_session *http2, const nghttp2_frame *frame, void *user_data)
{
    struct mrpc_client_session *session = user_data;
    struct mrpc_client_stream *stream = find(http2, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_GOAWAY)
        session->own_error = frame->goaway.error_code;
    if (!stream)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS)
        stream->sent = true;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM && frame->hd.type <= NGHTTP2_HEADERS)
        stream->last_sent = true;
    return 0;
}

static int on_stream_close(nghttp2_session *http2, int32_t id, uint32_t http2_error_code, void *user_data)
{
    struct mrpc_client_stream *stream = find(http2, id);
    if (!stream)
        return 0;
    stream->http2_open = false;
    if (stream->remote_ended) { /* closed() waits for the reader */
        conclude_if_drained(stream);
        return 0;
    }
    char text[64];
    snprintf(text, sizeof text, "the stream was reset: %s", mrpc_http2_error_name(http2_error_code));
    struct mrpc_stream_end end = {.code = mrpc_code_from_reset(http2_error_code),
                                  .message = text,
                                  .trailers = &stream->trailers,
                                  .reset = true,
                                  .never_sent = !stream->sent};
    end.unprocessed =
        end.never_sent || (http2_error_code == NGHTTP2_REFUSED_STREAM && stream->phase == MRPC_STREAM_HEADERS);
    if (end.never_sent)
        end.code = MRPC_UNAVAILABLE;
    close_stream(stream, &end);
    return 0;
}

static ssize_t read_outgoing(nghttp2_session *http2, int32_t id, uint8_t *buffer, size_t limit, uint32_t *data_flags,
                             nghttp2_data_source *source, void *user_data)
{
    struct mrpc_client_stream *stream = find(http2, id);
    if (!stream) /* cancelled: its RST_STREAM is on the way */
        return NGHTTP2_ERR_DEFERRED;
    bool last = false;
    size_t size = stream->events->outgoing(stream, &last);
    if (size == 0 && !last)
        return NGHTTP2_ERR_DEFERRED;
    *data_flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (size <= limit && last)
        *data_flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)(size <= limit ? size : limit);
}

#define FRAME_HEADER_BYTES 9

static int send_data(nghttp2_session *http2, nghttp2_frame *frame, const uint8_t *frame_header, size_t size,
                     nghttp2_data_source *source, void *user_data)
{
    struct mrpc_client_session *session = user_data;
    struct mrpc_client_stream *stream = find(http2, frame->hd.stream_id);
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    uint8_t *at = mrpc_buffer_reserve(session->out, FRAME_HEADER_BYTES + size);
    if (!at)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(at, frame_header, FRAME_HEADER_BYTES); /* we never pad */
    if (size > 0)
        stream->events->take(stream, at + FRAME_HEADER_BYTES, size);
    mrpc_buffer_commit(session->out, FRAME_HEADER_BYTES + size);
    return 0;
}

static int set_callbacks(nghttp2_session_callbacks **out)
{
    if (nghttp2_session_callbacks_new(out) != 0)
        return MRPC_ERR_NOMEM;
    nghttp2_session_callbacks_set_on_begin_headers_callback(*out, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(*out, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(*out, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(*out, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(*out, on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(*out, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(*out, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(*out, send_data);
    return 0;
}

static int make_http2(struct mrpc_client_session *session)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int error = set_callbacks(&callbacks);
    if (!error && nghttp2_option_new(&option) != 0)
        error = MRPC_ERR_NOMEM;
    if (!error) {
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_max_continuations(option, CONTINUATIONS_MAX);
        nghttp2_mem *memory = session->config.memory ? &session->config.memory->h2 : NULL;
        if (nghttp2_session_client_new3(&session->http2, callbacks, session, option, memory) != 0)
            error = MRPC_ERR_NOMEM;
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return error;
}

static int submit_settings(struct mrpc_client_session *session)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_MAX_BYTES},
    };
    if (nghttp2_submit_settings(session->http2, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof settings[0]) != 0)
        return MRPC_ERR_NOMEM;
    if (nghttp2_session_set_local_window_size(session->http2, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW_BYTES) != 0)
        return MRPC_ERR_NOMEM;
    return 0;
}

int mrpc_client_session_new(const struct mrpc_client_session_config *config,
                            const struct mrpc_client_session_events *events, void *arg, int64_t now_ms,
                            struct mrpc_client_session **out)
{
    struct mrpc_client_session *session = calloc(1, sizeof *session);
    if (!session)
        return MRPC_ERR_NOMEM;
    session->config = *config;
    session->events = events;
    session->arg = arg;
    session->now_ms = session->last_read_ms = now_ms;
    int error = make_http2(session);
    if (!error)
        error = submit_settings(session);
    if (error) {
        mrpc_client_session_free(session);
        return error;
    }
    *out = session;
    return 0;
}

void mrpc_client_session_free(struct mrpc_client_session *session)
{
    if (!session)
        return;
    while (session->streams)
        detach(session->streams);
    nghttp2_session_del(session->http2);
    free(session);
}

int mrpc_client_session_receive(struct mrpc_client_session *session, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    session->now_ms = session->last_read_ms = now_ms;
    session->ping_sent = false; /* any byte shows that the peer lives */
    ssize_t used = nghttp2_session_mem_recv(session->http2, bytes, size);
    if (used < 0)
        return used == NGHTTP2_ERR_NOMEM ? MRPC_ERR_NOMEM : MRPC_ERR_MALFORMED;
    return 0;
}

int mrpc_client_session_produce(struct mrpc_client_session *session, struct mrpc_buffer *out, size_t limit_bytes)
{
    int error = 0;
    session->out = out;
    while (!error && mrpc_buffer_size(out) < limit_bytes) {
        const uint8_t *bytes;
        size_t before = mrpc_buffer_size(out);
        ssize_t size = nghttp2_session_mem_send(session->http2, &bytes);
        if (size < 0)
            error = MRPC_ERR_NOMEM;
        else if (size > 0)
            error = mrpc_buffer_append(out, bytes, (size_t)size);
        else if (mrpc_buffer_size(out) == before)
            break;
    }
    session->out = NULL;
    return error;
}

bool mrpc_client_session_finished(const struct mrpc_client_session *session)
{
    return !nghttp2_session_want_read(session->http2) && !nghttp2_session_want_write(session->http2);
}

uint32_t mrpc_client_session_own_error(const struct mrpc_client_session *session)
{
    return session->own_error;
}

int64_t mrpc_client_session_last_read_ms(const struct mrpc_client_session *session)
{
    return session->last_read_ms;
}

int64_t mrpc_client_session_next_timer_ms(const struct mrpc_client_session *session)
{
    if (session->config.keepalive_time_ms == 0 || session->stream_count == 0)
        return INT64_MAX;
    if (session->ping_sent)
        return session->ping_at_ms + session->config.keepalive_timeout_ms;
    return session->last_read_ms + session->config.keepalive_time_ms;
}

int mrpc_client_session_tick(struct mrpc_client_session *session, int64_t now_ms)
{
    session->now_ms = now_ms;
    if (now_ms < mrpc_client_session_next_timer_ms(session))
        return 0;
    if (session->ping_sent)
        return MRPC_ERR_CLOSED;
    if (nghttp2_submit_ping(session->http2, NGHTTP2_FLAG_NONE, NULL) != 0)
        return MRPC_ERR_NOMEM;
    session->ping_sent = true;
    session->ping_at_ms = now_ms;
    return 0;
}

void mrpc_client_session_lost(struct mrpc_client_session *session, const char *why)
{
    session->draining = true;
    while (session->streams) {
        struct mrpc_client_stream *stream = session->streams;
        struct mrpc_stream_end end = {.code = MRPC_UNAVAILABLE,
                                      .message = why,
                                      .trailers = &stream->trailers,
                                      .never_sent = !stream->sent,
                                      .unprocessed = !stream->sent};
        if (stream->remote_ended) /* it was over; only its reader was slow */
            mrpc_client_stream_conclude(stream, &end);
        close_stream(stream, &end);
    }
}

void mrpc_client_session_drain(struct mrpc_client_session *session)
{
    session->draining = true;
}

void mrpc_client_session_terminate(struct mrpc_client_session *session)
{
    /* Not nghttp2_session_terminate_session(): it drops the resets that are still queued. */
    (void)nghttp2_submit_goaway(session->http2, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
}

bool mrpc_client_session_draining(const struct mrpc_client_session *session)
{
    return session->draining || (session->ready && !nghttp2_session_check_request_allowed(session->http2));
}

size_t mrpc_client_session_stream_count(const struct mrpc_client_session *session)
{
    return session->stream_count;
}

bool mrpc_client_session_can_open(const struct mrpc_client_session *session)
{
    return session->ready && !mrpc_client_session_draining(session) &&
           session->stream_count <
               nghttp2_session_get_remote_settings(session->http2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

static nghttp2_nv field(const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
    /* nghttp2 copies unless told otherwise; the casts are its signature's. */
    return (nghttp2_nv){.name = (uint8_t *)name,
                        .value = (uint8_t *)value,
                        .namelen = name_bytes,
                        .valuelen = value_bytes,
                        .flags = NGHTTP2_NV_FLAG_NONE};
}

#define PSEUDO_FIELDS 4

/* As RFC 9113 section 6.5.2 counts. nghttp2 drops a request that is too large for its own limit, of the same size, as
 * if it had been refused: it must not come to that. */
static bool list_fits(const struct mrpc_client_session *session, const nghttp2_nv *fields, size_t count)
{
    uint32_t allowed = nghttp2_session_get_remote_settings(session->http2, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += fields[i].namelen + fields[i].valuelen + HEADER_OVERHEAD_BYTES;
    return size <= allowed && size <= HEADER_LIST_MAX_BYTES;
}

int mrpc_client_session_open(struct mrpc_client_session *session, struct mrpc_client_stream *stream, const char *path,
                             const char *authority, const struct mrpc_request_field *fields, size_t field_count)
{
    nghttp2_nv headers[PSEUDO_FIELDS + MRPC_REQUEST_FIELDS_MAX];
    if (!mrpc_client_session_can_open(session) || field_count > MRPC_REQUEST_FIELDS_MAX)
        return MRPC_ERR_CLOSED;
    headers[0] = field(":method", 7, "POST", 4);
    headers[1] = field(":scheme", 7, session->config.scheme, strlen(session->config.scheme));
    headers[2] = field(":path", 5, path, strlen(path));
    headers[3] = field(":authority", 10, authority, strlen(authority));
    for (size_t i = 0; i < field_count; i++)
        headers[PSEUDO_FIELDS + i] =
            field(fields[i].name, fields[i].name_bytes, fields[i].value, fields[i].value_bytes);
    if (!list_fits(session, headers, PSEUDO_FIELDS + field_count))
        return MRPC_ERR_LIMIT;
    mrpc_client_stream_begin(stream);
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = read_outgoing};
    int32_t id = nghttp2_submit_request(session->http2, NULL, headers, PSEUDO_FIELDS + field_count, &provider, stream);
    if (id < 0)
        return id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE ? MRPC_ERR_CLOSED : MRPC_ERR_NOMEM;
    stream->id = id;
    stream->http2_open = true;
    if (session->stream_count == 0) /* an idle connection may have been silent for long */
        session->last_read_ms = session->now_ms;
    attach(session, stream);
    return 0;
}

void mrpc_client_stream_resume_sending(struct mrpc_client_stream *stream)
{
    if (stream->session && stream->http2_open && !stream->last_sent)
        (void)nghttp2_session_resume_data(stream->session->http2, stream->id);
}

void mrpc_client_stream_resume_reading(struct mrpc_client_stream *stream)
{
    size_t consumed;
    if (!stream->session || !stream->holding)
        return;
    stream->holding = false;
    if (stream->feeding) /* resumed within message(): the feeding goes on when it returns */
        return;
    if (!mrpc_client_stream_feed_held(stream, &consumed))
        give_up(stream);
    give_back(stream, consumed);
    conclude_if_drained(stream);
}

void mrpc_client_stream_cancel(struct mrpc_client_stream *stream, uint32_t http2_error_code)
{
    if (!stream->session)
        return;
    reset(stream, http2_error_code);
    detach(stream);
}
