/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/field.h"

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
