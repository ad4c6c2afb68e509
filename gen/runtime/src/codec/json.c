/* SPDX-License-Identifier: Apache-2.0 */
#include <mrpc/json.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codec/encode.h"
#include "codec/field.h"
#include "codec/json_decode.h"
#include "codec/json_writer.h"

static void write_message(struct mrpc_json_writer *writer, const struct mrpc_message_info *info,
                          const ProtobufCMessage *message);

static const char *text_at(const void *slot)
{
    const char *text = *(const char *const *)slot;
    return text ? text : "";
}

/* Scalars ---------------------------------------------------------------------------------------------------------- */

static void write_enum(struct mrpc_json_writer *writer, const ProtobufCEnumDescriptor *descriptor, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    char text[16];
    if (mrpc_json_is_null_value(descriptor)) {
        mrpc_json_literal(writer, "null");
        return;
    }
    if (value) {
        mrpc_json_string(writer, value->name, strlen(value->name));
        return;
    }
    snprintf(text, sizeof(text), "%d", number);
    mrpc_json_literal(writer, text);
}

/* Numbers of 64 bits go in quotes: readers of JSON keep 53. */
static void write_integer(struct mrpc_json_writer *writer, ProtobufCType type, const void *slot)
{
    char text[32];
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        snprintf(text, sizeof(text), "%" PRIu32, mrpc_load32(slot));
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        snprintf(text, sizeof(text), "\"%" PRId64 "\"", (int64_t)mrpc_load64(slot));
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        snprintf(text, sizeof(text), "\"%" PRIu64 "\"", mrpc_load64(slot));
        break;
    default:
        snprintf(text, sizeof(text), "%" PRId32, (int32_t)mrpc_load32(slot));
        break;
    }
    mrpc_json_literal(writer, text);
}

static void write_value(struct mrpc_json_writer *writer, const ProtobufCFieldDescriptor *field,
                        const struct mrpc_field_info *info, const void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        mrpc_json_string(writer, text_at(slot), strlen(text_at(slot)));
        return;
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *bytes = slot;
        mrpc_json_base64(writer, bytes->data, bytes->len);
        return;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        write_message(writer, info->message, *(const ProtobufCMessage *const *)slot);
        return;
    case PROTOBUF_C_TYPE_BOOL:
        mrpc_json_literal(writer, mrpc_load32(slot) ? "true" : "false");
        return;
    case PROTOBUF_C_TYPE_ENUM:
        write_enum(writer, field->descriptor, (int)mrpc_load32(slot));
        return;
    case PROTOBUF_C_TYPE_FLOAT: {
        float value;
        memcpy(&value, slot, sizeof(value));
        mrpc_json_float(writer, value);
        return;
    }
    case PROTOBUF_C_TYPE_DOUBLE: {
        double value;
        memcpy(&value, slot, sizeof(value));
        mrpc_json_double(writer, value);
        return;
    }
    default:
        write_integer(writer, field->type, slot);
        return;
    }
}

/* Fields ----------------------------------------------------------------------------------------------------------- */

/* A map's key is a member's name, so it is a string whatever its type. */
static void write_map_key(struct mrpc_json_writer *writer, const struct mrpc_message_info *info,
                          const ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *key = &info->descriptor->fields[0];
    const void *slot = mrpc_field_slot(key, entry);
    struct mrpc_json_writer scratch = {0};
    if (key->type == PROTOBUF_C_TYPE_STRING) {
        mrpc_json_key(writer, text_at(slot));
        return;
    }
    write_value(&scratch, key, &info->fields[0], slot);
    mrpc_json_raw(&scratch, "", 1);
    char *text = (char *)mrpc_buffer_bytes(&scratch.text);
    if (scratch.error) {
        mrpc_json_fail(writer, scratch.error);
    } else if (text[0] == '"') { /* 64-bit numbers have their quotes already */
        text[strlen(text) - 1] = '\0';
        mrpc_json_key(writer, text + 1);
    } else {
        mrpc_json_key(writer, text);
    }
    mrpc_buffer_fini(&scratch.text);
}

