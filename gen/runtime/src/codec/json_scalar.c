/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_decode.h"

#include <math.h>
#include <string.h>

#include "codec/field.h"
#include "codec/json_number.h"
#include "wire/base64.h"

#define ENUM_NAME_MAX_BYTES 256

/* Every empty string; protobuf-c is as free with const for its own. */
static const char no_text[1];

bool mrpc_json_is_null_value(const ProtobufCEnumDescriptor *descriptor)
{
    static const char full[] = "google.protobuf.NullValue";
    size_t length = strlen(descriptor->name); /* perhaps behind a C package */
    return length >= sizeof(full) - 1 && strcmp(descriptor->name + length - (sizeof(full) - 1), full) == 0;
}

/* Strings and bytes ------------------------------------------------------------------------------------------------ */

char *mrpc_json_decode_text(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope)
{
    const struct mrpc_json_reader *reader = &decoder->reader;
    size_t size = reader->decoded_bytes;
    if (size == 0)
        return (char *)(uintptr_t)no_text;
    char *text = mrpc_arena_alloc(decoder->base.arena, size + 1);
    if (!text) {
        mrpc_json_decode_no_memory(decoder, scope);
        return NULL;
    }
    mrpc_json_decode_string(reader, text);
    text[size] = '\0';
    if (!memchr(text, '\0', size))
        return text;
    mrpc_json_decode_fail(decoder, scope, "NUL in a string");
    return NULL;
}

static enum mrpc_json_read read_string(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                       char **slot)
{
    if (decoder->reader.token != MRPC_JSON_STRING)
        return mrpc_json_decode_fail(decoder, scope, "a string is expected here");
    char *text = mrpc_json_decode_text(decoder, scope);
    if (!text)
        return MRPC_JSON_READ_FAILED;
    *slot = text;
    return MRPC_JSON_READ_DONE;
}

/* RFC 4648 section 5: the alphabet of URLs has these two instead. */
static void to_standard_alphabet(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
}

enum mrpc_json_read mrpc_json_decode_bytes(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                           ProtobufCBinaryData *slot)
{
    size_t size = decoder->reader.decoded_bytes, bytes = 0;
    if (decoder->reader.token != MRPC_JSON_STRING)
        return mrpc_json_decode_fail(decoder, scope, "base64 in a string is expected here");
    char *text = mrpc_arena_alloc(decoder->base.arena, size);
    if (!text)
        return mrpc_json_decode_no_memory(decoder, scope);
    mrpc_json_decode_string(&decoder->reader, text);
    to_standard_alphabet(text, size);
    if (mrpc_base64_decode(text, size, (uint8_t *)text, &bytes)) /* never ahead of what it reads */
        return mrpc_json_decode_fail(decoder, scope, "a string is not base64");
    *slot = (ProtobufCBinaryData){bytes, bytes ? (uint8_t *)text : NULL};
    return MRPC_JSON_READ_DONE;
}

/* Numbers ---------------------------------------------------------------------------------------------------------- */

/* The digits of a number, which may stand in a string. */
struct digits {
    const char *text;
    size_t size;
    char copy[MRPC_JSON_NUMBER_MAX_BYTES];
};

static bool take_digits(const struct mrpc_json_reader *reader, struct digits *out)
{
    out->text = reader->raw;
    out->size = reader->raw_bytes;
    if (reader->token == MRPC_JSON_NUMBER)
        return true;
    if ((reader->token != MRPC_JSON_STRING && reader->token != MRPC_JSON_KEY) ||
        reader->decoded_bytes > sizeof(out->copy))
        return false;
    mrpc_json_decode_string(reader, out->copy);
    out->text = out->copy;
    out->size = reader->decoded_bytes;
    return out->size > 0 && mrpc_json_number_prefix(out->text, out->size) == out->size;
}

static bool in_range(ProtobufCType type, int64_t value)
{
    bool is_unsigned = type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_FIXED32;
    return is_unsigned ? value >= 0 && value <= UINT32_MAX : value >= INT32_MIN && value <= INT32_MAX;
}

static bool store_integer(ProtobufCType type, const struct digits *digits, void *slot)
{
    int64_t value;
    uint64_t large;
    if (type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_FIXED64) {
        if (!mrpc_json_number_uint64(digits->text, digits->size, &large))
            return false;
        memcpy(slot, &large, sizeof(large));
        return true;
    }
    if (!mrpc_json_number_int64(digits->text, digits->size, &value))
        return false;
    if (mrpc_type_traits(type).size_bytes == sizeof(value)) {
        memcpy(slot, &value, sizeof(value));
        return true;
    }
    if (!in_range(type, value))
        return false;
    uint32_t small = (uint32_t)value;
    memcpy(slot, &small, sizeof(small));
    return true;
}

static enum mrpc_json_read read_integer(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                        ProtobufCType type, void *slot)
{
    struct digits digits;
    if (!take_digits(&decoder->reader, &digits))
        return mrpc_json_decode_fail(decoder, scope, "a number is expected here");
    if (!store_integer(type, &digits, slot))
        return mrpc_json_decode_fail(decoder, scope, "the number is not whole or does not fit");
    return MRPC_JSON_READ_DONE;
}

