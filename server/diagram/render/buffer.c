/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/render/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct buffer){.limit = limit_bytes};
}

void buffer_fini(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){.limit = buffer->limit};
}

static bool reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed || more > buffer->limit - buffer->size) {
        buffer->failed = true;
        return false;
    }
    if (buffer->capacity - buffer->size >= more)
        return true;
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 16384;
    while (capacity - buffer->size < more)
        capacity *= 2;
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0 || !reserve(buffer, size))
        return;
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof text)
        buffer->failed = true;
    else
        buffer_add(buffer, text, (size_t)size);
}

void buffer_xml(struct buffer *buffer, const char *text)
{
    while (*text) {
        size_t plain = strcspn(text, "&<>\"'");
        buffer_add(buffer, text, plain);
        text += plain;
        switch (*text) {
        case '&':
            buffer_text(buffer, "&amp;");
            break;
        case '<':
            buffer_text(buffer, "&lt;");
            break;
        case '>': /* so that no ]]> appears */
            buffer_text(buffer, "&gt;");
            break;
        case '"':
            buffer_text(buffer, "&quot;");
            break;
        case '\'':
            buffer_text(buffer, "&#39;");
            break;
        default:
            return;
        }
        text++;
    }
}

void buffer_escaped(struct buffer *buffer, const char *text, const char *special, char escape)
{
    for (; *text; text++) {
        if (strchr(special, *text))
            buffer_add(buffer, &escape, 1);
        buffer_add(buffer, text, 1);
    }
}
