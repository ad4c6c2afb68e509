/* SPDX-License-Identifier: Apache-2.0 */

/* What a peer may make us do that costs it less than us. nghttp2 1.52 bounds little of it by itself; each function here
 * counts one kind of frame and dooms the connection that sends too many. The attacks and the numbers:
 * docs/internals/limits.md. */

#include "session/session.h"

/* CVE-2023-44487; nghttp2's own numbers, which count only what we have answered */
#define RESETS_RECEIVED_BURST 1000
#define RESETS_RECEIVED_PER_S 33
#define RESETS_SENT_BURST 100         /* CVE-2025-8671, MadeYouReset: faults that make us reset */
#define RESETS_SENT_PER_S 10
#define SETTINGS_BURST 10             /* CVE-2019-9515 */
#define SETTINGS_PER_S 1
#define PRIORITIES_BURST 200          /* CVE-2019-9513 */
#define PRIORITIES_PER_S 20
#define EMPTY_DATA_RUN 1              /* CVE-2019-9518 */
#define WINDOW_UPDATES_BASE 5         /* and 2 for a stream opened, 20 for a DATA frame sent: Envoy's rule */

static int too_many(struct mrpc_session *session, const char *reason)
{
    return mrpc_session_doom(session, NGHTTP2_ENHANCE_YOUR_CALM, reason);
}

static void header_block_late(struct mrpc_timer *timer)
{
    struct mrpc_session *session = MRPC_CONTAINER_OF(timer, struct mrpc_session, header_block);
    mrpc_session_abort(session, NGHTTP2_ENHANCE_YOUR_CALM, "header_block_timeout");
}

void mrpc_budget_half_way(struct mrpc_session *session, bool half_way)
{
    if (!half_way)
        mrpc_timers_clear(&session->timers, &session->header_block);
    else if (session->header_block.place == 0)
        (void)!mrpc_session_after(session, &session->header_block, session->limits->header_block_timeout_ms,
                                  header_block_late);
}

/* on_data_chunk, which follows for real bytes, starts the run again; padding is no payload, but that shows only
 * later. */
static int data_begins(struct mrpc_session *session, const nghttp2_frame_hd *head)
{
    if ((head->flags & NGHTTP2_FLAG_END_STREAM) != 0)
        return 0;
    unsigned run = ++session->counts.empty_data_run;
    unsigned surely_empty = head->length == 0 ? run : run - 1;
    return surely_empty > EMPTY_DATA_RUN ? too_many(session, "empty_data") : 0;
}

int mrpc_budget_frame_begins(struct mrpc_session *session, const nghttp2_frame_hd *head)
{
    switch (head->type) {
    case NGHTTP2_DATA:
        return data_begins(session, head);
    case NGHTTP2_PRIORITY:
        if (!mrpc_bucket_take(&session->counts.priorities, session->now_ms, PRIORITIES_BURST, PRIORITIES_PER_S))
            return too_many(session, "priorities");
        return 0;
    default:
        return 0;
    }
}

static void acknowledged(struct mrpc_session *session)
{
    if (session->settings_acknowledged)
        return;
    session->settings_acknowledged = true;
    mrpc_timers_clear(&session->timers, &session->handshake);
}

static int settings_received(struct mrpc_session *session, bool ack)
{
    if (ack) {
        acknowledged(session);
        return 0;
    }
    if (!mrpc_bucket_take(&session->counts.settings, session->now_ms, SETTINGS_BURST, SETTINGS_PER_S))
        return too_many(session, "settings");
    return 0;
}

int mrpc_budget_frame_received(struct mrpc_session *session, const nghttp2_frame *frame)
{
    struct session_counts *counts = &session->counts;
    bool ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
        return settings_received(session, ack);
    case NGHTTP2_PING:
        return mrpc_ping_received(session, ack);
    case NGHTTP2_RST_STREAM:
        if (!mrpc_bucket_take(&counts->resets_received, session->now_ms, RESETS_RECEIVED_BURST, RESETS_RECEIVED_PER_S))
            return too_many(session, "rapid_reset");
        return 0;
    case NGHTTP2_WINDOW_UPDATE:
        if (++counts->window_updates >
            WINDOW_UPDATES_BASE + 2 * (counts->streams_opened + 10 * counts->data_frames_sent))
            return too_many(session, "window_updates");
        return 0;
    default:
        return 0;
    }
}

static int reset_sent(struct mrpc_session *session, uint32_t code)
{
    if (code == NGHTTP2_NO_ERROR || code == NGHTTP2_CANCEL)
        return 0;   /* ours, in the course of things */
    mrpc_session_reject(session, code == NGHTTP2_REFUSED_STREAM ? "refused_stream" : "stream_error");
    if (!mrpc_bucket_take(&session->counts.resets_sent, session->now_ms, RESETS_SENT_BURST, RESETS_SENT_PER_S))
        return too_many(session, "provoked_resets");
    return 0;
}

/* A peer whose calls we answer may ping as it likes: it measures the path. gRFC A8. */
static void forgive_pings(struct mrpc_session *session)
{
    session->counts.ping_strikes = 0;
    session->counts.last_ping_ms = 0;
}

int mrpc_budget_frame_sent(struct mrpc_session *session, const nghttp2_frame *frame)
{
    switch (frame->hd.type) {
    case NGHTTP2_DATA:
        session->counts.data_frames_sent++;
        forgive_pings(session);
        return 0;
    case NGHTTP2_HEADERS:
        forgive_pings(session);
        return 0;
    case NGHTTP2_RST_STREAM:
        return reset_sent(session, frame->rst_stream.error_code);
    case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR && !session->said_goodbye)
            mrpc_session_reject(session, "protocol_error");
        return 0;
    default:
        return 0;
    }
}
