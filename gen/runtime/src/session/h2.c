/* SPDX-License-Identifier: Apache-2.0 */

/* HTTP/2 as a session's wire: bytes to and from nghttp2, and what streams ask of it. */

#include <string.h>

#include "session/session.h"

/* Acknowledgements and resets that a peer makes us queue without reading them. */
#define CONTROL_FRAMES_MAX 1000
#define SETTINGS_NO_RFC7540_PRIORITIES 0x9

static int submit_settings(struct mrpc_session *session)
{
    const struct mrpc_limits *limits = session->limits;
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->concurrent_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits->stream_window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits->header_list_bytes},
        {SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    int rv = nghttp2_submit_settings(session->h2, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(*settings));
    if (rv != 0)
        return rv;
    return nghttp2_session_set_local_window_size(session->h2, NGHTTP2_FLAG_NONE, 0,
                                                 (int32_t)limits->connection_window_bytes);
}

int mrpc_h2_begin(struct mrpc_session *session)
{
    session->wire = &mrpc_wire_h2;
    session->h2 = mrpc_session_h2_new(session);
    return session->h2 != NULL && submit_settings(session) == 0 ? 0 : MRPC_ERR_NOMEM;
}

static void put_u32(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

/* Written by hand: when nghttp2 has failed, or was made to, it is not asked again. The output ends at a frame's
 * edge. */
static void append_goaway(struct mrpc_session *session, uint32_t code, const char *debug)
{
    size_t debug_bytes = strlen(debug);
    uint8_t frame[17] = {0};
    put_u32(frame, (uint32_t)(8 + debug_bytes) << 8 | NGHTTP2_GOAWAY);
    put_u32(frame + 9, (uint32_t)nghttp2_session_get_last_proc_stream_id(session->h2));
    put_u32(frame + 13, code);
    if (mrpc_output_append(&session->output, frame, sizeof(frame)) == 0)
        (void)!mrpc_output_append(&session->output, debug, debug_bytes);
}

/* After nghttp2 has returned an error: ours, if a callback made it fail, or one of its own. */
static void abort_after(struct mrpc_session *session, int error)
{
    if (session->doom != NULL)
        mrpc_session_abort(session, session->doom_code, session->doom);
    else if (error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS)
        mrpc_session_abort(session, NGHTTP2_ENHANCE_YOUR_CALM, "continuations");
    else if (error == NGHTTP2_ERR_FLOODED)
        mrpc_session_abort(session, NGHTTP2_ENHANCE_YOUR_CALM, "flooded");
    else if (error == NGHTTP2_ERR_NOMEM)
        mrpc_session_abort(session, NGHTTP2_INTERNAL_ERROR, "out_of_memory");
    else
        mrpc_session_abort(session, NGHTTP2_PROTOCOL_ERROR, "protocol_error");
}

static void feed_h2(struct mrpc_session *session, const uint8_t *bytes, size_t size)
{
    ssize_t rv = nghttp2_session_mem_recv(session->h2, bytes, size);
    if (rv < 0 || session->doom != NULL)
        abort_after(session, (int)rv);
}

void mrpc_h2_take_magic(struct mrpc_session *session)
{
    feed_h2(session, (const uint8_t *)NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
}

static void feed(struct mrpc_session *session, const uint8_t *bytes, size_t size)
{
    if (mrpc_stream_id_scan(session, bytes, size))
        feed_h2(session, bytes, size);
    else
        abort_after(session, 0);
}

static void pull(struct mrpc_session *session)
{
    while (session->output.pending_bytes < SESSION_OUTPUT_HIGH_BYTES) {
        const uint8_t *bytes;
        ssize_t n = nghttp2_session_mem_send(session->h2, &bytes);
        if (n > 0 && mrpc_output_append(&session->output, bytes, (size_t)n) != 0)
            n = NGHTTP2_ERR_NOMEM;
        if (n < 0 || session->doom != NULL)
            abort_after(session, (int)n);
        if (n <= 0 || session->state == SESSION_FINISHED)
            return;
    }
}

static bool want_read(const struct mrpc_session *session)
{
    return nghttp2_session_get_outbound_queue_size(session->h2) < CONTROL_FRAMES_MAX;
}

static bool over(const struct mrpc_session *session)
{
    return nghttp2_session_want_read(session->h2) == 0 && nghttp2_session_want_write(session->h2) == 0;
}

static int head(struct mrpc_stream *stream, const nghttp2_nv *head, size_t count)
{
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = mrpc_send_read};
    return nghttp2_submit_response(stream->session->h2, stream->id, head, count, stream->bodiless ? NULL : &provider);
}

static void resume(struct mrpc_stream *stream)
{
    (void)nghttp2_session_resume_data(stream->session->h2, stream->id);
}

static void reset(struct mrpc_stream *stream, uint32_t code)
{
    (void)nghttp2_submit_rst_stream(stream->session->h2, NGHTTP2_FLAG_NONE, stream->id, code);
}

static void taken(struct mrpc_stream *stream, size_t bytes)
{
    (void)nghttp2_session_consume_stream(stream->session->h2, stream->id, bytes);
}

const struct session_wire mrpc_wire_h2 = {
    .feed = feed,
    .pull = pull,
    .want_read = want_read,
    .over = over,
    .drain = mrpc_drain_h2,
    .last_words = append_goaway,
    .head = head,
    .resume = resume,
    .reset = reset,
    .taken = taken,
};
