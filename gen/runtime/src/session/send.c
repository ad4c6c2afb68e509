/* SPDX-License-Identifier: Apache-2.0 */

/* DATA out. A stream queues chunks of framed messages; nghttp2 asks, in its own order and within the peer's windows,
 * for one frame's payload at a time (mrpc_send_read) and then lets us write it ourselves (mrpc_send_data): small pieces
 * are copied behind the frame head, large ones referred to. A unary response, the last message of its stream, is not
 * even encoded before its frame leaves: then it goes straight into the output. */

#include <string.h>

#include <mrpc/codec.h>

#include "session/session.h"
#include "wire/base64.h"
#include "wire/frame.h"

/* Below this a copy is cheaper than one more piece for writev. */
#define REFER_BYTES 2048
/* Where appending to a stream's last chunk ends. */
#define CHUNK_BYTES 16384
#define FRAME_HEAD_BYTES 9

static void add_queued(struct mrpc_stream *stream, size_t bytes)
{
    if (stream->queued_bytes == 0)
        stream->progressed_ms = stream->session->now_ms;
    stream->session->counts.messages_sent++;
    stream->session->counts.last_sent_ms = stream->session->now_ms;
    stream->queued_bytes += bytes;
    stream->session->queued_bytes += bytes;
}

static void sub_queued(struct mrpc_stream *stream, size_t bytes)
{
    stream->queued_bytes -= bytes;
    stream->session->queued_bytes -= bytes;
    stream->progressed_ms = stream->session->now_ms;
}

static void drop_chunks(struct mrpc_stream *stream)
{
    while (stream->first_chunk != NULL) {
        struct mrpc_chunk *chunk = stream->first_chunk;
        stream->first_chunk = chunk->next;
        mrpc_chunk_unref(chunk);
    }
    stream->last_chunk = NULL;
}

void mrpc_send_fini(struct mrpc_stream *stream)
{
    stream->session->queued_bytes -= stream->queued_bytes;
    stream->queued_bytes = 0;
    if (stream->desk != NULL)
        stream->desk->direct = NULL;
    drop_chunks(stream);
}

void mrpc_send_resume(struct mrpc_stream *stream)
{
    if (!stream->deferred)
        return;
    stream->deferred = 0;
    stream->session->wire->resume(stream);
}

static void link_chunk(struct mrpc_stream *stream, struct mrpc_chunk *chunk)
{
    if (stream->last_chunk != NULL)
        stream->last_chunk->next = chunk;
    else
        stream->first_chunk = chunk;
    stream->last_chunk = chunk;
}

/* gRPC-Web's text form: what was queued last, a frame, becomes base64 with its own padding. */
static bool to_text(struct mrpc_stream *stream, struct mrpc_chunk *chunk, size_t *bytes)
{
    if (stream->dialect != MRPC_DIALECT_WEB_TEXT)
        return true;
    if (mrpc_base64_replace_tail(&chunk->bytes, *bytes) != 0)
        return false;
    *bytes = mrpc_base64_encoded_size(*bytes, true);
    return true;
}