static void write_map(struct mrpc_json_writer *writer, const ProtobufCFieldDescriptor *field,
                      const struct mrpc_field_info *info, const ProtobufCMessage *message)
{
    ProtobufCMessage *const *entries = mrpc_field_pointer(field, message);
    size_t count = mrpc_field_count(field, message);
    mrpc_json_open(writer, '{');
    for (size_t i = 0; i < count && !writer->error; i++) {
        if (!entries[i] || info->message->descriptor->n_fields < 2) {
            mrpc_json_fail(writer, MRPC_ERR_INVALID);
            return;
        }
        const ProtobufCFieldDescriptor *value = &info->message->descriptor->fields[1];
        write_map_key(writer, info->message, entries[i]);
        write_value(writer, value, &info->message->fields[1], mrpc_field_slot(value, entries[i]));
    }
    mrpc_json_close(writer, '}');
}

static void write_array(struct mrpc_json_writer *writer, const ProtobufCFieldDescriptor *field,
                        const struct mrpc_field_info *info, const ProtobufCMessage *message)
{
    const uint8_t *elements = mrpc_field_pointer(field, message);
    size_t count = mrpc_field_count(field, message), size = mrpc_type_traits(field->type).size_bytes;
    mrpc_json_open(writer, '[');
    for (size_t i = 0; i < count && !writer->error; i++) {
        mrpc_json_element(writer);
        write_value(writer, field, info, elements + i * size);
    }
    mrpc_json_close(writer, ']');
}

static bool is_written(const struct mrpc_json_writer *writer, const ProtobufCFieldDescriptor *field,
                       const struct mrpc_field_info *info, const ProtobufCMessage *message)
{
    if (writer->flags & MRPC_JSON_DEFAULTS && !(info->flags & MRPC_FIELD_PRESENCE))
        return true;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return mrpc_field_count(field, message) > 0;
    return mrpc_field_present(field, message);
}

static void write_members(struct mrpc_json_writer *writer, const struct mrpc_message_info *info,
                          const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < info->descriptor->n_fields && !writer->error; i++) {
        const ProtobufCFieldDescriptor *field = &info->descriptor->fields[i];
        const struct mrpc_field_info *field_info = &info->fields[i];
        if (!is_written(writer, field, field_info, message))
            continue;
        mrpc_json_key(writer, writer->flags & MRPC_JSON_PROTO_NAMES ? field_info->proto_name : field_info->json_name);
        if (field_info->flags & MRPC_FIELD_MAP)
            write_map(writer, field, field_info, message);
        else if (field->label == PROTOBUF_C_LABEL_REPEATED)
            write_array(writer, field, field_info, message);
        else
            write_value(writer, field, field_info, mrpc_field_slot(field, message));
    }
}

/* Well-known types ------------------------------------------------------------------------------------------------- */

/* Their fields are numbered from 1 without gaps, so number N is at N - 1. */
static const void *slot_of(const struct mrpc_message_info *info, const ProtobufCMessage *message, unsigned number)
{
    return mrpc_field_slot(&info->descriptor->fields[number - 1], message);
}

static void write_struct_member(struct mrpc_json_writer *writer, const struct mrpc_message_info *info,
                                const ProtobufCMessage *message)
{
    if (info->wellknown == MRPC_WELLKNOWN_STRUCT)
        write_map(writer, &info->descriptor->fields[0], &info->fields[0], message);
    else
        write_array(writer, &info->descriptor->fields[0], &info->fields[0], message);
}

static void write_dynamic_value(struct mrpc_json_writer *writer, const struct mrpc_message_info *info,
                                const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < info->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &info->descriptor->fields[i];
        if (!mrpc_field_present(field, message))
            continue;
        double number;
        memcpy(&number, mrpc_field_slot(field, message), sizeof(number));
        if (field->type == PROTOBUF_C_TYPE_DOUBLE && !isfinite(number))
            mrpc_json_fail(writer, MRPC_ERR_INVALID);
        write_value(writer, field, &info->fields[i], mrpc_field_slot(field, message));
        return;
    }
    mrpc_json_literal(writer, "null");
}

/* The message that an Any holds, in @arena; NULL: its type is not known, or its bytes are none. */
static ProtobufCMessage *unpack(const struct mrpc_json_writer *writer, const char *type,
                                const ProtobufCBinaryData *bytes, struct mrpc_arena *arena,
                                const struct mrpc_message_info **info)
{
    const char *slash = strrchr(type, '/');
    ProtobufCMessage *message;
    *info = slash && writer->find ? writer->find(writer->arg, slash + 1) : NULL;
    if (!*info || !arena || mrpc_decode(*info, bytes->data, bytes->len, NULL, arena, &message, NULL))
        return NULL;
    return message;
}

