/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/utf8.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

static bool continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

static unsigned two_or_three(const uint8_t *text, size_t size)
{
    uint8_t lead = text[0];
    if (lead < 0xe0)
        return lead >= 0xc2 && size >= 2 && continuation(text[1]) ? 2 : 0;
    if (size < 3 || !continuation(text[1]) || !continuation(text[2]))
        return 0;
    if (lead == 0xe0 && text[1] < 0xa0)
        return 0;
    if (lead == 0xed && text[1] > 0x9f)
        return 0;
    return 3;
}

unsigned mrpc_utf8_character(const uint8_t *text, size_t size)
{
    if (size == 0)
        return 0;
    if (text[0] < 0x80)
        return 1;
    if (text[0] < 0xf0)
        return two_or_three(text, size);
    if (text[0] > 0xf4 || size < 4 || !continuation(text[1]) || !continuation(text[2]) || !continuation(text[3]))
        return 0;
    if (text[0] == 0xf0 && text[1] < 0x90)
        return 0;
    if (text[0] == 0xf4 && text[1] > 0x8f)
        return 0;
    return 4;
}

size_t mrpc_utf8_valid_prefix(const void *text, size_t size)
{
    const uint8_t *start = text, *at = start, *end = start + size;
    while (at < end) {
        uint64_t word;
        while (end - at >= 8 && (memcpy(&word, at, 8), (word & HIGH_BITS) == 0))
            at += 8;
        unsigned length = mrpc_utf8_character(at, (size_t)(end - at));
        if (length == 0)
            break;
        at += length;
    }
    return (size_t)(at - start);
}

size_t mrpc_utf8_text_prefix(const void *text, size_t size)
{
    const uint8_t *start = text, *at = start, *end = start + size;
    while (at < end) {
        uint64_t word;
        while (end - at >= 8 && (memcpy(&word, at, 8), mrpc_ascii_word(word)))
            at += 8;
        unsigned length = mrpc_utf8_character(at, (size_t)(end - at));
        if (length == 0 || *at == 0)
            break;
        at += length;
    }
    return (size_t)(at - start);
}
