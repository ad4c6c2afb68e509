/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_FIELD_H
#define MRPC_CODEC_FIELD_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <mrpc/message.h>

/* What protobuf-c's structs look like in memory, by field type. */

enum mrpc_wire_type {
    MRPC_WIRE_VARINT = 0,
    MRPC_WIRE_FIXED64 = 1,
    MRPC_WIRE_LENGTH = 2,
    MRPC_WIRE_GROUP_START = 3,
    MRPC_WIRE_GROUP_END = 4,
    MRPC_WIRE_FIXED32 = 5,
};

struct mrpc_type_traits {
    uint8_t wire;
    uint8_t size_bytes; /* of one value in the C struct or array */
};

static inline struct mrpc_type_traits mrpc_type_traits(ProtobufCType type)
{
    static const struct mrpc_type_traits traits[] = {
        [PROTOBUF_C_TYPE_INT32] = {MRPC_WIRE_VARINT, 4},
        [PROTOBUF_C_TYPE_SINT32] = {MRPC_WIRE_VARINT, 4},
        [PROTOBUF_C_TYPE_SFIXED32] = {MRPC_WIRE_FIXED32, 4},
        [PROTOBUF_C_TYPE_INT64] = {MRPC_WIRE_VARINT, 8},
        [PROTOBUF_C_TYPE_SINT64] = {MRPC_WIRE_VARINT, 8},
        [PROTOBUF_C_TYPE_SFIXED64] = {MRPC_WIRE_FIXED64, 8},
        [PROTOBUF_C_TYPE_UINT32] = {MRPC_WIRE_VARINT, 4},
        [PROTOBUF_C_TYPE_FIXED32] = {MRPC_WIRE_FIXED32, 4},
        [PROTOBUF_C_TYPE_UINT64] = {MRPC_WIRE_VARINT, 8},
        [PROTOBUF_C_TYPE_FIXED64] = {MRPC_WIRE_FIXED64, 8},
        [PROTOBUF_C_TYPE_FLOAT] = {MRPC_WIRE_FIXED32, 4},
        [PROTOBUF_C_TYPE_DOUBLE] = {MRPC_WIRE_FIXED64, 8},
        [PROTOBUF_C_TYPE_BOOL] = {MRPC_WIRE_VARINT, sizeof(protobuf_c_boolean)},
        [PROTOBUF_C_TYPE_ENUM] = {MRPC_WIRE_VARINT, 4},
        [PROTOBUF_C_TYPE_STRING] = {MRPC_WIRE_LENGTH, sizeof(char *)},
        [PROTOBUF_C_TYPE_BYTES] = {MRPC_WIRE_LENGTH, sizeof(ProtobufCBinaryData)},
        [PROTOBUF_C_TYPE_MESSAGE] = {MRPC_WIRE_LENGTH, sizeof(void *)},
    };
    return traits[type];
}

static inline const void *mrpc_field_slot(const ProtobufCFieldDescriptor *field, const void *message)
{
    return (const uint8_t *)message + field->offset;
}

/* has_foo, n_foo's or the oneof's case, by the field's kind. */
static inline void *mrpc_field_quantifier(const ProtobufCFieldDescriptor *field, const void *message)
{
    return (uint8_t *)(uintptr_t)message + field->quantifier_offset;
}

static inline size_t mrpc_field_count(const ProtobufCFieldDescriptor *field, const void *message)
{
    size_t count;
    memcpy(&count, mrpc_field_quantifier(field, message), sizeof(count));
    return count;
}

static inline void *mrpc_field_pointer(const ProtobufCFieldDescriptor *field, const void *message)
{
    void *pointer;
    memcpy(&pointer, mrpc_field_slot(field, message), sizeof(pointer));
    return pointer;
}

static inline bool mrpc_field_in_oneof(const ProtobufCFieldDescriptor *field)
{
    return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

static inline uint32_t mrpc_load32(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint64_t mrpc_load64(const void *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

/* How a singular field outside a oneof tells that it is set. Implicit presence looks at the bits, so that -0.0 counts.
 */
enum mrpc_presence {
    MRPC_PRESENCE_ALWAYS,  /* required */
    MRPC_PRESENCE_POINTER, /* a message that is there */
    MRPC_PRESENCE_DEFAULT, /* proto2 string: it points neither nowhere nor to the default */
    MRPC_PRESENCE_HAS,     /* has_foo */
    MRPC_PRESENCE_TEXT,    /* a string that is not empty */
    MRPC_PRESENCE_BYTES,
    MRPC_PRESENCE_32_BITS,
    MRPC_PRESENCE_64_BITS,
};

static inline enum mrpc_presence mrpc_presence(const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REQUIRED)
        return MRPC_PRESENCE_ALWAYS;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return MRPC_PRESENCE_POINTER;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return field->type == PROTOBUF_C_TYPE_STRING ? MRPC_PRESENCE_DEFAULT : MRPC_PRESENCE_HAS;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return MRPC_PRESENCE_TEXT;
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return MRPC_PRESENCE_BYTES;
    return mrpc_type_traits(field->type).size_bytes == 8 ? MRPC_PRESENCE_64_BITS : MRPC_PRESENCE_32_BITS;
}

/** Is the singular @field to be written? */
static inline bool mrpc_field_present(const ProtobufCFieldDescriptor *field, const void *message)
{
    const void *slot = mrpc_field_slot(field, message);
    if (mrpc_field_in_oneof(field))
        return mrpc_load32(mrpc_field_quantifier(field, message)) == field->id;
    switch (mrpc_presence(field)) {
    case MRPC_PRESENCE_ALWAYS:
        return true;
    case MRPC_PRESENCE_POINTER:
        return mrpc_field_pointer(field, message) != NULL;
    case MRPC_PRESENCE_DEFAULT: {
        const void *text = mrpc_field_pointer(field, message);
        return text && text != field->default_value;
    }
    case MRPC_PRESENCE_HAS:
        return mrpc_load32(mrpc_field_quantifier(field, message)) != 0;
    case MRPC_PRESENCE_TEXT: {
        const char *text = mrpc_field_pointer(field, message);
        return text && text[0] != '\0';
    }
    case MRPC_PRESENCE_BYTES:
        return ((const ProtobufCBinaryData *)slot)->len != 0;
    case MRPC_PRESENCE_32_BITS:
        return mrpc_load32(slot) != 0;
    default:
        return mrpc_load64(slot) != 0;
    }
}

/** @message as its generated __init leaves it. */
void mrpc_message_init(const ProtobufCMessageDescriptor *descriptor, void *message);

#endif
