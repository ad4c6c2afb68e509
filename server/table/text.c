/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "table/table.h"

int64_t table_count_valid(const uint8_t *validity, int64_t rows)
{
    int64_t count = 0;
    int64_t words = rows / 64;

    for (int64_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, validity + i * 8, sizeof(word));
        count += __builtin_popcountll(word);
    }
    for (int64_t row = words * 64; row < rows; row++)
        count += validity[row / 8] >> (row % 8) & 1;
    return count;
}

/* Length of the UTF-8 sequence at @text, 0 if it is not one. Source: RFC 3629 section 4. */
static size_t utf8_sequence(const unsigned char *text, size_t left)
{
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (left < length)
        return 0;
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;  /* overlong forms */
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf; /* surrogates, above U+10FFFF */
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static int utf8_valid(const char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        size_t length = utf8_sequence((const unsigned char *)text + at, bytes - at);
        if (length == 0)
            return 0;
        at += length;
    }
    return 1;
}

int table_text_valid(const int32_t *offsets, int64_t rows, const char *text, size_t text_bytes)
{
    if (offsets[0] != 0)
        return 0;
    for (int64_t row = 0; row < rows; row++) {
        if (offsets[row + 1] < offsets[row] || (size_t)offsets[row + 1] > text_bytes)
            return 0;
        if (!utf8_valid(text + offsets[row], (size_t)(offsets[row + 1] - offsets[row])))
            return 0;
    }
    return 1;
}
