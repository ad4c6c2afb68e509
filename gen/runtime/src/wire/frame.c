/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <string.h>

#include <mrpc/codec.h>
#include <mrpc/error.h>

#include "codec/encode.h"
#include "wire/compress.h"

static void put_prefix(uint8_t *at, int compressed, size_t size)
{
    at[0] = (uint8_t)compressed;
    at[1] = (uint8_t)(size >> 24);
    at[2] = (uint8_t)(size >> 16);
    at[3] = (uint8_t)(size >> 8);
    at[4] = (uint8_t)size;
}

static int frame_plain(const void *bytes, size_t size, struct mrpc_buffer *out)
{
    uint8_t *at = mrpc_buffer_reserve(out, MRPC_FRAME_PREFIX_BYTES + size);
    if (!at)
        return MRPC_ERR_NOMEM;
    put_prefix(at, 0, size);
    mrpc_buffer_commit(out, MRPC_FRAME_PREFIX_BYTES);
    return mrpc_buffer_append(out, bytes, size);
}

/* The compressed form is made behind a prefix that is filled in afterwards. Compressed to no advantage it is dropped.
 */
int mrpc_frame_bytes(const void *bytes, size_t size, enum mrpc_encoding encoding, size_t limit_bytes,
                     struct mrpc_buffer *out)
{
    static const uint8_t prefix[MRPC_FRAME_PREFIX_BYTES];
    if (limit_bytes && size > limit_bytes)
        return MRPC_ERR_LIMIT;
    if (encoding == MRPC_ENCODING_IDENTITY || size == 0)
        return frame_plain(bytes, size, out);
    size_t before = mrpc_buffer_size(out);
    if (mrpc_buffer_append(out, prefix, sizeof(prefix)))
        return MRPC_ERR_NOMEM;
    int error = mrpc_compress(encoding, bytes, size, out);
    size_t compressed = mrpc_buffer_size(out) - before - sizeof(prefix);
    if (!error && compressed < size) {
        put_prefix(mrpc_buffer_bytes(out) + before, 1, compressed);
        return 0;
    }
    out->end -= sizeof(prefix) + compressed;
    return error ? error : frame_plain(bytes, size, out);
}

/* A message of this size or less is encoded in one pass, without being counted first. */
#define ONE_PASS_BYTES ((size_t)1024)

static int frame_counted(const struct mrpc_message_info *info, const ProtobufCMessage *message, size_t limit_bytes,
                         struct mrpc_buffer *out, const char **bad_field)
{
    size_t size;
    int error = mrpc_encoded_size(info, message, &size, bad_field);
    if (error)
        return error;
    if (limit_bytes && size > limit_bytes)
        return MRPC_ERR_LIMIT;
    uint8_t *at = mrpc_buffer_reserve(out, MRPC_FRAME_PREFIX_BYTES + size);
    if (!at)
        return MRPC_ERR_NOMEM;
    put_prefix(at, 0, size);
    mrpc_encode_counted(info, message, at + MRPC_FRAME_PREFIX_BYTES, size);
    mrpc_buffer_commit(out, MRPC_FRAME_PREFIX_BYTES + size);
    return 0;
}

/* First try in a small room, then count, so that a large message is written in place. */
static int frame_message_plain(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                               size_t limit_bytes, struct mrpc_buffer *out, const char **bad_field)
{
    uint8_t *at = mrpc_buffer_reserve(out, MRPC_FRAME_PREFIX_BYTES + ONE_PASS_BYTES), *start;
    if (!at)
        return MRPC_ERR_NOMEM;
    uint8_t *body = at + MRPC_FRAME_PREFIX_BYTES, *end = body + ONE_PASS_BYTES;
    int error = mrpc_encode_backward(info, message, body, end, &start, bad_field);
    if (error == MRPC_ERR_AGAIN)
        return frame_counted(info, message, limit_bytes, out, bad_field);
    if (error)
        return error;
    size_t size = (size_t)(end - start);
    if (limit_bytes && size > limit_bytes)
        return MRPC_ERR_LIMIT;
    memmove(body, start, size);
    put_prefix(at, 0, size);
    mrpc_buffer_commit(out, MRPC_FRAME_PREFIX_BYTES + size);
    return 0;
}

int mrpc_frame_message(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                       enum mrpc_encoding encoding, size_t limit_bytes, struct mrpc_buffer *out, const char **bad_field)
{
    if (encoding == MRPC_ENCODING_IDENTITY)
        return frame_message_plain(info, message, limit_bytes, out, bad_field);
    struct mrpc_buffer plain = {0};
    int error = frame_message_plain(info, message, limit_bytes, &plain, bad_field);
    if (!error) {
        size_t size = mrpc_buffer_size(&plain) - MRPC_FRAME_PREFIX_BYTES;
        error = mrpc_frame_bytes(mrpc_buffer_bytes(&plain) + MRPC_FRAME_PREFIX_BYTES, size, encoding, limit_bytes, out);
    }
    mrpc_buffer_fini(&plain);
    return error;
}
