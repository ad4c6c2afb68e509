/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_WIRE_VISIBLE_H
#define MRPC_WIRE_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MRPC_EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/** Whether every byte of @text is between @lowest (at most 0x80) and 0x7e: eight at a time. */
static inline bool mrpc_visible(const char *text, size_t size, uint8_t lowest)
{
    uint64_t bad = 0;
    while (size > 0) {
        uint64_t word = MRPC_EACH_BYTE('a');
        size_t n = size < sizeof(word) ? size : sizeof(word);
        memcpy(&word, text, n);
        /* Borrow and carry cross into other bytes only from one that is bad itself. */
        bad |= ((word - MRPC_EACH_BYTE(lowest)) & ~word) | word | (word + MRPC_EACH_BYTE(1));
        text += n;
        size -= n;
    }
    return (bad & MRPC_EACH_BYTE(0x80)) == 0;
}

#endif
