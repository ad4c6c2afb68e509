/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/encoding.h"

#include <string.h>

static const struct {
    enum mrpc_encoding encoding;
    const char *name;
} ENCODINGS[] = {
    {MRPC_ENCODING_IDENTITY, "identity"},
    {MRPC_ENCODING_GZIP, "gzip"},
    {MRPC_ENCODING_DEFLATE, "deflate"},
};

#define ENCODING_COUNT (sizeof(ENCODINGS) / sizeof(ENCODINGS[0]))

const char *mrpc_encoding_name(enum mrpc_encoding encoding)
{
    for (size_t i = 0; i < ENCODING_COUNT; i++) {
        if (ENCODINGS[i].encoding == encoding)
            return ENCODINGS[i].name;
    }
    return "unknown";
}

enum mrpc_encoding mrpc_encoding_parse(const char *text, size_t size)
{
    for (size_t i = 0; i < ENCODING_COUNT; i++) {
        if (strlen(ENCODINGS[i].name) == size && memcmp(ENCODINGS[i].name, text, size) == 0)
            return ENCODINGS[i].encoding;
    }
    return MRPC_ENCODING_UNKNOWN;
}

unsigned mrpc_accept_encoding_parse(const char *text, size_t size)
{
    unsigned set = MRPC_ENCODING_IDENTITY;
    const char *end = text + size;
    while (text < end) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma ? comma : end;
        const char *last = stop;
        while (text < last && (*text == ' ' || *text == '\t'))
            text++;
        while (last > text && (last[-1] == ' ' || last[-1] == '\t'))
            last--;
        set |= mrpc_encoding_parse(text, (size_t)(last - text));
        text = comma ? comma + 1 : end;
    }
    return set;
}
