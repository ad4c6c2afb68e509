/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/same.h"

#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

static bool bytes_same(const void *a, const void *b, size_t size)
{
    return size == 0 || memcmp(a, b, size) == 0;
}

static bool text_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool messages_same(void *const *a, size_t a_count, void *const *b, size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++)
        if (!message_same(a[i], b[i]))
            return false;
    return a_count == b_count;
}

bool texts_same(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++)
        if (!text_same(a[i], b[i]))
            return false;
    return a_count == b_count;
}

static size_t scalar_bytes(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4; /* enums and truth values too, in protobuf-c */
    }
}

static bool repeated_same(const ProtobufCFieldDescriptor *field, const char *a, const char *b)
{
    size_t a_count = *(const size_t *)(a + field->quantifier_offset);
    size_t b_count = *(const size_t *)(b + field->quantifier_offset);
    void *const *first = *(void *const *const *)(a + field->offset);
    void *const *second = *(void *const *const *)(b + field->offset);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return messages_same(first, a_count, second, b_count);
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return texts_same((char *const *)first, a_count, (char *const *)second, b_count);
    return a_count == b_count && bytes_same(first, second, a_count * scalar_bytes(field->type));
}

static bool field_same(const ProtobufCFieldDescriptor *field, const char *a, const char *b)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return repeated_same(field, a, b);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t first = *(const uint32_t *)(a + field->quantifier_offset);
        if (first != *(const uint32_t *)(b + field->quantifier_offset))
            return false;
        if (first != field->id)
            return true;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return message_same(*(void *const *)(a + field->offset), *(void *const *)(b + field->offset));
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return text_same(*(char *const *)(a + field->offset), *(char *const *)(b + field->offset));
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *first = (const ProtobufCBinaryData *)(a + field->offset);
        const ProtobufCBinaryData *second = (const ProtobufCBinaryData *)(b + field->offset);
        return first->len == second->len && bytes_same(first->data, second->data, first->len);
    }
    return bytes_same(a + field->offset, b + field->offset, scalar_bytes(field->type));
}

bool message_same(const void *a, const void *b)
{
    if (a == b)
        return true;
    if (!a || !b)
        return false;
    const ProtobufCMessageDescriptor *descriptor = ((const ProtobufCMessage *)a)->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (!field_same(&descriptor->fields[i], a, b))
            return false;
    return true;
}
