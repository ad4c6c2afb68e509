/* SPDX-License-Identifier: Apache-2.0 */

/* Between nghttp2 and the session: the callbacks, each handing over to the file that tells its story. Once the session
 * is doomed every callback fails, so that nghttp2 returns at once and the abort happens outside of it. */

#include "session/session.h"

/* HEADERS and at most 4 CONTINUATION frames; our header list limit fits into one. CVE-2024-28182. */
#define CONTINUATIONS_MAX 4

/* Frames come and go by the stream, several in a row: nghttp2 would look each up in its table, this mostly need not. */
static struct mrpc_stream *find_stream(struct mrpc_session *session, int32_t stream_id)
{
    struct mrpc_stream *stream = session->recent;
    if (stream == NULL || stream->id != stream_id) {
        stream = nghttp2_session_get_stream_user_data(session->h2, stream_id);
        session->recent = stream;
    }
    return stream;
}

/* The stream that a frame came in for. One without a desk had all of its request long ago. */
static struct mrpc_stream *find_taking(struct mrpc_session *session, int32_t stream_id)
{
    struct mrpc_stream *stream = find_stream(session, stream_id);
    return stream != NULL && stream->desk != NULL ? stream : NULL;
}

static int on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *head, void *user_data)
{
    struct mrpc_session *session = user_data;
    return session->doom != NULL ? NGHTTP2_ERR_CALLBACK_FAILURE : mrpc_budget_frame_begins(session, head);
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
    struct mrpc_session *session = user_data;
    if (session->doom != NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    return mrpc_headers_begin(session, frame->hd.stream_id);
}

/* The request is no HTTP. nghttp2 then asks no more about the stream. */
static int malformed(struct mrpc_session *session, int32_t stream_id)
{
    return nghttp2_submit_rst_stream(session->h2, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_PROTOCOL_ERROR);
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_bytes,
                     const uint8_t *value, size_t value_bytes, uint8_t flags, void *user_data)
{
    struct mrpc_session *session = user_data;
    if (session->doom != NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    struct mrpc_stream *stream = find_taking(session, frame->hd.stream_id);
    if (stream == NULL)
        return 0;
    const struct request_header header = {
        .known = mrpc_header_name((const char *)name, name_bytes),
        .name = (const char *)name,
        .name_bytes = name_bytes,
        .value = (const char *)value,
        .value_bytes = value_bytes,
    };
    enum http_verdict verdict = mrpc_http_header(&stream->desk->rules, &header, stream->desk->head_done);
    if (verdict == HTTP_FINE)
        return mrpc_headers_add(session, stream, &header);
    if (verdict == HTTP_ILLEGAL_FIELD)
        mrpc_session_reject(session, "invalid_header");
    int rv = malformed(session, frame->hd.stream_id);
    return rv != 0 ? rv : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t stream_id, const uint8_t *bytes, size_t size,
                         void *user_data)
{
    struct mrpc_session *session = user_data;
    if (session->doom != NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    session->counts.empty_data_run = 0;
    /* One slow stream must not hold the window of the others; what it may hold is bounded by the memory budget. */
    if (nghttp2_session_consume_connection(h2, size) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    struct mrpc_stream *stream = find_taking(session, stream_id);
    if (stream == NULL) {
        (void)nghttp2_session_consume_stream(h2, stream_id, size);
        return 0;
    }
    if (!mrpc_http_data(&stream->desk->rules, size))
        return malformed(session, stream_id);
    stream->last_frame = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
    mrpc_data_received(stream, bytes, size);
    return 0;
}

/* HEADERS or DATA of a stream are whole. */
static int stream_frame_received(struct mrpc_session *session, struct mrpc_stream *stream, const nghttp2_frame *frame)
{
    bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    bool headers = frame->hd.type == NGHTTP2_HEADERS;
    bool begins = headers && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    if ((begins && !mrpc_http_head_whole(&stream->desk->rules)) ||
        (headers && !begins && !ends) ||   /* trailers end a stream: RFC 9113 section 8.1 */
        (ends && !mrpc_http_ended(&stream->desk->rules)))
        return malformed(session, frame->hd.stream_id);
    if (begins) {
        stream->remote_closed = ends;
        mrpc_headers_end(stream);
    }
    if (ends)
        mrpc_data_end(stream);
    return 0;
}

static int on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
    struct mrpc_session *session = user_data;
    if (session->doom != NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    int rv = mrpc_budget_frame_received(session, frame);
    if (rv != 0)
        return rv;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    struct mrpc_stream *stream = find_taking(session, frame->hd.stream_id);
    return stream != NULL ? stream_frame_received(session, stream, frame) : 0;
}

static int on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *user_data)
{
    struct mrpc_session *session = user_data;
    int rv = mrpc_budget_frame_sent(session, frame);
    if (rv != 0)
        return rv;
    bool stream_frame = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!stream_frame || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    /* The call is over though its client goes on sending: ask it to stop. RFC 9113 section 8.1. */
    struct mrpc_stream *stream = find_stream(user_data, frame->hd.stream_id);
    if (stream != NULL && !stream->remote_closed)
        return nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

/* A header block that nghttp2 cannot encode, say. The stream would stay open with nothing left to be said. */
static int on_frame_not_send(nghttp2_session *h2, const nghttp2_frame *frame, int error, void *user_data)
{
    bool stream_frame = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    struct mrpc_stream *stream = stream_frame ? find_stream(user_data, frame->hd.stream_id) : NULL;
    if (stream != NULL)
        mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
    return 0;
}

/* grpc-go leaves with the number of its own last stream, where that of a server's belongs (RFC 9113 6.8). nghttp2 ends
 * the connection, which is over anyway; nobody is to be warned of it. */
static int on_invalid_frame(nghttp2_session *h2, const nghttp2_frame *frame, int error, void *user_data)
{
    struct mrpc_session *session = user_data;
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code == NGHTTP2_NO_ERROR)
        session->said_goodbye = true;
    return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t stream_id, uint32_t code, void *user_data)
{
    struct mrpc_session *session = user_data;
    struct mrpc_stream *stream = find_stream(session, stream_id);
    if (code == NGHTTP2_NO_ERROR)
        session->counts.streams_succeeded++;
    else
        session->counts.streams_failed++;
    if (stream != NULL)
        mrpc_stream_close(stream);
    return 0;
}

static nghttp2_session_callbacks *callbacks_new(void)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, mrpc_send_data);
    return callbacks;
}

nghttp2_session *mrpc_session_h2_new(struct mrpc_session *session)
{
    nghttp2_session_callbacks *callbacks = callbacks_new();
    nghttp2_option *option = NULL;
    nghttp2_session *h2 = NULL;
    if (callbacks != NULL && nghttp2_option_new(&option) == 0) {
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_http_messaging(option, 1);   /* http_rules.c has them */
        nghttp2_option_set_max_continuations(option, CONTINUATIONS_MAX);
        if (nghttp2_session_server_new3(&h2, callbacks, session, option, &session->memory->h2) != 0)
            h2 = NULL;
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return h2;
}
