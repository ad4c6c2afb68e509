/* SPDX-License-Identifier: Apache-2.0 */
#include "client/config_parser.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_number.h"
#include "codec/json_time.h"

/* Errors. */

bool mrpc_config_fail(struct mrpc_config_parser *parser, const char *reason)
{
    if (parser->error)
        return false;
    parser->error = MRPC_ERR_INVALID;
    if (parser->why_bytes > 0)
        snprintf(parser->why, parser->why_bytes, "%s%s%s", parser->path, parser->path_bytes ? ": " : "", reason);
    return false;
}

bool mrpc_config_fail_syntax(struct mrpc_config_parser *parser)
{
    char reason[128];
    snprintf(reason, sizeof reason, "%s (at byte %zu)", parser->reader.reason, parser->reader.at);
    return mrpc_config_fail(parser, reason);
}

bool mrpc_config_fail_memory(struct mrpc_config_parser *parser)
{
    parser->error = MRPC_ERR_NOMEM;
    return false;
}

bool mrpc_config_want(struct mrpc_config_parser *parser, enum mrpc_json_token token, const char *otherwise)
{
    if (parser->reader.token == MRPC_JSON_ERROR)
        return mrpc_config_fail_syntax(parser);
    return parser->reader.token == token || mrpc_config_fail(parser, otherwise);
}

/* Walking. */

static size_t enter(struct mrpc_config_parser *parser, const char *format, ...) MRPC_PRINTF(2, 3);

/* Extend the path; returns what leave() wants. */
static size_t enter(struct mrpc_config_parser *parser, const char *format, ...)
{
    size_t before = parser->path_bytes, room = MRPC_CONFIG_PATH_MAX_BYTES - before;
    va_list args;
    va_start(args, format);
    int size = vsnprintf(parser->path + before, room, format, args);
    va_end(args);
    parser->path_bytes += size < 0 ? 0 : (size_t)size < room ? (size_t)size : room - 1;
    return before;
}

static void leave(struct mrpc_config_parser *parser, size_t before)
{
    parser->path_bytes = before;
    parser->path[before] = '\0';
}

static size_t find_field(const struct mrpc_config_parser *parser, const struct mrpc_config_field *fields, size_t count)
{
    size_t at = 0;
    while (at < count && !mrpc_json_string_is(&parser->reader, fields[at].name))
        at++;
    return at;
}

static bool read_field(struct mrpc_config_parser *parser, const struct mrpc_config_field *field, uint32_t bit,
                       uint32_t *seen, void *out)
{
    size_t before = enter(parser, "%s%s", parser->path_bytes ? "." : "", field->name);
    bool good = true;
    if (mrpc_json_next(&parser->reader) != MRPC_JSON_NULL) {
        good = !(*seen & bit) || mrpc_config_fail(parser, "appears twice");
        *seen |= bit;
        good = good && field->read(parser, out);
    }
    leave(parser, before);
    return good;
}

/* Of an object: @seen has bit i for fields[i]. */
bool mrpc_config_read_object(struct mrpc_config_parser *parser, const struct mrpc_config_field *fields, size_t count,
                             void *out, uint32_t *seen)
{
    *seen = 0;
    if (!mrpc_config_want(parser, MRPC_JSON_OBJECT, "must be an object"))
        return false;
    while (mrpc_json_next(&parser->reader) == MRPC_JSON_KEY) {
        size_t at = find_field(parser, fields, count);
        if (at < count && !read_field(parser, &fields[at], UINT32_C(1) << at, seen, out))
            return false;
        if (at == count && (mrpc_json_next(&parser->reader), !mrpc_json_skip(&parser->reader)))
            return mrpc_config_fail_syntax(parser);
    }
    return mrpc_config_want(parser, MRPC_JSON_OBJECT_END, "");
}

/* Each element, the path with its index. */
bool mrpc_config_read_array(struct mrpc_config_parser *parser,
                            bool (*read)(struct mrpc_config_parser *parser, void *out), void *out)
{
    if (!mrpc_config_want(parser, MRPC_JSON_ARRAY, "must be an array"))
        return false;
    for (size_t i = 0; mrpc_json_next(&parser->reader) != MRPC_JSON_ARRAY_END; i++) {
        size_t before = enter(parser, "[%zu]", i);
        if (!mrpc_config_want(parser, parser->reader.token, "") || !read(parser, out))
            return false;
        leave(parser, before);
    }
    return true;
}

bool mrpc_config_require(struct mrpc_config_parser *parser, uint32_t seen, const struct mrpc_config_field *fields,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (seen >> i & 1)
            continue;
        enter(parser, ".%s", fields[i].name);
        return mrpc_config_fail(parser, "is missing");
    }
    return true;
}

/* Scalars. */

bool mrpc_config_read_bool(struct mrpc_config_parser *parser, bool *out)
{
    *out = parser->reader.token == MRPC_JSON_TRUE;
    return *out || mrpc_config_want(parser, MRPC_JSON_FALSE, "must be true or false");
}

bool mrpc_config_read_whole(struct mrpc_config_parser *parser, uint64_t *out)
{
    const struct mrpc_json_reader *reader = &parser->reader;
    static const char otherwise[] = "must be a whole number that is not negative";
    return mrpc_config_want(parser, MRPC_JSON_NUMBER, otherwise) &&
           (mrpc_json_number_uint64(reader->raw, reader->raw_bytes, out) || mrpc_config_fail(parser, otherwise));
}

bool mrpc_config_read_number(struct mrpc_config_parser *parser, double *out)
{
    if (!mrpc_config_want(parser, MRPC_JSON_NUMBER, "must be a number"))
        return false;
    *out = mrpc_json_number_double(parser->reader.raw, parser->reader.raw_bytes);
    return true;
}

bool mrpc_config_read_duration_ms(struct mrpc_config_parser *parser, double *out)
{
    static const char otherwise[] = "must be a duration such as \"1.5s\"";
    const struct mrpc_json_reader *reader = &parser->reader;
    int64_t seconds;
    int32_t nanos;
    if (!mrpc_config_want(parser, MRPC_JSON_STRING, otherwise))
        return false;
    if (!mrpc_json_parse_duration(reader->raw, reader->raw_bytes, &seconds, &nanos))
        return mrpc_config_fail(parser, otherwise);
    *out = (double)seconds * 1e3 + (double)nanos / 1e6;
    return *out >= 0 || mrpc_config_fail(parser, "must not be negative");
}

bool mrpc_config_read_text(struct mrpc_config_parser *parser, char **out)
{
    if (!mrpc_config_want(parser, MRPC_JSON_STRING, "must be a string"))
        return false;
    free(*out);
    *out = malloc(parser->reader.decoded_bytes + 1);
    if (!*out)
        return mrpc_config_fail_memory(parser);
    mrpc_json_decode_string(&parser->reader, *out);
    (*out)[parser->reader.decoded_bytes] = '\0';
    return strlen(*out) == parser->reader.decoded_bytes || mrpc_config_fail(parser, "must not have a NUL");
}
