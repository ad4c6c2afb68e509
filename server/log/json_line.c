/* SPDX-License-Identifier: Apache-2.0 */
#include "log/json_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What is being written; `end` leaves room for what closes the object. */
struct line {
    char *out;
    size_t size, end;
};

/* How many bytes the UTF-8 character at @at has; 0: it is none. */
static size_t character(const unsigned char *at)
{
    size_t bytes = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if ((at[0] >= 0x80 && at[0] < 0xc2) || at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((at[i] & 0xc0) != 0x80) /* also the NUL */
            return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool outside = (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f);
    return overlong || outside ? 0 : bytes;
}

static bool put(struct line *line, const char *bytes, size_t size)
{
    if (line->size + size > line->end)
        return false;
    memcpy(line->out + line->size, bytes, size);
    line->size += size;
    return true;
}

/* Up to @length bytes of text, escaped; false when it was cut, between two characters. */
static bool put_text(struct line *line, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        const unsigned char *c = (const unsigned char *)text + at;
        size_t bytes = character(c);
        bool whole = bytes && bytes <= length - at;
        char escaped[8];
        if (!whole)
            snprintf(escaped, sizeof escaped, "?");
        else if (*c == '"' || *c == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *c);
        else if (*c < 0x20)
            snprintf(escaped, sizeof escaped, "\\u%04x", *c);
        else
            snprintf(escaped, sizeof escaped, "%.*s", (int)bytes, (const char *)c);
        if (!put(line, escaped, strlen(escaped)))
            return false;
        at += whole ? bytes : 1;
    }
    return true;
}

static void put_member(struct line *line, const char *before, const char *name, const char *text)
{
    char head[48];
    int size = snprintf(head, sizeof head, "%s\"%s\":\"", before, name);
    put(line, head, (size_t)size);
    put_text(line, text, strlen(text));
    line->end++; /* kept for this */
    put(line, "\"", 1);
}

/* The length of a key's name at @word, which '=' and a value follow; else 0. */
static size_t key_length(const char *word, size_t length)
{
    size_t key = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    return key > 0 && key + 1 < length && word[key] == '=' && word[0] >= 'a' ? key : 0;
}

static void put_fields(struct line *line, const char *message)
{
    size_t count = 0;
    for (const char *word = message; *word;) {
        size_t length = strcspn(word, " "), key = key_length(word, length), before = line->size;
        bool fits = key > 0 && put(line, count ? "," : ",\"fields\":{", count ? 1 : 11) && put(line, "\"", 1) &&
                    put(line, word, key) && put(line, "\":\"", 3) &&
                    put_text(line, word + key + 1, length - key - 1) && put(line, "\"", 1);
        if (fits)
            count++;
        else
            line->size = before;
        word += length + strspn(word + length, " ");
    }
    line->end += 2;
    put(line, count ? "}}" : "}", count ? 2 : 1);
}

size_t log_json_line(char *out, size_t capacity, const char *time, const char *level, const char *component,
                     const char *message)
{
    enum { MEMBERS = 4, BRACES = 2 };
    struct line line = {.out = out, .end = capacity - MEMBERS - BRACES};
    put_member(&line, "{", "time", time);
    put_member(&line, ",", "level", level);
    put_member(&line, ",", "component", component);
    put_member(&line, ",", "message", message);
    put_fields(&line, message);
    return line.size;
}
