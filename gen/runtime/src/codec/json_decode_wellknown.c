/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_decode.h"

#include <string.h>

#include "codec/field.h"
#include "codec/json_time.h"

/* Messages whose JSON form is not an object of their fields. Their fields are numbered from 1 without gaps, so number N
 * is at N - 1. */

/* A time has at most "-315576000000.123456789s" or "9999-12-31T23:59:59.123456789+00:00". */
#define TIME_MAX_BYTES 64
/* Looking ahead for the type of an Any may cost so many times what there is to read. */
#define SCAN_FACTOR 8

bool mrpc_json_is_special(enum mrpc_wellknown wellknown)
{
    return wellknown != MRPC_WELLKNOWN_NONE && wellknown != MRPC_WELLKNOWN_EMPTY;
}

static void *slot_of(const struct mrpc_decode_scope *scope, unsigned number)
{
    return scope->message + scope->info->descriptor->fields[number - 1].offset;
}

/* Timestamp, Duration ---------------------------------------------------------------------------------------------- */

static enum mrpc_json_read read_time(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    char text[TIME_MAX_BYTES];
    size_t size = decoder->reader.decoded_bytes;
    int64_t seconds;
    int32_t nanos;
    bool duration = scope->info->wellknown == MRPC_WELLKNOWN_DURATION;
    bool good = decoder->reader.token == MRPC_JSON_STRING && size <= sizeof(text);
    if (good) {
        mrpc_json_decode_string(&decoder->reader, text);
        good = duration ? mrpc_json_parse_duration(text, size, &seconds, &nanos)
                        : mrpc_json_parse_timestamp(text, size, &seconds, &nanos);
    }
    if (!good)
        return mrpc_json_decode_fail(decoder, scope, duration ? "a duration like \"1.5s\" is expected here"
                                                              : "a time as in RFC 3339 is expected here");
    memcpy(slot_of(scope, 1), &seconds, sizeof(seconds));
    memcpy(slot_of(scope, 2), &nanos, sizeof(nanos));
    return MRPC_JSON_READ_DONE;
}

/* FieldMask -------------------------------------------------------------------------------------------------------- */

/* fooBar.baz to foo_bar.baz; at most twice as long. NULL: there is an underscore, or nothing at all. */
static char *to_snake_case(struct mrpc_arena *arena, const char *path, size_t size, bool *no_memory)
{
    char *out = mrpc_arena_alloc(arena, 2 * size + 1), *at = out;
    *no_memory = !out;
    if (!out || size == 0)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        char c = path[i];
        if (c == '_')
            return NULL;
        if (c >= 'A' && c <= 'Z') {
            *at++ = '_';
            c = (char)(c - 'A' + 'a');
        }
        *at++ = c;
    }
    *at = '\0';
    return out;
}

static enum mrpc_json_read add_path(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                    const char *path, size_t size, char **slot)
{
    bool no_memory;
    *slot = to_snake_case(decoder->base.arena, path, size, &no_memory);
    if (*slot)
        return MRPC_JSON_READ_DONE;
    if (no_memory)
        return mrpc_json_decode_no_memory(decoder, scope);
    return mrpc_json_decode_fail(decoder, scope, "a list of fieldNames with commas between is expected here");
}

static enum mrpc_json_read read_field_mask(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    const ProtobufCFieldDescriptor *field = &scope->info->descriptor->fields[0];
    if (decoder->reader.token != MRPC_JSON_STRING)
        return mrpc_json_decode_fail(decoder, scope, "a list of field names in a string is expected here");
    const char *text = mrpc_json_decode_text(decoder, scope);
    if (!text)
        return MRPC_JSON_READ_FAILED;
    if (*text == '\0')
        return MRPC_JSON_READ_DONE;
    size_t count = 1, filled = 0;
    for (const char *at = text; (at = strchr(at, ',')); at++)
        count++;
    char **paths = mrpc_arena_alloc(decoder->base.arena, count * sizeof(*paths));
    if (!paths)
        return mrpc_json_decode_no_memory(decoder, scope);
    while (filled < count) {
        size_t size = strcspn(text, ",");
        if (add_path(decoder, scope, text, size, &paths[filled++]))
            return MRPC_JSON_READ_FAILED;
        text += size + 1;
    }
    memcpy(slot_of(scope, 1), &paths, sizeof(paths));
    memcpy(mrpc_field_quantifier(field, scope->message), &count, sizeof(count));
    return MRPC_JSON_READ_DONE;
}