static void write_any_content(struct mrpc_json_writer *writer, const char *type, const ProtobufCBinaryData *bytes)
{
    const struct mrpc_message_info *info;
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message = unpack(writer, type, bytes, arena, &info);
    if (message && !mrpc_json_is_special(info->wellknown)) {
        write_members(writer, info, message);
    } else {
        mrpc_json_key(writer, "value");
        if (message)
            write_message(writer, info, message);
        else
            mrpc_json_base64(writer, bytes->data, bytes->len);
    }
    mrpc_arena_free(arena);
}

static void write_any(struct mrpc_json_writer *writer, const struct mrpc_message_info *info,
                      const ProtobufCMessage *message)
{
    const ProtobufCBinaryData *bytes = slot_of(info, message, 2);
    const char *type = text_at(slot_of(info, message, 1));
    mrpc_json_open(writer, '{');
    if (type[0] || bytes->len) {
        mrpc_json_key(writer, "@type");
        mrpc_json_string(writer, type, strlen(type));
        write_any_content(writer, type, bytes);
    }
    mrpc_json_close(writer, '}');
}

static void write_wellknown(struct mrpc_json_writer *writer, const struct mrpc_message_info *info,
                            const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *first = info->descriptor->n_fields ? &info->descriptor->fields[0] : NULL;
    switch (info->wellknown) {
    case MRPC_WELLKNOWN_ANY:
        write_any(writer, info, message);
        return;
    case MRPC_WELLKNOWN_TIMESTAMP:
        mrpc_json_timestamp(writer, (int64_t)mrpc_load64(slot_of(info, message, 1)),
                            (int32_t)mrpc_load32(slot_of(info, message, 2)));
        return;
    case MRPC_WELLKNOWN_DURATION:
        mrpc_json_duration(writer, (int64_t)mrpc_load64(slot_of(info, message, 1)),
                           (int32_t)mrpc_load32(slot_of(info, message, 2)));
        return;
    case MRPC_WELLKNOWN_FIELD_MASK:
        mrpc_json_field_mask(writer, mrpc_field_pointer(first, message), mrpc_field_count(first, message));
        return;
    case MRPC_WELLKNOWN_STRUCT:
    case MRPC_WELLKNOWN_LIST_VALUE:
        write_struct_member(writer, info, message);
        return;
    case MRPC_WELLKNOWN_VALUE:
        write_dynamic_value(writer, info, message);
        return;
    case MRPC_WELLKNOWN_WRAPPER:
        write_value(writer, first, &info->fields[0], mrpc_field_slot(first, message));
        return;
    default:
        mrpc_json_open(writer, '{');
        write_members(writer, info, message);
        mrpc_json_close(writer, '}');
        return;
    }
}

static void write_message(struct mrpc_json_writer *writer, const struct mrpc_message_info *info,
                          const ProtobufCMessage *message)
{
    static const unsigned levels_max = MRPC_ENCODE_DEPTH_MAX;
    if (!message || writer->level >= levels_max) {
        mrpc_json_fail(writer, MRPC_ERR_INVALID);
        return;
    }
    write_wellknown(writer, info, message);
}

int mrpc_json_encode(const struct mrpc_message_info *info, const ProtobufCMessage *message,
                     const struct mrpc_json_options *options, char **out, size_t *size)
{
    struct mrpc_json_writer writer = {0};
    if (options)
        writer = (struct mrpc_json_writer){.flags = options->flags, .find = options->find, .arg = options->arg};
    write_message(&writer, info, message);
    mrpc_json_raw(&writer, "", 1);
    if (writer.error) {
        mrpc_buffer_fini(&writer.text);
        return writer.error;
    }
    /* Nothing was consumed, so that the text begins where its storage does. */
    *out = (char *)writer.text.data;
    if (size)
        *size = mrpc_buffer_size(&writer.text) - 1;
    return 0;
}

int mrpc_json_print(const struct mrpc_message_info *info, const ProtobufCMessage *message, unsigned flags, char **out)
{
    const struct mrpc_json_options options = {.struct_bytes = sizeof(options), .flags = flags};
    return mrpc_json_encode(info, message, &options, out, NULL);
}
