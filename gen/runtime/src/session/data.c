/* SPDX-License-Identifier: Apache-2.0 */

/* DATA in: put messages together, hand them over one at a time, hold back when the owner is busy.
 *
 * Windows: the connection's is given back when bytes come in, the stream's when they go into the assembler. While the
 * owner holds, bytes are kept as they are (at most one stream window of them) and the peer runs dry. */

#include "session/session.h"
#include "wire/base64.h"
#include "web/routes.h"

#define TEXT_PIECE_BYTES 4096

static void charge(struct mrpc_stream *stream)
{
    size_t now = mrpc_assembler_held_bytes(&stream->desk->assembler) + mrpc_buffer_size(&stream->desk->held) +
                 stream->desk->kept_bytes;
    stream->session->charged_bytes += now - stream->desk->charged_bytes;
    stream->desk->charged_bytes = now;
}

static void drop(struct mrpc_stream *stream)
{
    mrpc_assembler_fini(&stream->desk->assembler);
    mrpc_buffer_fini(&stream->desk->held);
    stream->session->charged_bytes -= stream->desk->charged_bytes;
    stream->desk->kept_bytes = 0;
    stream->desk->charged_bytes = 0;
}

void mrpc_data_fini(struct mrpc_stream *stream)
{
    drop(stream);
}

/* The window of text was given back when it was decoded. */
static void give_back(struct mrpc_stream *stream, size_t bytes)
{
    if (bytes > 0 && !stream->last_frame && !stream->remote_closed && stream->dialect != MRPC_DIALECT_WEB_TEXT)
        stream->session->wire->taken(stream, bytes);
}

void mrpc_stream_discard(struct mrpc_stream *stream)
{
    if (stream->session == NULL || stream->discarding)
        return;
    stream->discarding = 1;
    if (stream->desk == NULL)
        return;
    mrpc_timers_clear(&stream->session->timers, &stream->desk->message_timer);
    if (stream->delivering)
        return;   /* deliver() drops when it comes back */
    give_back(stream, mrpc_buffer_size(&stream->desk->held));
    drop(stream);
}

static void fault(struct mrpc_stream *stream, enum mrpc_code code, const char *reason)
{
    mrpc_session_reject(stream->session, code == MRPC_RESOURCE_EXHAUSTED ? "message_limit" : "malformed_message");
    stream->session->events->fault(stream, code, reason);
    mrpc_stream_discard(stream);
}

static void message_late(struct mrpc_timer *timer)
{
    struct mrpc_stream *stream = MRPC_CONTAINER_OF(timer, struct stream_desk, message_timer)->stream;
    mrpc_session_reject(stream->session, "message_timeout");
    stream->session->events->fault(stream, MRPC_DEADLINE_EXCEEDED, "the message did not come whole in time");
    mrpc_stream_discard(stream);
}

/* What has been fed ends inside a message: from its first byte to its last there is a limit, whatever drips in. */
static void follow_message(struct mrpc_stream *stream)
{
    if (stream->message_begun || mrpc_assembler_at_boundary(&stream->desk->assembler))
        return;
    stream->message_begun = 1;
    (void)!mrpc_session_after(stream->session, &stream->desk->message_timer,
                              stream->session->limits->message_timeout_ms, message_late);
}

/* Feed bytes to the assembler until they are used up or the owner holds. Returns how many were used. */
static size_t deliver(struct mrpc_stream *stream, const uint8_t *bytes, size_t size)
{
    const uint8_t *at = bytes;
    const uint8_t *message;
    size_t message_bytes;
    int got = 0;
    stream->delivering = 1;
    while (!stream->holding && !stream->discarding &&
           (got = mrpc_assembler_feed(&stream->desk->assembler, &at, &size, &message, &message_bytes)) > 0) {
        mrpc_timers_clear(&stream->session->timers, &stream->desk->message_timer);
        stream->message_begun = 0;
        stream->session->counts.messages_received++;
        stream->session->counts.last_received_ms = stream->session->now_ms;
        stream->holding = !stream->session->events->message(stream, message, message_bytes);
    }
    stream->delivering = 0;
    if (got < 0 && !stream->discarding)
        fault(stream, stream->desk->assembler.code, stream->desk->assembler.reason);
    if (stream->discarding) {
        drop(stream);
        return (size_t)(at - bytes) + size;
    }
    follow_message(stream);
    return (size_t)(at - bytes);
}

