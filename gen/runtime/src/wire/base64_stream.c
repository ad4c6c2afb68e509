/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/base64_stream.h"

#include <string.h>

#include <mrpc/error.h>

#include "wire/base64.h"

static int take(struct mrpc_base64_stream *stream, uint8_t c)
{
    int value = mrpc_base64_value(c);
    if (c == '=' && stream->count >= 2) {
        stream->pads++;
        value = 0;
    } else if (value < 0 || stream->pads > 0) {
        return MRPC_ERR_MALFORMED;
    }
    stream->group = stream->group << 6 | (unsigned)value;
    stream->count++;
    return 0;
}

int mrpc_base64_stream_feed(struct mrpc_base64_stream *stream, const uint8_t *text, size_t size, uint8_t *out,
                            size_t *out_bytes)
{
    uint8_t *at = out;
    for (size_t i = 0; i < size; i++) {
        int error = take(stream, text[i]);
        if (error != 0)
            return error;
        if (stream->count < 4)
            continue;
        for (unsigned k = 0; k < 3u - stream->pads; k++)
            *at++ = (uint8_t)(stream->group >> (16 - 8 * k));
        *stream = (struct mrpc_base64_stream){0};
    }
    *out_bytes = (size_t)(at - out);
    return 0;
}

int mrpc_base64_replace_tail(struct mrpc_buffer *buffer, size_t bytes)
{
    size_t size = mrpc_base64_encoded_size(bytes, true);
    uint8_t *room = mrpc_buffer_reserve(buffer, size);
    if (room == NULL)
        return MRPC_ERR_NOMEM;
    mrpc_base64_encode(room - bytes, bytes, true, (char *)room);
    memmove(room - bytes, room, size);
    buffer->end += size - bytes;
    return 0;
}
