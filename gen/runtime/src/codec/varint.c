/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/varint.h"

static const uint8_t *read_bounded(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned shift = 0; at < end; shift += 7) {
        uint8_t byte = *at++;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = result;
            return at;
        }
    }
    return NULL;
}

/* With ten bytes ahead no end is in the way: each byte is added with its continuation bit, which the next takes off. */
const uint8_t *mrpc_varint_read_slow(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    if (end - at < MRPC_VARINT_MAX_BYTES)
        return read_bounded(at, end, value);
    uint64_t result = at[0];
    for (unsigned i = 1; i < MRPC_VARINT_MAX_BYTES; i++) {
        result += ((uint64_t)at[i] - 1) << (7 * i);
        if (at[i] < 0x80) {
            *value = result;
            return at + i + 1;
        }
    }
    return NULL;
}
