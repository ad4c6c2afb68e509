/* SPDX-License-Identifier: Apache-2.0 */
#include "client/frame_walk.h"

static void step(const uint8_t **bytes, size_t *size, size_t count)
{
    *bytes += count;
    *size -= count;
}

static size_t announced_bytes(const struct mrpc_frame_walk *walk)
{
    const uint8_t *p = walk->prefix;
    return (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
}

bool mrpc_frame_walk(struct mrpc_frame_walk *walk, const uint8_t **bytes, size_t *size, size_t *message_bytes,
                     bool *compressed)
{
    while (*size > 0 && walk->prefix_bytes < sizeof walk->prefix) {
        walk->prefix[walk->prefix_bytes++] = **bytes;
        step(bytes, size, 1);
        if (walk->prefix_bytes == sizeof walk->prefix)
            walk->body_left = announced_bytes(walk);
    }
    if (walk->prefix_bytes < sizeof walk->prefix)
        return false;
    size_t part = *size < walk->body_left ? *size : walk->body_left;
    step(bytes, size, part);
    walk->body_left -= part;
    if (walk->body_left > 0)
        return false;
    walk->prefix_bytes = 0;
    *message_bytes = announced_bytes(walk);
    *compressed = walk->prefix[0];
    return true;
}
