/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/encode.h"

#include <limits.h>
#include <string.h>

#include "codec/field.h"
#include "codec/packed.h"
#include "codec/scalar.h"
#include "codec/utf8.h"

/* The writer goes from the back to the front, where each sub-message's length is known once it is written; it checks
 * room as it goes. Counting is a pass of its own, for who must make the exact room. Both check what can be wrong:
 * strings that are not UTF-8, messages that are missing, nesting without end. */

static const char *text_of(const char *const *slot)
{
    return *slot ? *slot : "";
}

static bool text_valid(const struct mrpc_field_info *info, const char *text, size_t length)
{
    return !(info->flags & MRPC_FIELD_UTF8) || mrpc_ascii_text(text, length) ||
           mrpc_utf8_valid_prefix(text, length) == length;
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
    bool check; /* false when it has been checked before */
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
        if (counter->check && !text_valid(info, text, length))
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

static size_t count_repeated(struct counter *counter, const ProtobufCFieldDescriptor *field,
                             const struct mrpc_field_info *info, const ProtobufCMessage *message)
{
    struct mrpc_type_traits traits = mrpc_type_traits(field->type);
    const uint8_t *elements = mrpc_field_pointer(field, message);
    size_t count = mrpc_field_count(field, message);
    if (count == 0)
        return 0;
    if (info->flags & MRPC_FIELD_PACKED)
        return tag_size(field) + with_length(mrpc_packed_size(field->type, elements, count));
    size_t size = count * tag_size(field);
    if (traits.wire != MRPC_WIRE_LENGTH)
        return size + mrpc_packed_size(field->type, elements, count);
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
            size += tag_size(field) + count_value(counter, field, &info->fields[i], mrpc_field_slot(field, message));
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

struct writer {
    uint8_t *begin; /* nothing is written before it */
    unsigned depth_left;
    bool check;
    int error;
    const char *bad_field;
};

/* The longest tag and the longest varint behind it. */
#define NUMBER_ROOM 15

static uint8_t *write_message(struct writer *writer, const struct mrpc_message_info *info,
                              const ProtobufCMessage *message, bool map_entry, uint8_t *end);

/* What writes returns where it begins, or NULL after this. */
static uint8_t *give_up(struct writer *writer, int error, const struct mrpc_field_info *field)
{
    writer->error = error;
    writer->bad_field = field ? field->proto_name : NULL;
    return NULL;
}

static inline bool has_room(const struct writer *writer, const uint8_t *end, size_t bytes)
{
    return (size_t)(end - writer->begin) >= bytes;
}

/* @value behind a tag or length, or alone. Near the beginning of the room its exact size decides. */
static inline uint8_t *write_varint(struct writer *writer, uint64_t value, uint8_t *end)
{
    if (!has_room(writer, end, NUMBER_ROOM) && !has_room(writer, end, mrpc_varint_size(value)))
        return give_up(writer, MRPC_ERR_AGAIN, NULL);
    return mrpc_varint_write_backward(value, end);
}

static inline uint8_t *write_tag(struct writer *writer, uint32_t number, unsigned wire, uint8_t *end)
{
    return write_varint(writer, (uint64_t)number << 3 | wire, end);
}

static uint8_t *write_block(struct writer *writer, const void *bytes, size_t size, uint8_t *end)
{
    if (!has_room(writer, end, size))
        return give_up(writer, MRPC_ERR_AGAIN, NULL);
    end -= size;
    if (size)
        memcpy(end, bytes, size);
    return write_varint(writer, size, end);
}

static inline uint8_t *write_value(struct writer *writer, const ProtobufCFieldDescriptor *field,
                                   const struct mrpc_field_info *info, const void *slot, uint8_t *end)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = text_of(slot);
        size_t length = strlen(text);
        if (writer->check && !text_valid(info, text, length))
            return give_up(writer, MRPC_ERR_INVALID, info);
        return write_block(writer, text, length, end);
    }
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *bytes = slot;
        return write_block(writer, bytes->data, bytes->len, end);
    }
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessage *message = *(const ProtobufCMessage *const *)slot;
        if (!message && !mrpc_field_in_oneof(field))
            return give_up(writer, MRPC_ERR_INVALID, info);
        uint8_t *begin = write_message(writer, info->message, message, info->flags & MRPC_FIELD_MAP, end);
        return begin ? write_varint(writer, (uint64_t)(end - begin), begin) : NULL;
    }
    default:
        if (!has_room(writer, end, NUMBER_ROOM) && !has_room(writer, end, mrpc_scalar_size(field->type, slot)))
            return give_up(writer, MRPC_ERR_AGAIN, NULL);
        return mrpc_scalar_write_backward(field->type, slot, end);
    }
}

