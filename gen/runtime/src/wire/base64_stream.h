/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_BASE64_STREAM_H
#define MRPC_WIRE_BASE64_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

#include "base/buffer.h"

/** base64 that comes in pieces, as gRPC-Web's text form sends it: groups of four characters, any of which may end in
 *  padding, since senders encode what they have each time that they flush. A zeroed one is at the start.
 *  Source: gRPC PROTOCOL-WEB, "application/grpc-web-text". */
struct mrpc_base64_stream {
    uint32_t group;
    uint8_t count;   /* characters of the group that have come */
    uint8_t pads;    /* of them, '=' */
};

/** Decode @size characters; @out has room for mrpc_base64_decoded_bound(@size). Errors: MRPC_ERR_MALFORMED. */
int mrpc_base64_stream_feed(struct mrpc_base64_stream *stream, const uint8_t *text, size_t size, uint8_t *out,
                            size_t *out_bytes) MRPC_MUST_USE;

/** Replace the last @bytes of @buffer by their base64, padded. Errors: MRPC_ERR_NOMEM, the buffer is then unchanged. */
int mrpc_base64_replace_tail(struct mrpc_buffer *buffer, size_t bytes) MRPC_MUST_USE;

#endif
