/* SPDX-License-Identifier: Apache-2.0 */
#include "session/http_rules.h"

#include <string.h>
#include <strings.h>

#include "wire/visible.h"

enum {
    SEEN_METHOD = 1 << 0,
    SEEN_SCHEME = 1 << 1,
    SEEN_AUTHORITY = 1 << 2,
    SEEN_PATH = 1 << 3,
    SEEN_HOST = 1 << 4,
    SEEN_REGULAR = 1 << 5,      /* no pseudo-header may follow */
    IS_CONNECT = 1 << 6,
    IS_OPTIONS = 1 << 7,
    IS_HTTP = 1 << 8,           /* the scheme, or https */
    PATH_ABSOLUTE = 1 << 9,
    PATH_ASTERISK = 1 << 10,
};

/* What a character may be part of. RFC 9110 section 5.6.2 (tchar; names of HTTP/2 have no upper case), RFC 3986 section
 * 3.1 and 3.2 (userinfo, IP literals, names and ports). */
enum {
    NAME = 1,
    TOKEN = 2,
    SCHEME = 4,
    AUTHORITY = 8,
};

#define LETTER (TOKEN | SCHEME | AUTHORITY)
#define DIGIT (NAME | TOKEN | SCHEME | AUTHORITY)
#define MARK (NAME | TOKEN)
#define LOWER_AND_UPPER(lower, upper) [lower] = NAME | LETTER, [upper] = LETTER

static const uint8_t classes[256] = {
    LOWER_AND_UPPER('a', 'A'), LOWER_AND_UPPER('b', 'B'), LOWER_AND_UPPER('c', 'C'), LOWER_AND_UPPER('d', 'D'),
    LOWER_AND_UPPER('e', 'E'), LOWER_AND_UPPER('f', 'F'), LOWER_AND_UPPER('g', 'G'), LOWER_AND_UPPER('h', 'H'),
    LOWER_AND_UPPER('i', 'I'), LOWER_AND_UPPER('j', 'J'), LOWER_AND_UPPER('k', 'K'), LOWER_AND_UPPER('l', 'L'),
    LOWER_AND_UPPER('m', 'M'), LOWER_AND_UPPER('n', 'N'), LOWER_AND_UPPER('o', 'O'), LOWER_AND_UPPER('p', 'P'),
    LOWER_AND_UPPER('q', 'Q'), LOWER_AND_UPPER('r', 'R'), LOWER_AND_UPPER('s', 'S'), LOWER_AND_UPPER('t', 'T'),
    LOWER_AND_UPPER('u', 'U'), LOWER_AND_UPPER('v', 'V'), LOWER_AND_UPPER('w', 'W'), LOWER_AND_UPPER('x', 'X'),
    LOWER_AND_UPPER('y', 'Y'), LOWER_AND_UPPER('z', 'Z'),
    ['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT,
    ['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT,
    ['-'] = MARK | SCHEME | AUTHORITY, ['.'] = MARK | SCHEME | AUTHORITY, ['+'] = MARK | SCHEME | AUTHORITY,
    ['!'] = MARK | AUTHORITY, ['$'] = MARK | AUTHORITY, ['%'] = MARK | AUTHORITY, ['&'] = MARK | AUTHORITY,
    ['\''] = MARK | AUTHORITY, ['*'] = MARK | AUTHORITY, ['_'] = MARK | AUTHORITY, ['~'] = MARK | AUTHORITY,
    ['#'] = MARK, ['^'] = MARK, ['`'] = MARK, ['|'] = MARK,
    ['('] = AUTHORITY, [')'] = AUTHORITY, [','] = AUTHORITY, [':'] = AUTHORITY, [';'] = AUTHORITY, ['='] = AUTHORITY,
    ['@'] = AUTHORITY, ['['] = AUTHORITY, [']'] = AUTHORITY,
};

static bool all_of(uint8_t class, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((classes[(unsigned char)text[i]] & class) == 0)
            return false;
    return true;
}

static bool is(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(text, word, size) == 0;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9113 section 8.2.1: no control characters but tabs, no blanks at the ends. */
static bool value_legal(const char *value, size_t size)
{
    if (size == 0)
        return true;
    if (blank(value[0]) || blank(value[size - 1]))
        return false;
    if (mrpc_visible(value, size, ' '))
        return true;
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f)
            return false;
    return true;
}

/* Fragments and queries are not looked into. */
static bool path_legal(const char *path, size_t size)
{
    if (mrpc_visible(path, size, '!'))
        return true;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)path[i] <= ' ' || path[i] == 0x7f)
            return false;
    return true;
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Each of these once, and not empty. */
static bool first(struct http_rules *rules, unsigned mark, size_t value_bytes)
{
    bool fine = (rules->seen & mark) == 0 && value_bytes > 0;
    rules->seen |= (uint16_t)mark;
    return fine;
}

static bool take_method(struct http_rules *rules, const char *value, size_t size)
{
    if (!first(rules, SEEN_METHOD, size))
        return false;
    if (is(value, size, "POST"))
        return true;
    if (is(value, size, "CONNECT"))
        rules->seen |= IS_CONNECT;
    else if (is(value, size, "OPTIONS"))
        rules->seen |= IS_OPTIONS;
    return all_of(TOKEN, value, size);
}

static bool take_scheme(struct http_rules *rules, const char *value, size_t size)
{
    if (!first(rules, SEEN_SCHEME, size))
        return false;
    if (is(value, size, "http") || ((size == 4 || size == 5) && strncasecmp(value, "https", size) == 0)) {
        rules->seen |= IS_HTTP;
        return true;
    }
    return letter(value[0]) && all_of(SCHEME, value, size);
}

static bool take_path(struct http_rules *rules, const char *value, size_t size)
{
    if (!first(rules, SEEN_PATH, size) || !path_legal(value, size))
        return false;
    if (value[0] == '/')
        rules->seen |= PATH_ABSOLUTE;
    else if (is(value, size, "*"))
        rules->seen |= PATH_ASTERISK;
    return true;
}

static bool take_pseudo(struct http_rules *rules, enum header_name known, const char *value, size_t size)
{
    if ((rules->seen & SEEN_REGULAR) != 0)
        return false;
    switch (known) {
    case HEADER_METHOD:
        return take_method(rules, value, size);
    case HEADER_SCHEME:
        return take_scheme(rules, value, size);
    case HEADER_AUTHORITY:
        return first(rules, SEEN_AUTHORITY, size) && all_of(AUTHORITY, value, size);
    case HEADER_PATH:
        return take_path(rules, value, size);
    default:
        return false;
    }
}

static bool take_length(struct http_rules *rules, const char *value, size_t size)
{
    if (rules->has_length || size == 0)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (value[i] < '0' || value[i] > '9' || rules->length_bytes > (INT64_MAX - 9) / 10)
            return false;
        rules->length_bytes = rules->length_bytes * 10 + (uint64_t)(value[i] - '0');
    }
    rules->has_length = true;
    return true;
}

