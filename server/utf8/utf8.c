/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8/utf8.h"

#include <stdint.h>
#include <string.h>

static bool continues(const unsigned char *at, const unsigned char *end, int count)
{
    if (end - at < count)
        return false;
    for (int i = 0; i < count; i++)
        if ((at[i] & 0xc0) != 0x80)
            return false;
    return true;
}

static size_t sequence(const unsigned char *at, const unsigned char *end)
{
    unsigned char first = at[0];
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return continues(at + 1, end, 1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (!continues(at + 1, end, 2) || (first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f))
            return 0;
        return 3;
    }
    if (first < 0xf0 || first > 0xf4 || !continues(at + 1, end, 3))
        return 0;
    return (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f) ? 0 : 4;
}

size_t utf8_character(const char *at, size_t left)
{
    return sequence((const unsigned char *)at, (const unsigned char *)at + left);
}

size_t utf8_prefix(const char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + bytes;
    while (at < end) {
        uint64_t eight;
        if (end - at >= 8 && (memcpy(&eight, at, 8), !(eight & UINT64_C(0x8080808080808080)))) {
            at += 8;
            continue;
        }
        size_t step = sequence(at, end);
        if (!step)
            break;
        at += step;
    }
    return (size_t)(at - (const unsigned char *)text);
}

bool utf8_valid(const char *text, size_t bytes)
{
    return utf8_prefix(text, bytes) == bytes;
}

void utf8_mend(char *text)
{
    for (size_t left = strlen(text), whole; (whole = utf8_prefix(text, left)) < left; text += whole, left -= whole)
        text[whole] = '?';
}