/* Struct, Value, ListValue, wrappers ------------------------------------------------------------------------------- */

/* The one field that they have. */
static enum mrpc_json_read read_only_field(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    if (decoder->reader.token == MRPC_JSON_NULL)
        return mrpc_json_decode_fail(decoder, scope, "null cannot be here");
    scope->field = 0;
    return mrpc_json_decode_field(decoder, scope);
}

enum kind { KIND_NULL, KIND_NUMBER, KIND_STRING, KIND_BOOL, KIND_STRUCT, KIND_LIST }; /* in the order of the fields */

static enum mrpc_json_read read_dynamic(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    static const uint8_t kinds[] = {
        [MRPC_JSON_NULL] = KIND_NULL,   [MRPC_JSON_NUMBER] = KIND_NUMBER, [MRPC_JSON_STRING] = KIND_STRING,
        [MRPC_JSON_TRUE] = KIND_BOOL,   [MRPC_JSON_FALSE] = KIND_BOOL,    [MRPC_JSON_OBJECT] = KIND_STRUCT,
        [MRPC_JSON_ARRAY] = KIND_LIST,
    };
    if (decoder->reader.token == MRPC_JSON_ERROR)
        return mrpc_json_decode_fail(decoder, scope, NULL);
    scope->field = kinds[decoder->reader.token];
    return mrpc_json_decode_field(decoder, scope);
}

/* Any -------------------------------------------------------------------------------------------------------------- */

/* What "@type" says of the object that begins here, wherever among its members it stands; NULL: it has none. */
static enum mrpc_json_read look_for_type(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                         char **type)
{
    struct mrpc_json_decoder ahead = *decoder;
    struct mrpc_json_reader *reader = &ahead.reader;
    enum mrpc_json_read result = MRPC_JSON_READ_DONE;
    bool found = false;
    *type = NULL;
    while (!found && mrpc_json_next(reader) == MRPC_JSON_KEY) {
        found = mrpc_json_string_is(reader, "@type");
        mrpc_json_next(reader);
        if (!found && !mrpc_json_skip(reader))
            break;
    }
    if (found && reader->token == MRPC_JSON_STRING)
        *type = mrpc_json_decode_text(&ahead, scope);
    if (reader->token == MRPC_JSON_ERROR || (found && !*type))
        result = mrpc_json_decode_fail(&ahead, scope, "the type is to be a string");
    decoder->scanned_bytes += reader->at - decoder->reader.at;
    decoder->base.error = ahead.base.error;
    return result;
}

static const struct mrpc_message_info *type_of(const struct mrpc_json_decoder *decoder, const char *url)
{
    const char *slash = strrchr(url, '/');
    return slash && decoder->options.find ? decoder->options.find(decoder->options.arg, slash + 1) : NULL;
}