/* An upper-case name is no slip of a peer that speaks HTTP/2. RFC 9113 section 8.2.1. */
static enum http_verdict judge_name(const char *name, size_t size)
{
    if (size > 0 && all_of(NAME, name, size))
        return HTTP_FINE;
    for (size_t i = 0; i < size; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            return HTTP_MALFORMED;
    return HTTP_ILLEGAL_FIELD;
}

static enum http_verdict judge_value(const char *value, size_t size)
{
    return value_legal(value, size) ? HTTP_FINE : HTTP_ILLEGAL_FIELD;
}

static bool is_trailers(const char *value, size_t size)
{
    return is(value, size, "trailers") || (size == 8 && strncasecmp(value, "trailers", size) == 0);
}

static enum http_verdict judge_regular(struct http_rules *rules, const struct request_header *header)
{
    const char *value = header->value;
    size_t size = header->value_bytes;
    enum http_verdict verdict;
    rules->seen |= SEEN_REGULAR;
    switch (header->known) {
    case HEADER_HOST:
        if (!all_of(AUTHORITY, value, size))
            return HTTP_ILLEGAL_FIELD;
        return first(rules, SEEN_HOST, size) ? HTTP_FINE : HTTP_MALFORMED;
    case HEADER_CONTENT_LENGTH:
        return take_length(rules, value, size) ? HTTP_FINE : HTTP_MALFORMED;
    case HEADER_TE:
        return is_trailers(value, size) ? HTTP_FINE : HTTP_MALFORMED;
    case HEADER_OF_CONNECTION:
        return HTTP_MALFORMED;
    case HEADER_OTHER:
    case HEADER_GRPC:
        verdict = judge_name(header->name, header->name_bytes);
        return verdict == HTTP_FINE ? judge_value(value, size) : verdict;
    default:
        return judge_value(value, size);
    }
}

enum http_verdict mrpc_http_header(struct http_rules *rules, const struct request_header *header, bool trailer)
{
    if (header->known < HEADER_METHOD || header->known > HEADER_PSEUDO)
        return judge_regular(rules, header);
    return !trailer && take_pseudo(rules, header->known, header->value, header->value_bytes) ? HTTP_FINE
                                                                                             : HTTP_MALFORMED;
}

bool mrpc_http_head_whole(const struct http_rules *rules)
{
    unsigned seen = rules->seen;
    bool named = (seen & (SEEN_AUTHORITY | SEEN_HOST)) != 0;
    if ((seen & IS_CONNECT) != 0)
        return (seen & (SEEN_SCHEME | SEEN_PATH)) == 0 && (seen & SEEN_AUTHORITY) != 0;
    if ((seen & SEEN_METHOD) == 0 || (seen & SEEN_SCHEME) == 0 || (seen & SEEN_PATH) == 0 || !named)
        return false;
    bool asterisk = (seen & IS_OPTIONS) != 0 && (seen & PATH_ASTERISK) != 0;
    return (seen & IS_HTTP) == 0 || (seen & PATH_ABSOLUTE) != 0 || asterisk;
}