static uint8_t *write_packed(struct writer *writer, const ProtobufCFieldDescriptor *field, const void *elements,
                             size_t count, uint8_t *end)
{
    if (!has_room(writer, end, count * MRPC_VARINT_MAX_BYTES) &&
        !has_room(writer, end, mrpc_packed_size(field->type, elements, count)))
        return give_up(writer, MRPC_ERR_AGAIN, NULL);
    uint8_t *begin = mrpc_packed_write_backward(field->type, elements, count, end);
    begin = write_varint(writer, (uint64_t)(end - begin), begin);
    return begin ? write_tag(writer, field->id, MRPC_WIRE_LENGTH, begin) : NULL;
}

static uint8_t *write_repeated(struct writer *writer, const ProtobufCFieldDescriptor *field,
                               const struct mrpc_field_info *info, const ProtobufCMessage *message, uint8_t *end)
{
    struct mrpc_type_traits traits = mrpc_type_traits(field->type);
    const uint8_t *elements = mrpc_field_pointer(field, message);
    size_t count = mrpc_field_count(field, message);
    if (count > 0 && info->flags & MRPC_FIELD_PACKED)
        return write_packed(writer, field, elements, count, end);
    for (size_t i = count; i > 0 && end; i--) {
        end = write_value(writer, field, info, elements + (i - 1) * traits.size_bytes, end);
        end = end ? write_tag(writer, field->id, traits.wire, end) : NULL;
    }
    return end;
}

static uint8_t *write_unknown(struct writer *writer, const ProtobufCMessage *message, uint8_t *end)
{
    for (unsigned i = message->n_unknown_fields; i > 0 && end; i--) {
        const ProtobufCMessageUnknownField *field = &message->unknown_fields[i - 1];
        if (!has_room(writer, end, field->len))
            return give_up(writer, MRPC_ERR_AGAIN, NULL);
        end -= field->len;
        if (field->len)
            memcpy(end, field->data, field->len);
        end = write_tag(writer, field->tag, field->wire_type, end);
    }
    return end;
}

static uint8_t *write_message(struct writer *writer, const struct mrpc_message_info *info,
                              const ProtobufCMessage *message, bool map_entry, uint8_t *end)
{
    if (!message)
        return end;
    if (writer->depth_left == 0)
        return give_up(writer, MRPC_ERR_LIMIT, NULL);
    writer->depth_left--;
    if (message->n_unknown_fields)
        end = write_unknown(writer, message, end);
    for (unsigned i = info->descriptor->n_fields; i > 0 && end; i--) {
        const ProtobufCFieldDescriptor *field = &info->descriptor->fields[i - 1];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            if (mrpc_field_count(field, message) > 0)
                end = write_repeated(writer, field, &info->fields[i - 1], message, end);
            continue;
        }
        if (!map_entry && !mrpc_field_present(field, message))
            continue;
        end = write_value(writer, field, &info->fields[i - 1], mrpc_field_slot(field, message), end);
        if (end)
            end = write_tag(writer, field->id, mrpc_type_traits(field->type).wire, end);
    }
    writer->depth_left++;
    return end;
}

int mrpc_encode_backward(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *begin,
                         uint8_t *end, uint8_t **start, const char **bad_field)
{
    struct writer writer = {.begin = begin, .depth_left = MRPC_ENCODE_DEPTH_MAX, .check = true};
    uint8_t *at = write_message(&writer, info, message, false, end);
    if (at) {
        *start = at;
        return 0;
    }
    if (bad_field)
        *bad_field = writer.bad_field;
    return writer.error;
}

uint8_t *mrpc_encode_counted(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *out,
                             size_t size)
{
    struct writer writer = {.begin = out, .depth_left = MRPC_ENCODE_DEPTH_MAX};
    write_message(&writer, info, message, false, out + size);
    return out + size;
}

uint8_t *mrpc_encode(const struct mrpc_message_info *info, const ProtobufCMessage *message, uint8_t *out)
{
    struct counter counter = {.depth_left = MRPC_ENCODE_DEPTH_MAX};
    return mrpc_encode_counted(info, message, out, count_message(&counter, info, message, false));
}
