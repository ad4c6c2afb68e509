/* SPDX-License-Identifier: Apache-2.0 */

/* Time on a quiet or stuck connection: our PINGs to it, its PINGs to us, how long it may idle, how old it may become
 * and how long it may refuse to take what it asked for.
 *
 * The timers here are not moved at every event, which would cost each call: they fire at their period, look at when the
 * thing they wait for last happened, and set themselves again.
 * Source: gRFC A8 (client-side keepalive and too_many_pings), A9 (server-side connection management). */

#include <string.h>

#include "session/session.h"

#define PING_STRIKES_MAX 2
#define PING_INTERVAL_WITHOUT_STREAMS_MS (2 * 3600 * 1000)

static bool ping_comes_early(struct mrpc_session *session)
{
    int64_t interval = session->limits->ping_interval_min_ms;
    if (session->stream_count == 0 && interval < PING_INTERVAL_WITHOUT_STREAMS_MS)
        interval = PING_INTERVAL_WITHOUT_STREAMS_MS;
    int64_t last = session->counts.last_ping_ms;
    session->counts.last_ping_ms = session->now_ms;
    return last != 0 && session->now_ms - last < interval;
}

int mrpc_ping_received(struct mrpc_session *session, bool ack)
{
    if (ack) {
        session->ping_out = false;
        mrpc_drain_pinged(session);
        return 0;
    }
    if (ping_comes_early(session) && ++session->counts.ping_strikes > PING_STRIKES_MAX)
        return mrpc_session_doom(session, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
    return 0;
}

static void keepalive_due(struct mrpc_timer *timer)
{
    struct mrpc_session *session = MRPC_CONTAINER_OF(timer, struct mrpc_session, keepalive);
    int64_t time_ms = session->limits->keepalive_time_ms;
    int64_t quiet_ms = session->now_ms - session->received_ms;
    if (session->ping_out && quiet_ms >= session->limits->keepalive_timeout_ms) {
        mrpc_session_abort(session, NGHTTP2_NO_ERROR, "keepalive_timeout");
        return;
    }
    session->ping_out = false;
    if (quiet_ms < time_ms) {
        (void)!mrpc_session_after(session, timer, time_ms - quiet_ms, keepalive_due);
        return;
    }
    session->counts.keepalives_sent++;
    session->ping_out = nghttp2_submit_ping(session->h2, NGHTTP2_FLAG_NONE, NULL) == 0;
    (void)!mrpc_session_after(session, timer, session->limits->keepalive_timeout_ms, keepalive_due);
}

static void idle_due(struct mrpc_timer *timer)
{
    struct mrpc_session *session = MRPC_CONTAINER_OF(timer, struct mrpc_session, idle);
    int64_t limit = session->limits->connection_idle_ms;
    int64_t idle_ms = session->stream_count > 0 ? 0 : session->now_ms - session->idle_since_ms;
    if (idle_ms >= limit)
        mrpc_drain_begin(session);
    else
        (void)!mrpc_session_after(session, timer, limit - idle_ms, idle_due);
}

static void grace_over(struct mrpc_timer *timer)
{
    struct mrpc_session *session = MRPC_CONTAINER_OF(timer, struct mrpc_session, age);
    mrpc_session_abort(session, NGHTTP2_NO_ERROR, "connection_age");
}

static void age_due(struct mrpc_timer *timer)
{
    struct mrpc_session *session = MRPC_CONTAINER_OF(timer, struct mrpc_session, age);
    mrpc_drain_begin(session);
    (void)!mrpc_session_after(session, timer, session->limits->connection_age_grace_ms, grace_over);
}

/* Within 10 % of the limit, so that connections made together do not come back together. The address of a session is
 * random enough for that. */
static int64_t jittered_age_ms(const struct mrpc_session *session)
{
    int64_t limit = session->limits->connection_age_ms;
    uint64_t hash = ((uint64_t)(uintptr_t)session ^ (uint64_t)session->now_ms) * UINT64_C(0x9e3779b97f4a7c15);
    return limit - limit / 10 + (int64_t)((hash >> 33) % (uint64_t)(limit / 5 + 1));
}

void mrpc_keepalive_start(struct mrpc_session *session)
{
    session->idle_since_ms = session->received_ms = session->consumed_ms = session->now_ms;
    (void)!mrpc_session_after(session, &session->keepalive, session->limits->keepalive_time_ms, keepalive_due);
    (void)!mrpc_session_after(session, &session->idle, session->limits->connection_idle_ms, idle_due);
    (void)!mrpc_session_after(session, &session->age, jittered_age_ms(session), age_due);
}

/* Streams whose peer gives no window: CVE-2019-9517 and its kin. */
static void reset_stalled(struct mrpc_session *session)
{
    for (struct mrpc_stream *stream = session->streams; stream != NULL; stream = stream->next) {
        if (stream->queued_bytes == 0 ||
            session->now_ms - stream->progressed_ms < (int64_t)session->limits->send_stall_timeout_ms)
            continue;
        mrpc_session_reject(session, "send_stall");
        mrpc_stream_reset(stream, NGHTTP2_CANCEL);
    }
}

static void stall_due(struct mrpc_timer *timer)
{
    struct mrpc_session *session = MRPC_CONTAINER_OF(timer, struct mrpc_session, stall);
    int64_t limit = session->limits->send_stall_timeout_ms;
    if (session->output.pending_bytes > 0 && session->now_ms - session->consumed_ms >= limit) {
        mrpc_session_abort(session, NGHTTP2_NO_ERROR, "output_stall");
        mrpc_output_clear(&session->output);
        return;
    }
    reset_stalled(session);
    mrpc_stall_watch(session);
}

void mrpc_stall_watch(struct mrpc_session *session)
{
    bool waits = session->output.pending_bytes > 0 || session->queued_bytes > 0;
    if (waits && session->stall.place == 0)
        (void)!mrpc_session_after(session, &session->stall, session->limits->send_stall_timeout_ms, stall_due);
}
