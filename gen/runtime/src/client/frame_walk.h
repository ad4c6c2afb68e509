/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CLIENT_FRAME_WALK_H
#define MRPC_CLIENT_FRAME_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Finds the ends of gRPC messages in bytes that pass by, cut anywhere. Zeroed: before the first. */
struct mrpc_frame_walk {
    uint8_t prefix[5];
    size_t prefix_bytes; /* of the prefix that have passed */
    size_t body_left;
};

/** Go over *@bytes up to the end of a message: true, and what it is like; false: they are used up. */
bool mrpc_frame_walk(struct mrpc_frame_walk *walk, const uint8_t **bytes, size_t *size, size_t *message_bytes,
                     bool *compressed);

#endif
