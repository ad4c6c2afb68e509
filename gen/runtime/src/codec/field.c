/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/field.h"

static bool string_present(const ProtobufCFieldDescriptor *field, const void *message)
{
    const char *text = mrpc_field_pointer(field, message);
    if (field->label == PROTOBUF_C_LABEL_NONE)
        return text && text[0] != '\0';
    /* proto2: an unset string points to its default or nowhere. */
    return text && text != field->default_value;
}

bool mrpc_field_present(const ProtobufCFieldDescriptor *field, const void *message)
{
    const void *slot = mrpc_field_slot(field, message);
    if (mrpc_field_in_oneof(field))
        return mrpc_load32(mrpc_field_quantifier(field, message)) == field->id;
    if (field->label == PROTOBUF_C_LABEL_REQUIRED)
        return true;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return mrpc_field_pointer(field, message) != NULL;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return string_present(field, message);
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return mrpc_load32(mrpc_field_quantifier(field, message)) != 0;
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)slot)->len != 0;
    return mrpc_type_traits(field->type).size_bytes == 8 ? mrpc_load64(slot) != 0 : mrpc_load32(slot) != 0;
}

static void init_default(const ProtobufCFieldDescriptor *field, void *message)
{
    void *slot = (uint8_t *)message + field->offset;
    if (!field->default_value || field->label == PROTOBUF_C_LABEL_REPEATED || mrpc_field_in_oneof(field))
        return;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        memcpy(slot, &field->default_value, sizeof(field->default_value));
        return;
    }
    memcpy(slot, field->default_value, mrpc_type_traits(field->type).size_bytes);
}

void mrpc_message_init(const ProtobufCMessageDescriptor *descriptor, void *message)
{
    if (descriptor->message_init) {
        descriptor->message_init(message);
        return;
    }
    memset(message, 0, descriptor->sizeof_message);
    ((ProtobufCMessage *)message)->descriptor = descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        init_default(&descriptor->fields[i], message);
}
