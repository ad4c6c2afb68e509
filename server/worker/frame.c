/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/frame.h"

#include <mrpc/codec.h>

uint32_t worker_frame_length(const uint8_t header[WORKER_FRAME_HEADER_BYTES])
{
    return (uint32_t)header[0] | (uint32_t)header[1] << 8 | (uint32_t)header[2] << 16 | (uint32_t)header[3] << 24;
}

int worker_frame_encode(const struct mrpc_message_info *info, const ProtobufCMessage *message, size_t limit_bytes,
                        struct mrpc_arena *arena, uint8_t **frame, size_t *frame_bytes)
{
    size_t size;
    int error = mrpc_encoded_size(info, message, &size, NULL);

    if (error)
        return error;
    if (size > limit_bytes)
        return MRPC_ERR_LIMIT;
    uint8_t *bytes = mrpc_arena_alloc(arena, WORKER_FRAME_HEADER_BYTES + size);
    if (!bytes)
        return MRPC_ERR_NOMEM;
    for (int i = 0; i < WORKER_FRAME_HEADER_BYTES; i++)
        bytes[i] = (uint8_t)(size >> (8 * i));
    mrpc_encode(info, message, bytes + WORKER_FRAME_HEADER_BYTES);
    *frame = bytes;
    *frame_bytes = WORKER_FRAME_HEADER_BYTES + size;
    return 0;
}
