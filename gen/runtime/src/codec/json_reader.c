/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_reader.h"

#include <string.h>

#include "codec/json_number.h"
#include "codec/utf8.h"

/* What may come next, white space aside. */
enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* just after '[' */
    EXPECT_KEY_OR_END,   /* just after '{' */
    EXPECT_COMMA_OR_END, /* after a member of an object or array */
    EXPECT_NOTHING,      /* after the outermost value */
    EXPECT_NOTHING_EVER, /* END or ERROR was returned */
};

void mrpc_json_reader_init(struct mrpc_json_reader *reader, const char *text, size_t size, unsigned depth_limit)
{
    *reader = (struct mrpc_json_reader){.text = text, .size = size, .depth_limit = depth_limit};
    if (depth_limit == 0 || depth_limit > MRPC_JSON_DEPTH_MAX)
        reader->depth_limit = MRPC_JSON_DEPTH_MAX;
}

void mrpc_json_reject(struct mrpc_json_reader *reader, const char *reason)
{
    if (reader->token == MRPC_JSON_ERROR && reader->reason)
        return;
    reader->token = MRPC_JSON_ERROR;
    reader->reason = reason;
    reader->expect = EXPECT_NOTHING_EVER;
}

static enum mrpc_json_token fail_at(struct mrpc_json_reader *reader, size_t at, const char *reason)
{
    reader->at = at;
    mrpc_json_reject(reader, reason);
    return MRPC_JSON_ERROR;
}

static enum mrpc_json_token fail(struct mrpc_json_reader *reader, const char *reason)
{
    return fail_at(reader, reader->at, reader->at == reader->size ? "the text ends too early" : reason);
}

static void skip_space(struct mrpc_json_reader *reader)
{
    while (reader->at < reader->size && memchr(" \t\n\r", reader->text[reader->at], 4))
        reader->at++;
}

static bool here(const struct mrpc_json_reader *reader, char wanted)
{
    return reader->at < reader->size && reader->text[reader->at] == wanted;
}

/* Nesting. */

static bool in_array(const struct mrpc_json_reader *reader)
{
    unsigned level = reader->depth - 1;
    return reader->in_array[level / 8] >> (level % 8) & 1;
}

