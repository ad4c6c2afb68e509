/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/codec.h>

#include <string.h>

#include "codec/encode.h"
#include "codec/field.h"

/* The copy begins as the struct's bytes; what they point to is then copied field by field. Functions return -1 when
 * memory or budget is out. */

static ProtobufCMessage *copy_message(struct mrpc_arena *arena, const struct mrpc_message_info *info,
                                      const ProtobufCMessage *message, unsigned depth_left);

/* @slot holds the original's pointer and gets the copy's. */
static int copy_value(struct mrpc_arena *arena, const ProtobufCFieldDescriptor *field,
                      const struct mrpc_field_info *info, void *slot, unsigned depth_left)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        char **text = slot;
        if (!*text || *text == field->default_value)
            return 0;
        *text = mrpc_arena_strdup(arena, *text);
        return *text ? 0 : -1;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData *bytes = slot;
        bytes->data = bytes->len ? mrpc_arena_memdup(arena, bytes->data, bytes->len) : NULL;
        return bytes->data || bytes->len == 0 ? 0 : -1;
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage **message = slot;
        if (!*message)
            return 0;
        *message = copy_message(arena, info->message, *message, depth_left);
        return *message ? 0 : -1;
    }
    default:
        return 0;
    }
}

static int copy_repeated(struct mrpc_arena *arena, const ProtobufCFieldDescriptor *field,
                         const struct mrpc_field_info *info, ProtobufCMessage *copy, unsigned depth_left)
{
    struct mrpc_type_traits traits = mrpc_type_traits(field->type);
    void **slot = (void **)((uint8_t *)copy + field->offset);
    size_t count = mrpc_field_count(field, copy);
    if (count == 0) {
        *slot = NULL;
        return 0;
    }
    uint8_t *elements = mrpc_arena_memdup(arena, *slot, count * traits.size_bytes);
    *slot = elements;
    if (!elements)
        return -1;
    for (size_t i = 0; traits.wire == MRPC_WIRE_LENGTH && i < count; i++) {
        if (copy_value(arena, field, info, elements + i * traits.size_bytes, depth_left))
            return -1;
    }
    return 0;
}

static int copy_unknown(struct mrpc_arena *arena, ProtobufCMessage *copy)
{
    if (copy->n_unknown_fields == 0)
        return 0;
    copy->unknown_fields =
        mrpc_arena_memdup(arena, copy->unknown_fields, copy->n_unknown_fields * sizeof(*copy->unknown_fields));
    for (unsigned i = 0; copy->unknown_fields && i < copy->n_unknown_fields; i++) {
        ProtobufCMessageUnknownField *field = &copy->unknown_fields[i];
        field->data = mrpc_arena_memdup(arena, field->data, field->len);
        if (!field->data)
            return -1;
    }
    return copy->unknown_fields ? 0 : -1;
}

static ProtobufCMessage *copy_message(struct mrpc_arena *arena, const struct mrpc_message_info *info,
                                      const ProtobufCMessage *message, unsigned depth_left)
{
    if (depth_left == 0)
        return NULL;
    ProtobufCMessage *copy = mrpc_arena_memdup(arena, message, info->descriptor->sizeof_message);
    if (!copy || copy_unknown(arena, copy))
        return NULL;
    for (unsigned i = 0; i < info->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &info->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            if (copy_repeated(arena, field, &info->fields[i], copy, depth_left - 1))
                return NULL;
            continue;
        }
        /* The inactive members of a oneof share the active one's memory. */
        if (mrpc_field_in_oneof(field) && !mrpc_field_present(field, copy))
            continue;
        /* Bytes that are not set may point to the default. */
        if (field->type == PROTOBUF_C_TYPE_BYTES && !mrpc_field_present(field, copy))
            continue;
        if (copy_value(arena, field, &info->fields[i], (uint8_t *)copy + field->offset, depth_left - 1))
            return NULL;
    }
    return copy;
}

int mrpc_message_copy(const struct mrpc_message_info *info, const ProtobufCMessage *message, struct mrpc_arena *arena,
                      ProtobufCMessage **out)
{
    ProtobufCMessage *copy = copy_message(arena, info, message, MRPC_ENCODE_DEPTH_MAX);
    if (copy) {
        *out = copy;
        return 0;
    }
    /* Neither budget nor memory: nested deeper than any encoder goes, or a cycle. */
    return mrpc_arena_exhausted(arena) ? MRPC_ERR_LIMIT : MRPC_ERR_NOMEM;
}
