/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/content_type.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char BASE[] = "application/grpc";

/* ";charset=utf-8; x=y": the grammar matters only as far as telling "application/grpc;…" from another type. */
static bool parameters_valid(const char *text, const char *end)
{
    while (text < end) {
        const char *next = memchr(text, ';', (size_t)(end - text));
        const char *stop = next ? next : end;
        while (text < stop && (*text == ' ' || *text == '\t'))
            text++;
        const char *equals = text < stop ? memchr(text, '=', (size_t)(stop - text)) : NULL;
        if (text < stop && (!equals || equals == text))
            return false;
        text = next ? next + 1 : end;
    }
    return true;
}

static enum mrpc_content_type subtype(const char *name, size_t size)
{
    if (size == 5 && strncasecmp(name, "proto", 5) == 0)
        return MRPC_CONTENT_PROTO;
    if (size == 4 && strncasecmp(name, "json", 4) == 0)
        return MRPC_CONTENT_JSON;
    return size ? MRPC_CONTENT_UNKNOWN : MRPC_CONTENT_OTHER;
}

enum mrpc_content_type mrpc_content_type_parse(const char *text, size_t size)
{
    if (size == sizeof(BASE) - 1 && memcmp(text, BASE, sizeof(BASE) - 1) == 0)
        return MRPC_CONTENT_PROTO;   /* as nearly everybody writes it */
    const char *end = text + size;
    const char *at = text + sizeof(BASE) - 1;
    if (size < sizeof(BASE) - 1 || strncasecmp(text, BASE, sizeof(BASE) - 1) != 0)
        return MRPC_CONTENT_OTHER;
    const char *semicolon = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;
    const char *stop = semicolon ? semicolon : end;
    if (semicolon && !parameters_valid(semicolon + 1, end))
        return MRPC_CONTENT_OTHER;
    while (stop > at && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    if (at == stop)
        return MRPC_CONTENT_PROTO;
    if (*at != '+')
        return MRPC_CONTENT_OTHER;
    return subtype(at + 1, (size_t)(stop - at - 1));
}
