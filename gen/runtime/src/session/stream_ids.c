/* SPDX-License-Identifier: Apache-2.0 */

/* Which stream a frame may be on. nghttp2 knows the streams that are open; of those that are not it knows only that
 * their number is not above the highest, and ignores frames on them. RFC 9113 section 5.1 wants two kinds told apart:
 *
 *     skipped   the peer went from 3 to 9: 5 and 7 are closed, opening one later is a connection error (5.1.1)
 *     ended     the peer itself said END_STREAM or RST_STREAM: what it sends after that is a connection error
 *
 * Frames on a stream that we have reset are neither: they may have been on their way.
 *
 * HEADERS come to us by a callback; DATA on a stream that it has forgotten nghttp2 drops without one, so we read the
 * heads of frames ourselves before it does. */

#include "session/session.h"

static bool skipped_before(const struct mrpc_session *session, int32_t id)
{
    for (unsigned i = 0; i < SESSION_ID_GAPS && i < session->gap_count; i++)
        if (id >= session->gaps[i].first && id <= session->gaps[i].last)
            return true;
    return false;
}

static bool ended_before(const struct mrpc_session *session, int32_t id)
{
    for (unsigned i = 0; i < SESSION_CLOSED_IDS && i < session->closed_count; i++)
        if (session->closed_ids[i] == id)
            return true;
    return false;
}

static void note_gap(struct mrpc_session *session, int32_t first, int32_t last)
{
    unsigned at = session->gap_count++ % SESSION_ID_GAPS;
    session->gaps[at].first = first;
    session->gaps[at].last = last;
}

int mrpc_stream_id_check(struct mrpc_session *session, const nghttp2_frame_hd *head)
{
    int32_t id = head->stream_id;
    if ((id & 1) == 0)
        return 0;   /* nghttp2 refuses it */
    if (head->type != NGHTTP2_HEADERS)
        return 0;
    if (id <= session->last_stream_id) {
        if (ended_before(session, id))
            return mrpc_session_doom(session, NGHTTP2_STREAM_CLOSED, "stream_closed");
        if (skipped_before(session, id))
            return mrpc_session_doom(session, NGHTTP2_PROTOCOL_ERROR, "stream_id");
        return 0;
    }
    int32_t next = session->last_stream_id == 0 ? 1 : session->last_stream_id + 2;
    if (id > next)
        note_gap(session, next, id - 2);
    session->last_stream_id = id;
    return 0;
}

static void judge(struct mrpc_session *session, const uint8_t *head)
{
    int32_t id = (int32_t)((uint32_t)(head[5] & 0x7f) << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8]);
    session->scan_skip_bytes = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    if (head[3] == NGHTTP2_DATA && ended_before(session, id))
        (void)mrpc_session_doom(session, NGHTTP2_STREAM_CLOSED, "stream_closed");
}

bool mrpc_stream_id_scan(struct mrpc_session *session, const uint8_t *bytes, size_t size)
{
    while (size > 0 && session->doom == NULL) {
        size_t skip = session->scan_skip_bytes < size ? session->scan_skip_bytes : size;
        session->scan_skip_bytes -= skip;
        bytes += skip;
        size -= skip;
        while (size > 0 && session->scan_head_bytes < sizeof(session->scan_head)) {
            session->scan_head[session->scan_head_bytes++] = *bytes++;
            size--;
        }
        if (session->scan_head_bytes < sizeof(session->scan_head))
            break;
        session->scan_head_bytes = 0;
        judge(session, session->scan_head);
    }
    return session->doom == NULL;
}

void mrpc_stream_id_closed(struct mrpc_session *session, const struct mrpc_stream *stream)
{
    if (stream->remote_closed)
        session->closed_ids[session->closed_count++ % SESSION_CLOSED_IDS] = stream->id;
}
