/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/encode.h"

#include <limits.h>
#include <string.h>

#include "codec/field.h"
#include "codec/scalar.h"
#include "codec/utf8.h"

/* Two passes: the first counts bytes and checks what can be wrong, the second writes from the back to the front, where
 * each sub-message's length is known once it is written. Neither looks at a sub-message twice. */

static const char *text_of(const char *const *slot)
{
    return *slot ? *slot : "";
}

static size_t tag_size(const ProtobufCFieldDescriptor *field)
{
    return mrpc_varint_size((uint64_t)field->id << 3);
}

static size_t with_length(size_t size)
{
    return mrpc_varint_size(size) + size;
}

/* Counting --------------------------------------------------------------------------------------------------------- */

struct counter {
    unsigned depth_left;
    bool check;           /* false when it has been checked before */
    int error;
    const char *bad_field;
};

static size_t count_message(struct counter *counter, const struct mrpc_message_info *info,
                            const ProtobufCMessage *message, bool map_entry);

static size_t refuse(struct counter *counter, int error, const struct mrpc_field_info *field)
{
    if (!counter->error) {
        counter->error = error;
        counter->bad_field = field ? field->proto_name : NULL;
    }
    return 0;
}

static size_t count_value(struct counter *counter, const ProtobufCFieldDescriptor *field,
                          const struct mrpc_field_info *info, const void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = text_of(slot);
        size_t length = strlen(text);
        if (counter->check && info->flags & MRPC_FIELD_UTF8 && mrpc_utf8_valid_prefix(text, length) < length)
            return refuse(counter, MRPC_ERR_INVALID, info);
        return with_length(length);
    }
    case PROTOBUF_C_TYPE_BYTES:
        return with_length(((const ProtobufCBinaryData *)slot)->len);
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *message = *(const ProtobufCMessage *const *)slot;
        if (!message && !mrpc_field_in_oneof(field))
            return refuse(counter, MRPC_ERR_INVALID, info);
        return with_length(count_message(counter, info->message, message, info->flags & MRPC_FIELD_MAP));
    }
    default:
        return mrpc_scalar_size(field->type, slot);
    }
}

static size_t count_scalars(const ProtobufCFieldDescriptor *field, const uint8_t *elements, size_t count)
{
    struct mrpc_type_traits traits = mrpc_type_traits(field->type);
    if (traits.wire != MRPC_WIRE_VARINT)
        return count * traits.size_bytes;
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += mrpc_scalar_size(field->type, elements + i * traits.size_bytes);
    return size;
}

static size_t count_repeated(struct counter *counter, const ProtobufCFieldDescriptor *field,
                             const struct mrpc_field_info *info, const ProtobufCMessage *message)
{
    struct mrpc_type_traits traits = mrpc_type_traits(field->type);
    const uint8_t *elements = mrpc_field_pointer(field, message);
    size_t count = mrpc_field_count(field, message);
    if (count == 0)
        return 0;
    if (info->flags & MRPC_FIELD_PACKED)
        return tag_size(field) + with_length(count_scalars(field, elements, count));
    size_t size = count * tag_size(field);
    if (traits.wire != MRPC_WIRE_LENGTH)
        return size + count_scalars(field, elements, count);
    for (size_t i = 0; i < count && !counter->error; i++)
        size += count_value(counter, field, info, elements + i * traits.size_bytes);
    return size;
}

static size_t count_unknown(const ProtobufCMessage *message)
{
    size_t size = 0;
    for (unsigned i = 0; i < message->n_unknown_fields; i++)
        size += mrpc_varint_size((uint64_t)message->unknown_fields[i].tag << 3) + message->unknown_fields[i].len;
    return size;
}

/* A map's entries are written with key and value even when those are default, as all implementations do. */
static size_t count_message(struct counter *counter, const struct mrpc_message_info *info,
                            const ProtobufCMessage *message, bool map_entry)
{
    if (!message || counter->error)
        return 0;
    if (counter->depth_left == 0)
        return refuse(counter, MRPC_ERR_LIMIT, NULL);
    counter->depth_left--;
    size_t size = message->n_unknown_fields ? count_unknown(message) : 0;
    for (unsigned i = 0; i < info->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &info->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            size += count_repeated(counter, field, &info->fields[i], message);
        else if (map_entry || mrpc_field_present(field, message))
            size += tag_size(field) +
                    count_value(counter, field, &info->fields[i], mrpc_field_slot(field, message));
    }
    counter->depth_left++;
    return size;
}

