/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/compress.h"

#include <limits.h>
#include <string.h>

#include <zlib.h>

#include <mrpc/error.h>

/* zlib's window bits choose the format: 15 is zlib's own (RFC 1950), plus 16 gzip (RFC 1952). */
static int window_bits(enum mrpc_encoding encoding)
{
    return encoding == MRPC_ENCODING_GZIP ? MAX_WBITS + 16 : MAX_WBITS;
}

/* What inflate may write at first; what it really writes decides how the output grows from there. */
#define FIRST_OUTPUT_BYTES ((size_t)4096)

int mrpc_compress(enum mrpc_encoding encoding, const void *bytes, size_t size, struct mrpc_buffer *out)
{
    if (encoding == MRPC_ENCODING_IDENTITY)
        return mrpc_buffer_append(out, bytes, size);
    if (encoding == MRPC_ENCODING_UNKNOWN)
        return MRPC_ERR_INVALID;
    if (size > INT_MAX)
        return MRPC_ERR_LIMIT;
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)size};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits(encoding), 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return MRPC_ERR_NOMEM;
    uLong bound = deflateBound(&stream, (uLong)size);
    uint8_t *room = mrpc_buffer_reserve(out, bound);
    int error = MRPC_ERR_NOMEM;
    if (room) {
        stream.next_out = room;
        stream.avail_out = (uInt)bound;
        /* The bound makes one call enough. */
        error = deflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : MRPC_ERR_INVALID;
    }
    if (!error)
        mrpc_buffer_commit(out, stream.total_out);
    deflateEnd(&stream);
    return error;
}

/* One call of inflate into fresh room. Returns 1 at the end of the stream, 0 to go on, or an error. A call that neither
 * takes nor gives a byte is the end of a truncated input, never a reason to try again. */
static int inflate_some(z_stream *stream, size_t limit_bytes, size_t written, struct mrpc_buffer *out)
{
    /* One byte over the limit shows that there is more. */
    size_t left = limit_bytes - written < UINT_MAX ? limit_bytes - written + 1 : UINT_MAX;
    size_t want = written > FIRST_OUTPUT_BYTES ? written : FIRST_OUTPUT_BYTES;
    if (want > left)
        want = left;
    uint8_t *room = mrpc_buffer_reserve(out, want);
    if (!room)
        return MRPC_ERR_NOMEM;
    stream->next_out = room;
    stream->avail_out = (uInt)want;
    int result = inflate(stream, Z_NO_FLUSH);
    size_t got = want - stream->avail_out;
    mrpc_buffer_commit(out, got);
    if (written + got > limit_bytes)
        return MRPC_ERR_LIMIT;
    if (result == Z_STREAM_END)
        return stream->avail_in == 0 ? 1 : MRPC_ERR_MALFORMED;
    if (result == Z_MEM_ERROR)
        return MRPC_ERR_NOMEM;
    return result == Z_OK && (got > 0 || stream->avail_in > 0) ? 0 : MRPC_ERR_MALFORMED;
}

int mrpc_decompress(enum mrpc_encoding encoding, const void *bytes, size_t size, size_t limit_bytes,
                    struct mrpc_buffer *out)
{
    if (encoding == MRPC_ENCODING_UNKNOWN)
        return MRPC_ERR_INVALID;
    if (encoding == MRPC_ENCODING_IDENTITY)
        return size > limit_bytes ? MRPC_ERR_LIMIT : mrpc_buffer_append(out, bytes, size);
    if (size > INT_MAX)
        return MRPC_ERR_LIMIT;
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)size};
    if (inflateInit2(&stream, window_bits(encoding)) != Z_OK)
        return MRPC_ERR_NOMEM;
    size_t before = mrpc_buffer_size(out);
    int state;
    do {
        state = inflate_some(&stream, limit_bytes, mrpc_buffer_size(out) - before, out);
    } while (state == 0);
    inflateEnd(&stream);
    if (state > 0)
        return 0;
    out->end -= mrpc_buffer_size(out) - before;
    return state;
}