void mrpc_stream_send_chunk(struct mrpc_stream *stream, struct mrpc_chunk *chunk)
{
    size_t bytes = mrpc_buffer_size(&chunk->bytes);
    if (stream->session == NULL || stream->ended) {
        mrpc_chunk_unref(chunk);
        return;
    }
    if (!to_text(stream, chunk, &bytes)) {
        mrpc_chunk_unref(chunk);
        mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    link_chunk(stream, chunk);
    add_queued(stream, mrpc_buffer_size(&chunk->bytes));
    mrpc_send_resume(stream);
}

struct mrpc_chunk *mrpc_stream_tail_chunk(struct mrpc_stream *stream)
{
    struct mrpc_chunk *last = stream->last_chunk;
    /* What the output refers to must not move. */
    if (last != NULL && last->references == 1 && mrpc_buffer_size(&last->bytes) < CHUNK_BYTES)
        return last;
    last = mrpc_chunk_new();
    if (last != NULL)
        link_chunk(stream, last);
    return last;
}

void mrpc_stream_appended(struct mrpc_stream *stream, size_t bytes)
{
    if (!to_text(stream, stream->last_chunk, &bytes)) {
        mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    add_queued(stream, bytes);
    mrpc_send_resume(stream);
}

static bool has_direct(const struct mrpc_stream *stream)
{
    return stream->desk != NULL && stream->desk->direct != NULL;
}

static uint8_t *write_direct(struct mrpc_stream *stream, uint8_t *out)
{
    uint32_t size = (uint32_t)stream->desk->direct_bytes;
    *out++ = 0;
    *out++ = (uint8_t)(size >> 24);
    *out++ = (uint8_t)(size >> 16);
    *out++ = (uint8_t)(size >> 8);
    *out++ = (uint8_t)size;
    return mrpc_encode(stream->desk->direct_info, stream->desk->direct, out);
}

static struct mrpc_chunk *chunk_of_direct(struct mrpc_stream *stream)
{
    size_t size = MRPC_FRAME_PREFIX_BYTES + stream->desk->direct_bytes;
    struct mrpc_chunk *chunk = mrpc_chunk_new();
    uint8_t *room = chunk != NULL ? mrpc_buffer_reserve(&chunk->bytes, size) : NULL;
    if (room == NULL) {
        mrpc_chunk_unref(chunk);
        return NULL;
    }
    write_direct(stream, room);
    mrpc_buffer_commit(&chunk->bytes, size);
    stream->desk->direct = NULL;
    return chunk;
}

/* The direct message does not fit into one frame: give it a chunk. */
static bool make_chunk_of_direct(struct mrpc_stream *stream)
{
    struct mrpc_chunk *chunk = chunk_of_direct(stream);
    if (chunk == NULL)
        return false;
    link_chunk(stream, chunk);
    return true;
}

void mrpc_stream_send_direct(struct mrpc_stream *stream, const struct mrpc_message_info *info,
                             const ProtobufCMessage *message, size_t bytes)
{
    if (stream->session == NULL || stream->ended)
        return;
    stream->desk->direct_info = info;
    stream->desk->direct = message;
    stream->desk->direct_bytes = bytes;
    if (stream->dialect != MRPC_DIALECT_GRPC) {
        struct mrpc_chunk *chunk = chunk_of_direct(stream);   /* a frame follows it, or it becomes text */
        if (chunk != NULL)
            mrpc_stream_send_chunk(stream, chunk);
        else
            mrpc_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    add_queued(stream, MRPC_FRAME_PREFIX_BYTES + bytes);
    mrpc_send_resume(stream);
}

static ssize_t finish_data(struct mrpc_stream *stream, size_t length, uint32_t *flags)
{
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->plain)
        return (ssize_t)length;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(stream->session->h2, stream->id, stream->desk->trailers, stream->desk->trailer_count) !=
        0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return (ssize_t)length;
}

ssize_t mrpc_send_read(nghttp2_session *h2, int32_t stream_id, uint8_t *out, size_t length, uint32_t *flags,
                       nghttp2_data_source *source, void *user_data)
{
    struct mrpc_stream *stream = source->ptr;
    if (stream->queued_bytes == 0) {
        if (stream->ended)
            return finish_data(stream, 0, flags);
        stream->deferred = 1;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (has_direct(stream) && stream->queued_bytes > length && !make_chunk_of_direct(stream))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->queued_bytes > length)
        return (ssize_t)length;
    return stream->ended ? finish_data(stream, stream->queued_bytes, flags) : (ssize_t)stream->queued_bytes;
}

static int write_piece(struct mrpc_session *session, struct mrpc_chunk *chunk, size_t size)
{
    const uint8_t *bytes = mrpc_buffer_bytes(&chunk->bytes);
    if (size < REFER_BYTES)
        return mrpc_output_append(&session->output, bytes, size);
    return mrpc_output_refer(&session->output, bytes, size, chunk);
}

static int write_chunks(struct mrpc_stream *stream, size_t length)
{
    while (length > 0) {
        struct mrpc_chunk *chunk = stream->first_chunk;
        size_t held = mrpc_buffer_size(&chunk->bytes);
        size_t size = held < length ? held : length;
        if (write_piece(stream->session, chunk, size) != 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        mrpc_buffer_consume(&chunk->bytes, size);
        sub_queued(stream, size);
        length -= size;
        if (size < held)
            break;
        stream->first_chunk = chunk->next;
        if (stream->first_chunk == NULL)
            stream->last_chunk = NULL;
        mrpc_chunk_unref(chunk);
    }
    return 0;
}

static int write_frame_direct(struct mrpc_stream *stream, const uint8_t *head, size_t length)
{
    struct session_output *output = &stream->session->output;
    uint8_t *room = mrpc_output_reserve(output, FRAME_HEAD_BYTES + length);
    if (room == NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(room, head, FRAME_HEAD_BYTES);
    write_direct(stream, room + FRAME_HEAD_BYTES);
    mrpc_output_commit(output, FRAME_HEAD_BYTES + length);
    stream->desk->direct = NULL;
    sub_queued(stream, length);
    return 0;
}

static void note_writable(struct mrpc_stream *stream)
{
    if (stream->ended || stream->in_writable_list)
        return;
    stream->in_writable_list = 1;
    stream->next_writable = stream->session->writable;
    stream->session->writable = stream;
}

int mrpc_send_chunks(struct mrpc_stream *stream, size_t length)
{
    int rv = write_chunks(stream, length);
    note_writable(stream);
    return rv;
}

int mrpc_send_data(nghttp2_session *h2, nghttp2_frame *frame, const uint8_t *head, size_t length,
                   nghttp2_data_source *source, void *user_data)
{
    struct mrpc_stream *stream = source->ptr;
    /* nghttp2 goes from one such frame to the next by itself; it asks again for this one, or drops it with its
     * stream. */
    if (stream->session->output.pending_bytes >= SESSION_OUTPUT_HIGH_BYTES)
        return NGHTTP2_ERR_WOULDBLOCK;
    if (has_direct(stream))
        return write_frame_direct(stream, head, length);
    if (mrpc_output_append(&stream->session->output, head, FRAME_HEAD_BYTES) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return mrpc_send_chunks(stream, length);
}
