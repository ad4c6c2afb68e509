/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_FRAME_H
#define MRPC_WIRE_FRAME_H

#include <stddef.h>

#include <mrpc/message.h>

#include "base/buffer.h"
#include "wire/encoding.h"

#define MRPC_FRAME_PREFIX_BYTES 5

/** Append @message as one length-prefixed message. With an encoding other than IDENTITY it is compressed unless that
 *  makes it larger. Errors: as mrpc_encoded_size() (@bad_field as there), MRPC_ERR_LIMIT when the message,
 * uncompressed, is over @limit_bytes (0: none), MRPC_ERR_NOMEM; @out is then unchanged. */
int mrpc_frame_message(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                       enum mrpc_encoding encoding, size_t limit_bytes, struct mrpc_buffer *out,
                       const char **bad_field) MRPC_MUST_USE;

/** The same for bytes that are already an encoded message. */
int mrpc_frame_bytes(const void *bytes, size_t size, enum mrpc_encoding encoding, size_t limit_bytes,
                     struct mrpc_buffer *out) MRPC_MUST_USE;

#endif