static void check_budget(struct mrpc_stream *stream)
{
    charge(stream);
    if (stream->session->charged_bytes > stream->session->limits->connection_memory_bytes &&
        stream->desk->charged_bytes > 0)
        fault(stream, MRPC_RESOURCE_EXHAUSTED, "this connection holds too many bytes of unfinished messages");
}

static void refuse_body(struct mrpc_stream *stream, const char *status, const char *text)
{
    stream->desk->refusal_status = status;
    stream->desk->refusal_text = text;
    mrpc_stream_discard(stream);
    mrpc_stream_refuse(stream);
}

static void body_late(struct mrpc_timer *timer)
{
    struct mrpc_stream *stream = MRPC_CONTAINER_OF(timer, struct stream_desk, message_timer)->stream;
    mrpc_session_reject(stream->session, "message_timeout");
    refuse_body(stream, "408", "the request did not come in time\n");
}

static void body_too_long(struct mrpc_stream *stream)
{
    if (stream->desk->route == NULL) {
        fault(stream, MRPC_RESOURCE_EXHAUSTED, "message is larger than the receive limit");
        return;
    }
    mrpc_session_reject(stream->session, "body_limit");
    refuse_body(stream, "413", "the body is longer than is taken here\n");
}

/* A body that is one thing, of a web request or a Connect call: whole before anybody sees it. */
static void collect(struct mrpc_stream *stream, const uint8_t *bytes, size_t size)
{
    size_t limit =
        stream->desk->route != NULL ? stream->desk->route->body_bytes : stream->session->limits->receive_message_bytes;
    give_back(stream, size);
    if (mrpc_buffer_size(&stream->desk->held) == 0)
        (void)!mrpc_session_after(stream->session, &stream->desk->message_timer,
                                  stream->session->limits->message_timeout_ms,
                                  stream->desk->route != NULL ? body_late : message_late);
    if (size > limit - mrpc_buffer_size(&stream->desk->held)) {
        body_too_long(stream);
        return;
    }
    if (mrpc_buffer_append(&stream->desk->held, bytes, size) != 0)
        fault(stream, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    else
        check_budget(stream);
}

static inline void receive(struct mrpc_stream *stream, const uint8_t *bytes, size_t size)
{
    size_t used = 0;
    if (!stream->holding)
        used = deliver(stream, bytes, size);
    give_back(stream, used);
    if (used < size && mrpc_buffer_append(&stream->desk->held, bytes + used, size - used) != 0)
        fault(stream, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!stream->discarding)
        check_budget(stream);
}

static void receive_text(struct mrpc_stream *stream, const uint8_t *text, size_t size)
{
    uint8_t bytes[TEXT_PIECE_BYTES / 4 * 3 + 3];
    if (!stream->last_frame && !stream->remote_closed)
        stream->session->wire->taken(stream, size);
    while (size > 0 && !stream->discarding) {
        size_t piece = size < TEXT_PIECE_BYTES ? size : TEXT_PIECE_BYTES;
        size_t decoded;
        if (mrpc_base64_stream_feed(&stream->desk->text, text, piece, bytes, &decoded) != 0)
            fault(stream, MRPC_INTERNAL, "the request is not base64");
        else if (decoded > 0)
            receive(stream, bytes, decoded);
        text += piece;
        size -= piece;
    }
}

void mrpc_data_received(struct mrpc_stream *stream, const uint8_t *bytes, size_t size)
{
    if (stream->discarding)
        give_back(stream, size);
    else if (stream->desk->route != NULL || stream->dialect == MRPC_DIALECT_CONNECT)
        collect(stream, bytes, size);
    else if (stream->dialect == MRPC_DIALECT_WEB_TEXT)
        receive_text(stream, bytes, size);
    else
        receive(stream, bytes, size);
}

void mrpc_stream_keep(struct mrpc_stream *stream, size_t bytes)
{
    mrpc_assembler_forget(&stream->desk->assembler);
    stream->desk->kept_bytes = stream->last_frame ? 0 : bytes;
}

static bool at_boundary(const struct mrpc_stream *stream)
{
    return mrpc_assembler_at_boundary(&stream->desk->assembler) && stream->desk->text.count == 0;
}

static void hand_over_body(struct mrpc_stream *stream)
{
    static const uint8_t nothing[1];
    size_t size = mrpc_buffer_size(&stream->desk->held);
    mrpc_timers_clear(&stream->session->timers, &stream->desk->message_timer);
    (void)stream->session->events->message(stream, size > 0 ? mrpc_buffer_bytes(&stream->desk->held) : nothing, size);
    mrpc_buffer_fini(&stream->desk->held);
    charge(stream);
}

/* A Connect call's message has no frame: it gets one, so that limits, compression and counts are those of any other. */
static void hand_over_unframed(struct mrpc_stream *stream)
{
    bool in_query = stream->desk->query_message != NULL;
    size_t size = in_query ? stream->desk->query_message_bytes : mrpc_buffer_size(&stream->desk->held);
    const uint8_t *bytes = in_query ? stream->desk->query_message : mrpc_buffer_bytes(&stream->desk->held);
    const uint8_t prefix[] = {size > 0 && stream->desk->encoding != MRPC_ENCODING_IDENTITY, (uint8_t)(size >> 24),
                              (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    (void)deliver(stream, prefix, sizeof(prefix));
    if (size > 0 && !stream->discarding)
        (void)deliver(stream, bytes, size);
    mrpc_buffer_fini(&stream->desk->held);
    charge(stream);
}

static void tell_half_close(struct mrpc_stream *stream)
{
    if (!stream->remote_closed || stream->holding || stream->discarding || stream->half_close_told)
        return;
    stream->half_close_told = 1;
    if (stream->desk->kept_bytes > 0) {
        stream->desk->kept_bytes = 0;
        charge(stream);
    }
    if (stream->desk->route != NULL)
        hand_over_body(stream);
    else if (stream->dialect == MRPC_DIALECT_CONNECT)
        hand_over_unframed(stream);
    if (stream->discarding)
        return;
    if (at_boundary(stream))
        stream->session->events->half_closed(stream);
    else
        fault(stream, MRPC_INTERNAL, "the stream ended inside a message");
}

void mrpc_data_end(struct mrpc_stream *stream)
{
    stream->remote_closed = 1;
    if (stream->desk->refusal_status != NULL && !stream->ended)
        mrpc_stream_refuse(stream);
    tell_half_close(stream);
}

void mrpc_stream_release(struct mrpc_stream *stream)
{
    if (stream->session == NULL || !stream->holding)
        return;
    stream->holding = 0;
    if (stream->delivering || stream->discarding)
        return;
    size_t size = mrpc_buffer_size(&stream->desk->held);
    if (size > 0) {
        size_t used = deliver(stream, mrpc_buffer_bytes(&stream->desk->held), size);
        if (!stream->discarding) {
            mrpc_buffer_consume(&stream->desk->held, used);
            charge(stream);
        }
        give_back(stream, used);
    }
    tell_half_close(stream);
}

static void first_message_late(struct mrpc_timer *timer)
{
    struct mrpc_stream *stream = MRPC_CONTAINER_OF(timer, struct stream_desk, message_timer)->stream;
    mrpc_session_reject(stream->session, "first_message_timeout");
    if (stream->desk->refusal_status != NULL) {
        mrpc_stream_refuse(stream);
        return;
    }
    if (stream->desk->route != NULL) {
        refuse_body(stream, "408", "the request did not come in time\n");
        return;
    }
    stream->session->events->fault(stream, MRPC_DEADLINE_EXCEEDED, "the request message did not come in time");
    mrpc_stream_discard(stream);
}

void mrpc_stream_expect_message(struct mrpc_stream *stream)
{
    (void)!mrpc_session_after(stream->session, &stream->desk->message_timer,
                              stream->session->limits->first_message_timeout_ms, first_message_late);
}
