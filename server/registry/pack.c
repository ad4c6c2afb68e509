/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pack.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ALIGNMENT = 8 };

size_t pack_bytes(const struct packer *packer)
{
    return packer->struct_bytes + packer->text_bytes;
}

void pack_into(struct packer *packer, void *memory)
{
    packer->structs = memory;
    packer->texts = (char *)memory + packer->struct_bytes;
}

static bool measuring(const struct packer *packer)
{
    return !packer->structs;
}

void *pack_room(struct packer *packer, size_t bytes)
{
    size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (measuring(packer)) {
        packer->struct_bytes += rounded;
        return NULL;
    }
    char *room = packer->structs;
    packer->structs += rounded;
    return room;
}

static void *pack_flat(struct packer *packer, const void *bytes, size_t count)
{
    if (measuring(packer)) {
        packer->text_bytes += count;
        return NULL;
    }
    char *room = packer->texts;
    packer->texts += count;
    return memcpy(room, bytes, count);
}

char *pack_text(struct packer *packer, const char *text)
{
    if (!text || !text[0])
        return (char *)(uintptr_t)(text ? protobuf_c_empty_string : NULL);
    return pack_flat(packer, text, strlen(text) + 1);
}

void *pack_messages(struct packer *packer, void *const *messages, size_t count)
{
    if (count == 0)
        return NULL;
    void **array = pack_room(packer, count * sizeof *array);
    for (size_t i = 0; i < count; i++) {
        void *copy = pack_message(packer, messages[i]);
        if (array)
            array[i] = copy;
    }
    return array;
}

char **pack_texts(struct packer *packer, char *const *texts, size_t count)
{
    if (count == 0)
        return NULL;
    char **array = pack_room(packer, count * sizeof *array);
    for (size_t i = 0; i < count; i++) {
        char *copy = pack_text(packer, texts[i]);
        if (array)
            array[i] = copy;
    }
    return array;
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

static void *pack_repeated(struct packer *packer, const ProtobufCFieldDescriptor *field, const char *source)
{
    size_t count = *(const size_t *)(source + field->quantifier_offset);
    void *const *array = *(void *const *const *)(source + field->offset);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return pack_messages(packer, array, count);
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return pack_texts(packer, (char *const *)array, count);
    void *copy = count ? pack_room(packer, count * scalar_bytes(field->type)) : NULL;
    return copy ? memcpy(copy, array, count * scalar_bytes(field->type)) : NULL;
}

/* What of one field lies outside of its struct; @target is NULL while measuring. */
static void pack_field(struct packer *packer, const ProtobufCFieldDescriptor *field, const char *source, char *target)
{
    bool one_of_several = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (one_of_several && *(const uint32_t *)(source + field->quantifier_offset) != field->id)
        return;
    void *copy;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        copy = pack_repeated(packer, field, source);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        copy = pack_message(packer, *(void *const *)(source + field->offset));
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        copy = pack_text(packer, *(char *const *)(source + field->offset));
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *data = (const ProtobufCBinaryData *)(source + field->offset);
        copy = data->len ? pack_flat(packer, data->data, data->len) : NULL;
        if (target)
            ((ProtobufCBinaryData *)(target + field->offset))->data = copy;
        return;
    } else {
        return;
    }
    if (target)
        *(void **)(target + field->offset) = copy;
}

void *pack_message(struct packer *packer, const void *message)
{
    if (!message)
        return NULL;
    const ProtobufCMessageDescriptor *descriptor = ((const ProtobufCMessage *)message)->descriptor;
    ProtobufCMessage *copy = pack_room(packer, descriptor->sizeof_message);
    if (copy) {
        memcpy(copy, message, descriptor->sizeof_message);
        copy->n_unknown_fields = 0;
        copy->unknown_fields = NULL;
    }
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        pack_field(packer, &descriptor->fields[i], message, (char *)copy);
    return copy;
}