static bool special_number(const struct mrpc_json_reader *reader, double *out)
{
    static const struct {
        const char *text;
        double value;
    } specials[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    for (size_t i = 0; reader->token == MRPC_JSON_STRING && i < sizeof(specials) / sizeof(specials[0]); i++) {
        if (!mrpc_json_string_is(reader, specials[i].text))
            continue;
        *out = specials[i].value;
        return true;
    }
    return false;
}

static enum mrpc_json_read read_double(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                       ProtobufCType type, void *slot)
{
    struct digits digits;
    double value;
    bool single = type == PROTOBUF_C_TYPE_FLOAT;
    bool special = special_number(&decoder->reader, &value);
    if (!special && !take_digits(&decoder->reader, &digits))
        return mrpc_json_decode_fail(decoder, scope, "a number is expected here");
    if (!special) /* rounded once, also to the smaller type */
        value = single ? (double)mrpc_json_number_float(digits.text, digits.size)
                       : mrpc_json_number_double(digits.text, digits.size);
    if (!special && isinf(value))
        return mrpc_json_decode_fail(decoder, scope, "the number does not fit");
    if (single) {
        float small = (float)value;
        memcpy(slot, &small, sizeof(small));
    } else {
        memcpy(slot, &value, sizeof(value));
    }
    return MRPC_JSON_READ_DONE;
}

/* Enums and truth -------------------------------------------------------------------------------------------------- */

static const ProtobufCEnumValue *find_enum_value(const struct mrpc_json_reader *reader,
                                                 const ProtobufCEnumDescriptor *descriptor)
{
    char name[ENUM_NAME_MAX_BYTES];
    if (reader->decoded_bytes >= sizeof(name))
        return NULL;
    mrpc_json_decode_string(reader, name);
    name[reader->decoded_bytes] = '\0';
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(descriptor, name);
    return strlen(name) == reader->decoded_bytes ? value : NULL;
}

static enum mrpc_json_read read_enum(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                     const ProtobufCEnumDescriptor *descriptor, void *slot)
{
    int32_t number = 0;
    if (decoder->reader.token == MRPC_JSON_NUMBER)
        return read_integer(decoder, scope, PROTOBUF_C_TYPE_INT32, slot);
    if (decoder->reader.token == MRPC_JSON_STRING) {
        const ProtobufCEnumValue *value = find_enum_value(&decoder->reader, descriptor);
        if (!value && decoder->options.flags & MRPC_JSON_IGNORE_UNKNOWN)
            return MRPC_JSON_READ_NOTHING;
        if (!value)
            return mrpc_json_decode_fail(decoder, scope, "the enum has no such value");
        number = value->value;
    } else if (decoder->reader.token != MRPC_JSON_NULL || !mrpc_json_is_null_value(descriptor)) {
        return mrpc_json_decode_fail(decoder, scope, "the name or number of an enum's value is expected here");
    }
    memcpy(slot, &number, sizeof(number));
    return MRPC_JSON_READ_DONE;
}

static enum mrpc_json_read read_bool(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                     void *slot)
{
    enum mrpc_json_token token = decoder->reader.token;
    protobuf_c_boolean value = token == MRPC_JSON_TRUE;
    if (token != MRPC_JSON_TRUE && token != MRPC_JSON_FALSE)
        return mrpc_json_decode_fail(decoder, scope, "true or false is expected here");
    memcpy(slot, &value, sizeof(value));
    return MRPC_JSON_READ_DONE;
}

enum mrpc_json_read mrpc_json_decode_scalar(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                            const ProtobufCFieldDescriptor *field, void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return read_string(decoder, scope, slot);
    case PROTOBUF_C_TYPE_BYTES:
        return mrpc_json_decode_bytes(decoder, scope, slot);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(decoder, scope, slot);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(decoder, scope, field->descriptor, slot);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_double(decoder, scope, field->type, slot);
    default:
        return read_integer(decoder, scope, field->type, slot);
    }
}

enum mrpc_json_read mrpc_json_decode_map_key(struct mrpc_json_decoder *decoder, const struct mrpc_decode_scope *scope,
                                             const ProtobufCFieldDescriptor *field, void *slot)
{
    protobuf_c_boolean truth = mrpc_json_string_is(&decoder->reader, "true");
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        char *text = mrpc_json_decode_text(decoder, scope);
        memcpy(slot, &text, sizeof(text));
        return text ? MRPC_JSON_READ_DONE : MRPC_JSON_READ_FAILED;
    }
    case PROTOBUF_C_TYPE_BOOL:
        if (!truth && !mrpc_json_string_is(&decoder->reader, "false"))
            return mrpc_json_decode_fail(decoder, scope, "\"true\" or \"false\" is expected here");
        memcpy(slot, &truth, sizeof(truth));
        return MRPC_JSON_READ_DONE;
    default:
        return read_integer(decoder, scope, field->type, slot);
    }
}
