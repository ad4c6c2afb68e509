/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/percent.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "codec/utf8.h"

static bool plain(unsigned char c)
{
    return c >= 0x20 && c <= 0x7e && c != '%';
}

size_t mrpc_percent_encoded_size(const char *text, size_t size)
{
    size_t total = size;
    for (size_t i = 0; i < size; i++)
        total += plain((unsigned char)text[i]) ? 0 : 2;
    return total;
}

char *mrpc_percent_encode(const char *text, size_t size, char *out)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (plain(c)) {
            *out++ = (char)c;
            continue;
        }
        *out++ = '%';
        *out++ = hex[c >> 4];
        *out++ = hex[c & 15];
    }
    return out;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at @text and how many characters it takes. A broken escape is a '%' that stands for itself. */
static unsigned char next_byte(const char *text, size_t size, size_t *taken)
{
    *taken = 1;
    if (text[0] != '%' || size < 3)
        return (unsigned char)text[0];
    int high = hex_digit(text[1]), low = hex_digit(text[2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0))
        return '%';
    *taken = 3;
    return (unsigned char)(high << 4 | low);
}

size_t mrpc_percent_decode(const char *text, size_t size, char *out)
{
    static const uint8_t replacement[3] = {0xef, 0xbf, 0xbd};
    size_t at = 0, length = 0;
    while (at < size) {
        /* Look at up to four decoded bytes, the longest character, and take the first character of them. */
        uint8_t window[4];
        size_t ends[4], count = 0;
        for (size_t ahead = at; count < 4 && ahead < size; count++) {
            size_t taken;
            window[count] = next_byte(text + ahead, size - ahead, &taken);
            ahead += taken;
            ends[count] = ahead;
        }
        unsigned character = window[0] ? mrpc_utf8_character(window, count) : 0;
        const uint8_t *put = character ? window : replacement;
        size_t put_bytes = character ? character : sizeof(replacement);
        if (length + put_bytes > MRPC_STATUS_MESSAGE_MAX_BYTES)
            break;
        memcpy(out + length, put, put_bytes);
        length += put_bytes;
        at = ends[character ? character - 1 : 0];
    }
    out[length] = '\0';
    return length;
}
