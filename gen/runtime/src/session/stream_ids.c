/* SPDX-License-Identifier: Apache-2.0 */

/* Which stream a frame may be on, and other things that nghttp2 does not look at when it drops a frame.
 *
 * nghttp2 knows the streams that are open; of those that are not it knows only that their number is not above the
 * highest, and drops frames on them. RFC 9113 section 5.1 wants two kinds told apart:
 *
 *     skipped   the peer went from 3 to 9: 5 and 7 are closed, opening one later is a connection error (5.1.1)
 *     ended     the peer itself said END_STREAM or RST_STREAM: what it sends after that is a connection error
 *
 * Frames on a stream that we have reset are neither: they may have been on their way. For most frames that it drops
 * nghttp2 calls nobody, so the heads of all frames are read here, before it gets them. This is also where a header
 * block, or a frame that is not DATA, is seen to have stopped half-way. */

#include <string.h>

#include "session/session.h"

#define HEAD_BYTES 9
#define PRIORITY_BYTES 5
#define WINDOW_UPDATE_BYTES 4
#define WANTED_BYTES_MAX (HEAD_BYTES + 4)

static uint32_t get_u31(const uint8_t *bytes)
{
    return (uint32_t)(bytes[0] & 0x7f) << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static size_t get_u24(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 16 | (size_t)bytes[1] << 8 | bytes[2];
}

static bool skipped_before(const struct mrpc_session *session, int32_t id)
{
    for (unsigned i = 0; i < SESSION_ID_GAPS && i < session->gap_count; i++)
        if (id >= session->gaps[i].first && id <= session->gaps[i].last)
            return true;
    return false;
}

/* A peer's ids are odd and rise: those next to each other have places of their own. */
static int32_t *ended_place(struct mrpc_session *session, int32_t id)
{
    return &session->ended_ids[((uint32_t)id >> 1) % SESSION_ENDED_IDS];
}

static bool ended_before(struct mrpc_session *session, int32_t id)
{
    return id != 0 && *ended_place(session, id) == id;
}

static void note_ended(struct mrpc_session *session, int32_t id)
{
    *ended_place(session, id) = id;
}

static void note_gap(struct mrpc_session *session, int32_t first, int32_t last)
{
    unsigned at = session->gap_count++ % SESSION_ID_GAPS;
    session->gaps[at].first = first;
    session->gaps[at].last = last;
}

/* An id that nghttp2 refuses by itself (even) is left to it. */
static bool may_open(struct mrpc_session *session, int32_t id)
{
    if ((id & 1) == 0)
        return true;
    if (id <= session->last_stream_id)
        return !skipped_before(session, id);
    int32_t next = session->last_stream_id == 0 ? 1 : session->last_stream_id + 2;
    if (id > next)
        note_gap(session, next, id - 2);
    session->last_stream_id = id;
    return true;
}

static void judge_stream_frame(struct mrpc_session *session, const uint8_t *head, size_t payload_bytes)
{
    int32_t id = (int32_t)get_u31(head + 5);
    uint8_t flags = head[4];
    if (ended_before(session, id))
        (void)mrpc_session_doom(session, NGHTTP2_STREAM_CLOSED, "stream_closed");
    else if (head[3] == NGHTTP2_HEADERS && !may_open(session, id))
        (void)mrpc_session_doom(session, NGHTTP2_PROTOCOL_ERROR, "stream_id");
    else if (head[3] == NGHTTP2_DATA && (flags & NGHTTP2_FLAG_PADDED) != 0 && head[HEAD_BYTES] >= payload_bytes)
        (void)mrpc_session_doom(session, NGHTTP2_PROTOCOL_ERROR, "padding");
    else if ((flags & NGHTTP2_FLAG_END_STREAM) != 0)
        note_ended(session, id);
}

/* We ask for no priorities, so nghttp2 skips these; RFC 7540 section 5.3.1 and 6.3 still say what is wrong in them. */
static void judge_priority(struct mrpc_session *session, const uint8_t *head, size_t payload_bytes)
{
    uint32_t id = get_u31(head + 5);
    bool whole = payload_bytes == PRIORITY_BYTES;
    if (id == 0 || (whole && get_u31(head + HEAD_BYTES) == id))
        (void)mrpc_session_doom(session, NGHTTP2_PROTOCOL_ERROR, "priority");
}

/* How much of a frame is looked at. */
static size_t wanted_bytes(const uint8_t *head, size_t payload_bytes)
{
    if (head[3] == NGHTTP2_DATA && (head[4] & NGHTTP2_FLAG_PADDED) != 0 && payload_bytes > 0)
        return HEAD_BYTES + 1;
    if ((head[3] == NGHTTP2_PRIORITY && payload_bytes == PRIORITY_BYTES) ||
        (head[3] == NGHTTP2_WINDOW_UPDATE && payload_bytes == WINDOW_UPDATE_BYTES))
        return HEAD_BYTES + 4;
    return HEAD_BYTES;
}

static void judge(struct mrpc_session *session, const uint8_t *head, size_t payload_bytes)
{
    switch (head[3]) {
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
        judge_stream_frame(session, head, payload_bytes);
        return;
    case NGHTTP2_PRIORITY:
        judge_priority(session, head, payload_bytes);
        return;
    case NGHTTP2_WINDOW_UPDATE:
        if (payload_bytes == WINDOW_UPDATE_BYTES && get_u31(head + HEAD_BYTES) == 0)
            (void)mrpc_session_doom(session, NGHTTP2_PROTOCOL_ERROR, "window_update_of_zero");
        return;
    case NGHTTP2_RST_STREAM:
        note_ended(session, (int32_t)get_u31(head + 5));
        return;
    default:
        return;
    }
}

/* Whether a header block is open after this frame. */
static void follow_header_block(struct mrpc_session *session, const uint8_t *head)
{
    if (head[3] == NGHTTP2_HEADERS || head[3] == NGHTTP2_CONTINUATION)
        session->scan_block_open = (head[4] & NGHTTP2_FLAG_END_HEADERS) == 0;
}

/* What has come in so far does not end at a frame's edge, or not at that of a header block. The payload of DATA may
 * take its time: that is what deadlines are for. */
static bool stopped_half_way(const struct mrpc_session *session)
{
    bool in_payload = session->scan_skip_bytes > 0 && session->scan_head[3] != NGHTTP2_DATA;
    return session->scan_head_bytes > 0 || in_payload || session->scan_block_open;
}

/* Add to the head what is there. True when all of it that is wanted has come. */
static bool collect_head(struct mrpc_session *session, const uint8_t **bytes, const uint8_t *end)
{
    uint8_t *head = session->scan_head;
    if (session->scan_head_bytes == 0 && end - *bytes >= WANTED_BYTES_MAX) {
        memcpy(head, *bytes, WANTED_BYTES_MAX);
        session->scan_head_bytes = (unsigned)wanted_bytes(head, get_u24(head));
        *bytes += session->scan_head_bytes;
        return true;
    }
    for (;;) {
        size_t wanted = HEAD_BYTES;
        if (session->scan_head_bytes >= HEAD_BYTES)
            wanted = wanted_bytes(head, get_u24(head));
        if (session->scan_head_bytes == wanted)
            return true;
        if (*bytes == end)
            return false;
        head[session->scan_head_bytes++] = *(*bytes)++;
    }
}

bool mrpc_stream_id_scan(struct mrpc_session *session, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = bytes + size;
    while (session->doom == NULL && bytes < end) {
        size_t left = (size_t)(end - bytes);
        size_t skip = session->scan_skip_bytes < left ? session->scan_skip_bytes : left;
        session->scan_skip_bytes -= skip;
        bytes += skip;
        if (!collect_head(session, &bytes, end))
            break;
        size_t payload_bytes = get_u24(session->scan_head);
        session->scan_skip_bytes = payload_bytes - (session->scan_head_bytes - HEAD_BYTES);
        session->scan_head_bytes = 0;
        judge(session, session->scan_head, payload_bytes);
        follow_header_block(session, session->scan_head);
    }
    mrpc_budget_half_way(session, stopped_half_way(session));
    return session->doom == NULL;
}
