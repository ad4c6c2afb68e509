/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/content_type.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

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

static bool take(const char **at, const char *end, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(end - *at) < size || strncasecmp(*at, word, size) != 0)
        return false;
    *at += size;
    return true;
}

static enum mrpc_dialect take_dialect(const char **at, const char *end)
{
    if (!take(at, end, "application/grpc"))
        return MRPC_DIALECT_HTTP;
    if (!take(at, end, "-web"))
        return MRPC_DIALECT_GRPC;
    return take(at, end, "-text") ? MRPC_DIALECT_WEB_TEXT : MRPC_DIALECT_WEB;
}

/* Where the parameters begin; NULL when they are malformed. */
static const char *name_end(const char *at, const char *end)
{
    const char *semicolon = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;
    const char *stop = semicolon ? semicolon : end;
    if (semicolon && !parameters_valid(semicolon + 1, end))
        return NULL;
    while (stop > at && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    return stop;
}

/* What follows the dialect's name: nothing, "+proto" and its like, parameters. */
static enum mrpc_content_type rest_type(const char *at, const char *end)
{
    const char *stop = name_end(at, end);
    if (!stop)
        return MRPC_CONTENT_OTHER;
    if (at == stop)
        return MRPC_CONTENT_PROTO;
    if (*at != '+')
        return MRPC_CONTENT_OTHER;
    return subtype(at + 1, (size_t)(stop - at - 1));
}

/* Connect's: "application/json" and "application/connect+json". */
static enum mrpc_content_type connect_type(const char *at, const char *end, enum mrpc_dialect *dialect)
{
    const char *stop = name_end(at, end);
    if (!stop || !take(&at, stop, "application/"))
        return MRPC_CONTENT_OTHER;
    *dialect = take(&at, stop, "connect+") ? MRPC_DIALECT_CONNECT_STREAM : MRPC_DIALECT_CONNECT;
    enum mrpc_content_type type = subtype(at, (size_t)(stop - at));
    return type == MRPC_CONTENT_UNKNOWN ? MRPC_CONTENT_OTHER : type;
}

enum mrpc_content_type mrpc_content_type_parse_any(const char *text, size_t size, enum mrpc_dialect *dialect)
{
    static const char usual[] = "application/grpc";
    const char *at = text;
    *dialect = MRPC_DIALECT_GRPC;
    if (size == sizeof(usual) - 1 && memcmp(text, usual, sizeof(usual) - 1) == 0)
        return MRPC_CONTENT_PROTO;   /* as nearly everybody writes it */
    *dialect = take_dialect(&at, text + size);
    enum mrpc_content_type type = *dialect == MRPC_DIALECT_HTTP ? connect_type(text, text + size, dialect)
                                                                : rest_type(at, text + size);
    if (type == MRPC_CONTENT_OTHER)
        *dialect = MRPC_DIALECT_HTTP;
    return type;
}

enum mrpc_content_type mrpc_content_type_parse(const char *text, size_t size)
{
    enum mrpc_dialect dialect;
    enum mrpc_content_type type = mrpc_content_type_parse_any(text, size, &dialect);
    return dialect == MRPC_DIALECT_GRPC ? type : MRPC_CONTENT_OTHER;
}