int mrpc_encoded_size(const struct mrpc_message_info *info, const ProtobufCMessage *message, size_t *size,
                      const char **bad_field)
{
    struct counter counter = {.depth_left = MRPC_ENCODE_DEPTH_MAX, .check = true};
    size_t total = count_message(&counter, info, message, false);
    if (!counter.error && total > INT_MAX)
        counter.error = MRPC_ERR_LIMIT;
    if (!counter.error) {
        *size = total;
        return 0;
    }
    if (bad_field)
        *bad_field = counter.bad_field;
    return counter.error;
}

/* Writing, from the back ------------------------------------------------------------------------------------------- */

static uint8_t *write_message(const struct mrpc_message_info *info, const ProtobufCMessage *message, bool map_entry,
                              uint8_t *end);

static uint8_t *write_tag(uint32_t number, unsigned wire, uint8_t *end)
{
    return mrpc_varint_write_backward((uint64_t)number << 3 | wire, end);
}

static uint8_t *write_block(const void *bytes, size_t size, uint8_t *end)
{
    end -= size;
    if (size)
        memcpy(end, bytes, size);
    return mrpc_varint_write_backward(size, end);
}

static uint8_t *write_value(const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info,
                            const void *slot, uint8_t *end)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = text_of(slot);
        return write_block(text, strlen(text), end);
    }
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *bytes = slot;
        return write_block(bytes->data, bytes->len, end);
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *message = *(const ProtobufCMessage *const *)slot;
        uint8_t *begin = write_message(info->message, message, info->flags & MRPC_FIELD_MAP, end);
        return mrpc_varint_write_backward((uint64_t)(end - begin), begin);
    }
    default:
        return mrpc_scalar_write_backward(field->type, slot, end);
    }
}

static uint8_t *write_repeated(const ProtobufCFieldDescriptor *field, const struct mrpc_field_info *info,
                               const ProtobufCMessage *message, uint8_t *end)
{
    struct mrpc_type_traits traits = mrpc_type_traits(field->type);
    const uint8_t *elements = mrpc_field_pointer(field, message);
    size_t count = mrpc_field_count(field, message);
    bool packed = info->flags & MRPC_FIELD_PACKED;
    uint8_t *at = end;
    for (size_t i = count; i > 0; i--) {
        at = write_value(field, info, elements + (i - 1) * traits.size_bytes, at);
        if (!packed)
            at = write_tag(field->id, traits.wire, at);
    }
    if (!packed || count == 0)
        return at;
    at = mrpc_varint_write_backward((uint64_t)(end - at), at);
    return write_tag(field->id, MRPC_WIRE_LENGTH, at);
}

static uint8_t *write_unknown(const ProtobufCMessage *message, uint8_t *end)
{
    for (unsigned i = message->n_unknown_fields; i > 0; i--) {
        const ProtobufCMessageUnknownField *field = &message->unknown_fields[i - 1];
        end -= field->len;
        if (field->len)
            memcpy(end, field->data, field->len);
        end = write_tag(field->tag, field->wire_type, end);
    }
    return end;
}

static uint8_t *write_message(const struct mrpc_message_info *info, const ProtobufCMessage *message, bool map_entry,
                              uint8_t *end)
{
    if (!message)
        return end;
    if (message->n_unknown_fields)
        end = write_unknown(message, end);
    for (unsigned i = info->descriptor->n_fields; i > 0; i--) {
        const ProtobufCFieldDescriptor *field = &info->descriptor->fields[i - 1];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            end = write_repeated(field, &info->fields[i - 1], message, end);
            continue;
        }
        if (!map_entry && !mrpc_field_present(field, message))
            continue;
        end = write_value(field, &info->fields[i - 1], mrpc_field_slot(field, message), end);
        end = write_tag(field->id, mrpc_type_traits(field->type).wire, end);
    }
    return end;
}

uint8_t *mrpc_encode_backward(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *end)
{
    return write_message(info, message, false, end);
}

uint8_t *mrpc_encode(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *out)
{
    struct counter counter = {.depth_left = MRPC_ENCODE_DEPTH_MAX};
    size_t size = count_message(&counter, info, message, false);
    write_message(info, message, false, out + size);
    return out + size;
}
