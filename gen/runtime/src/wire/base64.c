/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/base64.h"

#include <mrpc/error.h>

static const char ALPHABET[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t mrpc_base64_encoded_size(size_t size, bool pad)
{
    size_t rest = size % 3;
    return size / 3 * 4 + (rest == 0 ? 0 : pad ? 4 : rest + 1);
}

static char *encode_rest(const uint8_t *at, size_t rest, bool pad, char *out)
{
    if (rest == 0)
        return out;
    unsigned group = (unsigned)at[0] << 16 | (rest == 2 ? (unsigned)at[1] << 8 : 0);
    *out++ = ALPHABET[group >> 18];
    *out++ = ALPHABET[group >> 12 & 63];
    if (rest == 2)
        *out++ = ALPHABET[group >> 6 & 63];
    else if (pad)
        *out++ = '=';
    if (pad)
        *out++ = '=';
    return out;
}

char *mrpc_base64_encode(const void *bytes, size_t size, bool pad, char *out)
{
    const uint8_t *at = bytes;
    for (; size >= 3; size -= 3, at += 3) {
        unsigned group = (unsigned)at[0] << 16 | (unsigned)at[1] << 8 | at[2];
        *out++ = ALPHABET[group >> 18];
        *out++ = ALPHABET[group >> 12 & 63];
        *out++ = ALPHABET[group >> 6 & 63];
        *out++ = ALPHABET[group & 63];
    }
    return encode_rest(at, size, pad, out);
}

size_t mrpc_base64_decoded_bound(size_t size)
{
    return size / 4 * 3 + 3;
}

int mrpc_base64_value(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding is all or nothing: it fills the last group to four characters. */
static size_t strip_padding(const char *text, size_t size)
{
    if (size % 4 != 0 || size == 0 || text[size - 1] != '=')
        return size;
    return text[size - 2] == '=' ? size - 2 : size - 1;
}

int mrpc_base64_decode(const char *text, size_t size, uint8_t *out, size_t *out_bytes)
{
    uint8_t *at = out;
    unsigned group = 0;
    size = strip_padding(text, size);
    if (size % 4 == 1)
        return MRPC_ERR_MALFORMED;
    for (size_t i = 0; i < size; i++) {
        int value = mrpc_base64_value((unsigned char)text[i]);
        if (value < 0)
            return MRPC_ERR_MALFORMED;
        group = group << 6 | (unsigned)value;
        if (i % 4 == 0)
            continue;
        *at++ = (uint8_t)(group >> (6 - 2 * (i % 4)));
    }
    *out_bytes = (size_t)(at - out);
    return 0;
}
