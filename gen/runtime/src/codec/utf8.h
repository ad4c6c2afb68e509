/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_UTF8_H
#define MRPC_CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Well-formed UTF-8 as Unicode's table 3-7 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

/* In a word whose bytes are all 0x01..0x7f neither it nor it less one in each byte has a high bit. Bytes of 0x00 and
 * above 0x7f always show; nothing else can, as no borrow begins without a zero. */
static inline bool mrpc_ascii_word(uint64_t word)
{
    return (((word - UINT64_C(0x0101010101010101)) | word) & UINT64_C(0x8080808080808080)) == 0;
}

#define MRPC_ASCII_BLOCK_BYTES 32

/* The same for four words with one decision: long texts are read at twice the speed. */
static inline bool mrpc_ascii_block(const uint8_t *bytes)
{
    uint64_t words[4], bad = 0;
    memcpy(words, bytes, sizeof(words));
    for (int i = 0; i < 4; i++)
        bad |= (words[i] - UINT64_C(0x0101010101010101)) | words[i];
    return (bad & UINT64_C(0x8080808080808080)) == 0;
}

/** True when all of @text is ASCII without NUL: what nearly every string is. */
static inline bool mrpc_ascii_text(const void *text, size_t size)
{
    const uint8_t *at = text;
    uint64_t word;
    for (; size > MRPC_ASCII_BLOCK_BYTES; size -= MRPC_ASCII_BLOCK_BYTES, at += MRPC_ASCII_BLOCK_BYTES) {
        if (!mrpc_ascii_block(at))
            return false;
    }
    if (size >= 8) {
        for (; size > 8; size -= 8, at += 8) {
            memcpy(&word, at, 8);
            if (!mrpc_ascii_word(word))
                return false;
            if (size < 16) { /* the last word overlaps this one */
                at -= 16 - size;
                size = 16;
            }
        }
        memcpy(&word, at, 8);
        return mrpc_ascii_word(word);
    }
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)(at[i] - 1) >= 0x7f)
            return false;
    }
    return true;
}

/** The length of the longest well-formed prefix; @size when all of it is. A NUL is a character like any other. */
size_t mrpc_utf8_valid_prefix(const void *text, size_t size);

/** The length of the character at @text, 1 to 4, or 0 when there is no well-formed one. */
unsigned mrpc_utf8_character(const uint8_t *text, size_t size);

/** The length of the longest prefix that is well-formed and has no NUL. */
size_t mrpc_utf8_text_prefix(const void *text, size_t size);

#endif
