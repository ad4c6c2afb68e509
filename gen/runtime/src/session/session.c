/* SPDX-License-Identifier: Apache-2.0 */

/* A connection's life: bytes go in, what streams have to say comes out, and the end, which comes from the peer, from a
 * budget or from the wire, leaves no stream behind. */

#include "session/session.h"

#include "http1/connection.h"

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
    if (mrpc_h2_begin(session) != 0 ||
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
    mrpc_http1_free(session->http1);
    session->http1 = NULL;
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

void mrpc_session_abort(struct mrpc_session *session, uint32_t code, const char *reason)
{
    if (session->state == SESSION_FINISHED)
        return;
    if (session->state == SESSION_OPEN)
        session->wire->last_words(session, code, reason);
    session->state = SESSION_FINISHED;
    mrpc_session_reject(session, reason);
    close_streams(session);
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
    }
    if (session->state != SESSION_FINISHED && size > 0)
        session->wire->feed(session, bytes, size);
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

void mrpc_session_flush(struct mrpc_session *session)
{
    if (session->state != SESSION_OPEN || session->flushing)
        return;
    session->flushing = true;
    if (session->output.pending_bytes == 0)
        session->consumed_ms = session->now_ms;
    do {
        session->wire->pull(session);
    } while (session->state == SESSION_OPEN && tell_writable(session) &&
             session->output.pending_bytes < SESSION_OUTPUT_HIGH_BYTES);
    session->flushing = false;
    if (session->state == SESSION_OPEN && session->wire->over(session)) {
        session->state = SESSION_FINISHED;
        close_streams(session);
    }
    mrpc_stall_watch(session);
}

bool mrpc_session_want_read(const struct mrpc_session *session)
{
    return session->state != SESSION_FINISHED && session->output.pending_bytes < SESSION_OUTPUT_HIGH_BYTES &&
           session->wire->want_read(session);
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
