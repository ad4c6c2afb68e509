/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void text_init(struct text *text, struct pool *pool)
{
    *text = (struct text){.pool = pool, .capacity = 64};
    text->bytes = pool_alloc(pool, text->capacity);
}

static void text_reserve(struct text *text, size_t more)
{
    if (text->capacity - text->size > more) {
        return;
    }
    size_t capacity = (text->size + more + 1) * 2;
    char *bytes = pool_alloc(text->pool, capacity);
    memcpy(bytes, text->bytes, text->size);
    text->bytes = bytes;
    text->capacity = capacity;
}

void text_bytes(struct text *text, const void *bytes, size_t size)
{
    text_reserve(text, size);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_print(struct text *text, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length > 0) {
        text_reserve(text, (size_t)length);
        vsnprintf(text->bytes + text->size, (size_t)length + 1, format, again);
        text->size += (size_t)length;
    }
    va_end(again);
}

void text_quoted(struct text *text, const char *value)
{
    text_print(text, "\"");
    for (const char *at = value; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\' || byte == '?' || byte < 0x20 || byte > 0x7e) {
            text_print(text, "\\%03o", byte);
            continue;
        }
        text_bytes(text, at, 1);
    }
    text_print(text, "\"");
}

/* One line of a comment. A space goes between the two characters of a comment marker. */
static void text_comment_line(struct text *text, const char *line, size_t size)
{
    while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\r' || line[size - 1] == '\t')) {
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        text_bytes(text, line + i, 1);
        bool marker =
            i + 1 < size && ((line[i] == '*' && line[i + 1] == '/') || (line[i] == '/' && line[i + 1] == '*'));
        if (marker) {
            text_print(text, " ");
        }
    }
}

void text_comment(struct text *text, int indent, const char *comment)
{
    if (!comment || comment[strspn(comment, " \t\r\n")] == '\0') {
        return;
    }
    const char *line = comment;
    const char *opening = "/**";
    while (*line) {
        size_t size = strcspn(line, "\n");
        text_print(text, "%*s%s", indent, "", opening);
        if (size > 0 && line[0] != ' ') {
            text_print(text, " ");
        }
        text_comment_line(text, line, size);
        opening = " *";
        line += size + (line[size] == '\n');
        text_print(text, *line ? "\n" : " */\n");
    }
}
