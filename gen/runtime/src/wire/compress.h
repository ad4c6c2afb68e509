/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_COMPRESS_H
#define MRPC_WIRE_COMPRESS_H

#include <stddef.h>

#include <mrpc/attributes.h>

#include "base/buffer.h"
#include "wire/encoding.h"

/** Append @bytes compressed, one fresh context a message. Errors: MRPC_ERR_NOMEM, MRPC_ERR_LIMIT over 2 GiB,
 *  MRPC_ERR_INVALID for MRPC_ENCODING_UNKNOWN; @out is then unchanged. */
int mrpc_compress(enum mrpc_encoding encoding, const void *bytes, size_t size, struct mrpc_buffer *out) MRPC_MUST_USE;

/** Append what @bytes hold, at most @limit_bytes of it. The input must be one whole stream and nothing after it: a
 *  second gzip member, garbage behind, zlib for gzip or a preset dictionary are refused.
 *  Errors: MRPC_ERR_MALFORMED, MRPC_ERR_LIMIT, MRPC_ERR_NOMEM, MRPC_ERR_INVALID; @out is then unchanged. */
int mrpc_decompress(enum mrpc_encoding encoding, const void *bytes, size_t size, size_t limit_bytes,
                    struct mrpc_buffer *out) MRPC_MUST_USE;

#endif
