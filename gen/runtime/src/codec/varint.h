/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_VARINT_H
#define MRPC_CODEC_VARINT_H

#include <stddef.h>
#include <stdint.h>

#define MRPC_VARINT_MAX_BYTES 10

/** Read a varint of at most 10 bytes; bits over 64 are dropped, as all implementations do. NULL when it is longer or
 *  @end comes first. */
const uint8_t *mrpc_varint_read_slow(const uint8_t *at, const uint8_t *end, uint64_t *value);

static inline const uint8_t *mrpc_varint_read(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    if (__builtin_expect(at < end && *at < 0x80, 1)) {
        *value = *at;
        return at + 1;
    }
    return mrpc_varint_read_slow(at, end, value);
}

static inline size_t mrpc_varint_size(uint64_t value)
{
    /* 1 + floor(log2 / 7), by a multiplication: 9/64 is close enough to 1/7 for 0..63. */
    return ((63 ^ (unsigned)__builtin_clzll(value | 1)) * 9 + 73) / 64;
}

/** Write @value so that it ends before @end; returns where it begins. */
static inline uint8_t *mrpc_varint_write_backward(uint64_t value, uint8_t *end)
{
    if (value < 0x80) {
        *--end = (uint8_t)value;
        return end;
    }
    if (value < 0x4000) {
        *--end = (uint8_t)(value >> 7);
        *--end = (uint8_t)(value | 0x80);
        return end;
    }
    uint8_t *begin = end - mrpc_varint_size(value), *at = begin;
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at = (uint8_t)value;
    return begin;
}

static inline uint64_t mrpc_zigzag_encode(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t mrpc_zigzag_decode(uint64_t value)
{
    return (int64_t)(value >> 1 ^ -(value & 1));
}

#endif