static void after_value(struct mrpc_json_reader *reader)
{
    reader->expect = reader->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static enum mrpc_json_token open_level(struct mrpc_json_reader *reader, bool array)
{
    unsigned level = reader->depth;
    if (level == reader->depth_limit)
        return fail(reader, "it is nested too deeply");
    uint8_t bit = (uint8_t)(1 << (level % 8));
    reader->in_array[level / 8] = (uint8_t)(array ? reader->in_array[level / 8] | bit
                                                  : reader->in_array[level / 8] & ~bit);
    reader->depth++;
    reader->at++;
    reader->expect = array ? EXPECT_VALUE_OR_END : EXPECT_KEY_OR_END;
    return array ? MRPC_JSON_ARRAY : MRPC_JSON_OBJECT;
}

static enum mrpc_json_token close_level(struct mrpc_json_reader *reader)
{
    bool array = in_array(reader);
    reader->at++;
    reader->depth--;
    after_value(reader);
    return array ? MRPC_JSON_ARRAY_END : MRPC_JSON_OBJECT_END;
}

/* Strings. */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The number in "\uXXXX"; -1 when @text is no such thing. */
static int32_t unicode_escape(const char *text, size_t size)
{
    int32_t value = 0;
    if (size < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* One escape at @text: how long it is, and its character. 0 when there is none. RFC 8259 section 7. */
static size_t read_escape(const char *text, size_t size, uint32_t *character)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (size < 2)
        return 0;
    const char *simple = text[1] ? strchr(from, text[1]) : NULL;
    if (simple) {
        *character = (unsigned char)to[simple - from];
        return 2;
    }
    int32_t first = unicode_escape(text, size);
    if (first < 0 || (first >= 0xdc00 && first <= 0xdfff))
        return 0;
    if (first < 0xd800 || first > 0xdbff) {
        *character = (uint32_t)first;
        return 6;
    }
    int32_t second = unicode_escape(text + 6, size - 6);
    if (second < 0xdc00 || second > 0xdfff)
        return 0;
    *character = 0x10000 + ((uint32_t)(first - 0xd800) << 10) + (uint32_t)(second - 0xdc00);
    return 12;
}

static unsigned write_utf8(uint32_t character, char out[4])
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    unsigned more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(leads[more] | character >> (6 * more));
    for (unsigned i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (character >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

/* Go over one character of a string, written as itself or as an escape. False: the error is set. */
static bool pass_character(struct mrpc_json_reader *reader)
{
    const char *at = reader->text + reader->at;
    size_t left = reader->size - reader->at;
    uint32_t character;
    char utf8[4];
    if (*at == '\\') {
        size_t length = read_escape(at, left, &character);
        if (length == 0) {
            fail(reader, "a string has a bad escape");
            return false;
        }
        reader->at += length;
        reader->decoded_bytes += write_utf8(character, utf8);
        return true;
    }
    unsigned length = mrpc_utf8_character((const uint8_t *)at, left);
    if (length == 0 || (unsigned char)*at < 0x20) {
        fail(reader, length == 0 ? "a string is not UTF-8" : "a string has a control character");
        return false;
    }
    reader->at += length;
    reader->decoded_bytes += length;
    return true;
}

/* At a quote. */
static bool read_string(struct mrpc_json_reader *reader)
{
    size_t start = ++reader->at;
    reader->decoded_bytes = 0;
    while (!here(reader, '"')) {
        if (reader->at == reader->size) {
            fail(reader, "");
            return false;
        }
        if (!pass_character(reader))
            return false;
    }
    reader->raw = reader->text + start;
    reader->raw_bytes = reader->at - start;
    reader->at++;
    return true;
}

void mrpc_json_decode_string(const struct mrpc_json_reader *reader, char *out)
{
    const char *at = reader->raw, *end = at + reader->raw_bytes;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape ? escape : end) - at);
        memcpy(out, at, plain);
        out += plain;
        at += plain;
        uint32_t character;
        if (!escape)
            break;
        at += read_escape(at, (size_t)(end - at), &character);
        out += write_utf8(character, out);
    }
}

bool mrpc_json_string_is(const struct mrpc_json_reader *reader, const char *text)
{
    const char *at = reader->raw, *end = at + reader->raw_bytes;
    if (strlen(text) != reader->decoded_bytes)
        return false;
    while (at < end) {
        uint32_t character;
        char utf8[4] = {*at};
        unsigned length = 1;
        if (*at == '\\') {
            at += read_escape(at, (size_t)(end - at), &character);
            length = write_utf8(character, utf8);
        } else {
            at++;
        }
        if (memcmp(text, utf8, length) != 0)
            return false;
        text += length;
    }
    return true;
}

/* Values. */

static enum mrpc_json_token read_word(struct mrpc_json_reader *reader, const char *word, enum mrpc_json_token token)
{
    size_t size = strlen(word);
    if (reader->size - reader->at < size || memcmp(reader->text + reader->at, word, size) != 0)
        return fail_at(reader, reader->at, "a value is expected here");
    reader->at += size;
    after_value(reader);
    return token;
}

static enum mrpc_json_token read_number(struct mrpc_json_reader *reader)
{
    size_t size = mrpc_json_number_prefix(reader->text + reader->at, reader->size - reader->at);
    if (size == 0)
        return fail_at(reader, reader->at, "a value is expected here");
    if (size > MRPC_JSON_NUMBER_MAX_BYTES)
        return fail_at(reader, reader->at, "a number is too long");
    reader->raw = reader->text + reader->at;
    reader->raw_bytes = size;
    reader->at += size;
    after_value(reader);
    return MRPC_JSON_NUMBER;
}

static enum mrpc_json_token read_value(struct mrpc_json_reader *reader)
{
    if (reader->at == reader->size)
        return fail(reader, "");
    switch (reader->text[reader->at]) {
    case '{':
        return open_level(reader, false);
    case '[':
        return open_level(reader, true);
    case '"':
        if (!read_string(reader))
            return MRPC_JSON_ERROR;
        after_value(reader);
        return MRPC_JSON_STRING;
    case 't':
        return read_word(reader, "true", MRPC_JSON_TRUE);
    case 'f':
        return read_word(reader, "false", MRPC_JSON_FALSE);
    case 'n':
        return read_word(reader, "null", MRPC_JSON_NULL);
    default:
        return read_number(reader);
    }
}

static enum mrpc_json_token read_key(struct mrpc_json_reader *reader)
{
    if (!here(reader, '"'))
        return fail(reader, "a key is expected here");
    if (!read_string(reader))
        return MRPC_JSON_ERROR;
    skip_space(reader);
    if (!here(reader, ':'))
        return fail(reader, "a colon is expected here");
    reader->at++;
    reader->expect = EXPECT_VALUE;
    return MRPC_JSON_KEY;
}

static enum mrpc_json_token after_member(struct mrpc_json_reader *reader)
{
    bool array = in_array(reader);
    if (here(reader, array ? ']' : '}'))
        return close_level(reader);
    if (!here(reader, ','))
        return fail(reader, array ? "a comma or ']' is expected here" : "a comma or '}' is expected here");
    reader->at++;
    skip_space(reader);
    return array ? read_value(reader) : read_key(reader);
}

static enum mrpc_json_token read_token(struct mrpc_json_reader *reader)
{
    skip_space(reader);
    switch ((enum expect)reader->expect) {
    case EXPECT_VALUE_OR_END:
        return here(reader, ']') ? close_level(reader) : read_value(reader);
    case EXPECT_KEY_OR_END:
        return here(reader, '}') ? close_level(reader) : read_key(reader);
    case EXPECT_COMMA_OR_END:
        return after_member(reader);
    case EXPECT_NOTHING:
        if (reader->at < reader->size)
            return fail(reader, "the text goes on after its value");
        reader->expect = EXPECT_NOTHING_EVER;
        return MRPC_JSON_END;
    default:
        return read_value(reader);
    }
}

enum mrpc_json_token mrpc_json_next(struct mrpc_json_reader *reader)
{
    if (reader->expect != EXPECT_NOTHING_EVER)
        reader->token = read_token(reader);
    return reader->token;
}

bool mrpc_json_skip(struct mrpc_json_reader *reader)
{
    if (reader->token != MRPC_JSON_OBJECT && reader->token != MRPC_JSON_ARRAY)
        return reader->token != MRPC_JSON_ERROR;
    unsigned outside = reader->depth - 1;
    while (mrpc_json_next(reader) != MRPC_JSON_ERROR)
        if (reader->depth == outside)
            return true;
    return false;
}
