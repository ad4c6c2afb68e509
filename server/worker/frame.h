/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_FRAME_H
#define MLT_WORKER_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <mrpc/arena.h>
#include <mrpc/attributes.h>

#include <worker.mrpc.h>

/* A frame: the message's length (4 bytes, little endian), the message. */

#define WORKER_FRAME_HEADER_BYTES 4
#define WORKER_FRAME_TO_SERVER_MAX (1u << 20)
#define WORKER_FRAME_TO_WORKER_MAX (16u << 20)

/** The length that a header announces. */
uint32_t worker_frame_length(const uint8_t header[WORKER_FRAME_HEADER_BYTES]);

/** A whole frame in @arena. Errors: MRPC_ERR_LIMIT over @limit_bytes, MRPC_ERR_NOMEM, MRPC_ERR_INVALID (a text that
 *  is not UTF-8). */
int worker_frame_encode(const struct mrpc_message_info *info, const ProtobufCMessage *message, size_t limit_bytes,
                        struct mrpc_arena *arena, uint8_t **frame, size_t *frame_bytes) MRPC_MUST_USE;

#endif
