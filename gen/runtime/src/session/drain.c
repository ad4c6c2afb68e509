/* SPDX-License-Identifier: Apache-2.0 */

/* Leaving without losing a call. A client may have sent requests that we have not seen when we say GOAWAY, so we say it
 * twice: first with the highest id there is, which only asks for no more, then, one round trip later (the PING tells),
 * with the last id that we did serve. When the last stream has ended nghttp2 wants nothing more and the session is
 * finished. Source: RFC 9113 section 6.8; gRFC A9. */

#include "session/session.h"

/* A peer that does not answer the PING is not waited for. */
#define PING_WAIT_MS 5000

static void say_last(struct mrpc_session *session)
{
    if (session->drain != DRAIN_NOTICED)
        return;
    session->drain = DRAIN_LAST;
    mrpc_timers_clear(&session->timers, &session->drain_step);
    int32_t last = nghttp2_session_get_last_proc_stream_id(session->h2);
    (void)nghttp2_submit_goaway(session->h2, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0);
}

static void ping_unanswered(struct mrpc_timer *timer)
{
    say_last(MRPC_CONTAINER_OF(timer, struct mrpc_session, drain_step));
}

void mrpc_drain_begin(struct mrpc_session *session)
{
    if (session->state == SESSION_PREFACE)
        session->state = SESSION_FINISHED;
    if (session->state == SESSION_FINISHED || session->drain != DRAIN_NO)
        return;
    session->wire->drain(session);
}

void mrpc_drain_h2(struct mrpc_session *session)
{
    session->drain = DRAIN_NOTICED;
    (void)nghttp2_submit_shutdown_notice(session->h2);
    (void)nghttp2_submit_ping(session->h2, NGHTTP2_FLAG_NONE, NULL);
    if (mrpc_session_after(session, &session->drain_step, PING_WAIT_MS, ping_unanswered) != 0)
        say_last(session);
}

void mrpc_drain_pinged(struct mrpc_session *session)
{
    say_last(session);
}