/* {"@type": …, "value": …}; without @info the value is bytes. */
static enum mrpc_json_read read_any_value(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                          const struct mrpc_message_info *info, void *message)
{
    bool seen = false, type_seen = false;
    while (mrpc_json_next(&decoder->reader) == MRPC_JSON_KEY) {
        enum mrpc_json_read result = MRPC_JSON_READ_DONE;
        if (!type_seen && mrpc_json_string_is(&decoder->reader, "@type")) {
            type_seen = true;
            mrpc_json_next(&decoder->reader);
        } else if (!mrpc_json_string_is(&decoder->reader, "value")) {
            result = mrpc_json_decode_unknown(decoder, scope);
        } else if (seen) {
            result = mrpc_json_decode_fail(decoder, scope, "the value comes twice");
        } else {
            seen = true;
            mrpc_json_next(&decoder->reader);
            result = info ? mrpc_json_decode_message(decoder, scope, info, message)
                          : mrpc_json_decode_bytes(decoder, scope, slot_of(scope, 2));
        }
        if (result == MRPC_JSON_READ_FAILED)
            return result;
    }
    if (decoder->reader.token != MRPC_JSON_OBJECT_END)
        return mrpc_json_decode_fail(decoder, scope, NULL);
    return seen || !info ? MRPC_JSON_READ_DONE : mrpc_json_decode_fail(decoder, scope, "the value is missing");
}

static enum mrpc_json_read read_any_message(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                            const struct mrpc_message_info *info, void *message)
{
    if (mrpc_json_is_special(info->wellknown))
        return read_any_value(decoder, scope, info, message);
    if (scope->depth_left == 1)
        return mrpc_json_decode_fail(decoder, scope, "nested too deeply");
    struct mrpc_decode_scope inner = {scope, info, message, NULL, scope->depth_left - 1, MRPC_JSON_NO_FIELD};
    return mrpc_json_decode_object(decoder, &inner, true);
}

static enum mrpc_json_read pack(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope,
                                const struct mrpc_message_info *info, const ProtobufCMessage *message)
{
    size_t size;
    if (mrpc_encoded_size(info, message, &size, NULL))
        return mrpc_json_decode_fail(decoder, scope, "its content is too large");
    uint8_t *bytes = mrpc_arena_alloc(decoder->base.arena, size);
    if (!bytes)
        return mrpc_json_decode_no_memory(decoder, scope);
    mrpc_encode(info, message, bytes);
    *(ProtobufCBinaryData *)slot_of(scope, 2) = (ProtobufCBinaryData){size, size ? bytes : NULL};
    return MRPC_JSON_READ_DONE;
}

static enum mrpc_json_read read_any(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    char *type;
    if (decoder->reader.token != MRPC_JSON_OBJECT)
        return mrpc_json_decode_fail(decoder, scope, "an object is expected here");
    if (look_for_type(decoder, scope, &type))
        return MRPC_JSON_READ_FAILED;
    if (decoder->scanned_bytes / SCAN_FACTOR > decoder->reader.size)
        return mrpc_json_decode_fail(decoder, scope, "the types of nested Any are to come first");
    if (!type && mrpc_json_next(&decoder->reader) == MRPC_JSON_OBJECT_END)
        return MRPC_JSON_READ_DONE; /* an empty one */
    if (!type || !strchr(type, '/'))
        return mrpc_json_decode_fail(decoder, scope, "an Any needs its @type, a URL");
    memcpy(slot_of(scope, 1), &type, sizeof(type));
    const struct mrpc_message_info *info = type_of(decoder, type);
    if (!info)
        return read_any_value(decoder, scope, NULL, NULL);
    void *message = mrpc_json_decode_new(decoder, scope, info);
    if (!message || read_any_message(decoder, scope, info, message))
        return MRPC_JSON_READ_FAILED;
    return pack(decoder, scope, info, message);
}

enum mrpc_json_read mrpc_json_decode_special(struct mrpc_json_decoder *decoder, struct mrpc_decode_scope *scope)
{
    switch (scope->info->wellknown) {
    case MRPC_WELLKNOWN_ANY:
        return read_any(decoder, scope);
    case MRPC_WELLKNOWN_DURATION:
    case MRPC_WELLKNOWN_TIMESTAMP:
        return read_time(decoder, scope);
    case MRPC_WELLKNOWN_FIELD_MASK:
        return read_field_mask(decoder, scope);
    case MRPC_WELLKNOWN_VALUE:
        return read_dynamic(decoder, scope);
    default:
        return read_only_field(decoder, scope);
    }
}
