/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/varint.h"

const uint8_t *mrpc_varint_read_slow(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    uint64_t result = 0;
    if (end - at > MRPC_VARINT_MAX_BYTES)
        end = at + MRPC_VARINT_MAX_BYTES;
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
