/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

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

/* The compressed form is made behind a prefix that is filled in afterwards. Compressed to no advantage it is dropped. */
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

int mrpc_frame_message(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                       enum mrpc_encoding encoding, size_t limit_bytes, struct mrpc_buffer *out,
                       const char **bad_field)
{
    size_t size;
    int error = mrpc_encoded_size(info, message, &size, bad_field);
    if (error)
        return error;
    if (limit_bytes && size > limit_bytes)
        return MRPC_ERR_LIMIT;
    struct mrpc_buffer plain = {0};
    struct mrpc_buffer *target = encoding == MRPC_ENCODING_IDENTITY ? out : &plain;
    uint8_t *at = mrpc_buffer_reserve(target, MRPC_FRAME_PREFIX_BYTES + size);
    if (!at)
        return MRPC_ERR_NOMEM;
    put_prefix(at, 0, size);
    mrpc_encode_backward(info, message, at + MRPC_FRAME_PREFIX_BYTES + size);
    if (target == out) {
        mrpc_buffer_commit(out, MRPC_FRAME_PREFIX_BYTES + size);
        return 0;
    }
    error = mrpc_frame_bytes(at + MRPC_FRAME_PREFIX_BYTES, size, encoding, limit_bytes, out);
    mrpc_buffer_fini(&plain);
    return error;
}
