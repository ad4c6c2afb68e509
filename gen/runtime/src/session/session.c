/* SPDX-License-Identifier: Apache-2.0 */

/* A connection's life: bytes go in, what streams have to say comes out, and the end, which comes from the peer, from a
 * budget or from nghttp2, leaves no stream behind. */

#include "session/session.h"

#include <string.h>

/* Acknowledgements and resets that a peer makes us queue without reading them. */
#define CONTROL_FRAMES_MAX 1000
#define SETTINGS_NO_RFC7540_PRIORITIES 0x9

int mrpc_session_after(struct mrpc_session *session, struct mrpc_timer *timer, int64_t after_ms,
                       void (*fire)(struct mrpc_timer *timer))
{
    timer->fire = fire;
    return mrpc_timers_set(&session->timers, timer, session->now_ms + after_ms);
}

void mrpc_session_reject(struct mrpc_session *session, const char *reason)
{
    session->events->rejected(session->owner, reason);
}

static void handshake_late(struct mrpc_timer *timer)
{
    struct mrpc_session *session = MRPC_CONTAINER_OF(timer, struct mrpc_session, handshake);
    if (session->state == SESSION_OPEN) {
        mrpc_session_abort(session, NGHTTP2_SETTINGS_TIMEOUT, "settings_timeout");
        return;
    }
    session->state = SESSION_FINISHED;
    mrpc_session_reject(session, "handshake_timeout");
}

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

int mrpc_session_init(struct mrpc_session *session, const struct mrpc_limits *limits, struct session_memory *memory,
                      const struct session_events *events, void *owner, int64_t now_ms)
{
    *session = (struct mrpc_session){
        .limits = limits,
        .memory = memory,
        .events = events,
        .owner = owner,
        .now_ms = now_ms,
        .output.spare = &memory->spare_output,
    };
    session->h2 = mrpc_session_h2_new(session);
    if (session->h2 == NULL || submit_settings(session) != 0 ||
        mrpc_session_after(session, &session->handshake, limits->handshake_timeout_ms, handshake_late) != 0) {
        mrpc_session_fini(session);
        return MRPC_ERR_NOMEM;
    }
    mrpc_keepalive_start(session);
    return 0;
}

static void close_streams(struct mrpc_session *session)
{
    while (session->streams != NULL)
        mrpc_stream_close(session->streams);
}

void mrpc_session_fini(struct mrpc_session *session)
{
    session->state = SESSION_FINISHED;
    close_streams(session);
    nghttp2_session_del(session->h2);
    session->h2 = NULL;
    mrpc_output_fini(&session->output);
    mrpc_timers_fini(&session->timers);
}

int mrpc_session_doom(struct mrpc_session *session, uint32_t code, const char *reason)
{
    if (session->doom == NULL) {
        session->doom = reason;
        session->doom_code = code;
    }
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static void put_u32(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 24);
    out[1] = (uint8_t)(value >> 16);
    out[2] = (uint8_t)(value >> 8);
    out[3] = (uint8_t)value;
}

/* Written by hand: when nghttp2 has failed, or was made to, it is not asked again. The output ends at a frame's edge. */
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

void mrpc_session_abort(struct mrpc_session *session, uint32_t code, const char *reason)
{
    if (session->state == SESSION_FINISHED)
        return;
    if (session->state == SESSION_OPEN)
        append_goaway(session, code, reason);
    session->state = SESSION_FINISHED;
    mrpc_session_reject(session, reason);
    close_streams(session);
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

void mrpc_session_feed(struct mrpc_session *session, int64_t now_ms, const uint8_t *bytes, size_t size)
{
    session->now_ms = now_ms;
    session->received_ms = now_ms;
    if (session->state == SESSION_PREFACE) {
        size_t taken = mrpc_preface_take(session, bytes, size);
        if (session->state != SESSION_OPEN)
            return;
        bytes += taken;
        size -= taken;
        feed_h2(session, session->magic, sizeof(session->magic));
    }
    if (session->state == SESSION_FINISHED || size == 0)
        return;
    if (mrpc_stream_id_scan(session, bytes, size))
        feed_h2(session, bytes, size);
    else
        abort_after(session, 0);
}

/* Owners that wait for room. They may send more, finish or reset. */
static bool tell_writable(struct mrpc_session *session)
{
    bool any = false;
    while (session->writable != NULL) {
        struct mrpc_stream *stream = session->writable;
        session->writable = stream->next_writable;
        stream->in_writable_list = 0;
        session->events->writable(stream);
        any = true;
    }
    return any;
}

static void pull_frames(struct mrpc_session *session)
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

void mrpc_session_flush(struct mrpc_session *session)
{
    if (session->state != SESSION_OPEN || session->flushing)
        return;
    session->flushing = true;
    if (session->output.pending_bytes == 0)
        session->consumed_ms = session->now_ms;
    do {
        pull_frames(session);
    } while (session->state == SESSION_OPEN && tell_writable(session) &&
             session->output.pending_bytes < SESSION_OUTPUT_HIGH_BYTES);
    session->flushing = false;
    if (session->state == SESSION_OPEN && nghttp2_session_want_read(session->h2) == 0 &&
        nghttp2_session_want_write(session->h2) == 0) {
        session->state = SESSION_FINISHED;
        close_streams(session);
    }
    mrpc_stall_watch(session);
}

bool mrpc_session_want_read(const struct mrpc_session *session)
{
    return session->state != SESSION_FINISHED && session->output.pending_bytes < SESSION_OUTPUT_HIGH_BYTES &&
           nghttp2_session_get_outbound_queue_size(session->h2) < CONTROL_FRAMES_MAX;
}

void mrpc_session_run_timers(struct mrpc_session *session, int64_t now_ms)
{
    session->now_ms = now_ms;
    if (session->state != SESSION_FINISHED)
        mrpc_timers_run(&session->timers, now_ms);
}

void mrpc_session_consume(struct mrpc_session *session, int64_t now_ms, size_t size)
{
    session->now_ms = now_ms;
    session->consumed_ms = now_ms;
    mrpc_output_consume(&session->output, size);
}

bool mrpc_session_finished(const struct mrpc_session *session)
{
    return session->state == SESSION_FINISHED;
}

int64_t mrpc_session_next_timeout_ms(const struct mrpc_session *session, int64_t now_ms)
{
    int64_t next = mrpc_timers_next_ms(&session->timers);
    if (next == INT64_MAX || session->state == SESSION_FINISHED)
        return -1;
    return next > now_ms ? next - now_ms : 0;
}

size_t mrpc_session_streams(const struct mrpc_session *session)
{
    return session->stream_count;
}
