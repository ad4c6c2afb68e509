/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

static bool wire_varint(struct wire_reader *reader, uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = result;
            return true;
        }
    }
    return false;
}

static bool wire_value(struct wire_reader *reader, struct wire_field *field)
{
    uint64_t number = 0;
    field->bytes = reader->at;
    switch (field->type) {
    case WIRE_VARINT:
        return wire_varint(reader, &number);
    case WIRE_FIXED64:
        number = 8;
        break;
    case WIRE_FIXED32:
        number = 4;
        break;
    case WIRE_BYTES:
        if (!wire_varint(reader, &number)) {
            return false;
        }
        break;
    default:
        return false; /* groups: no descriptor has one */
    }
    if (number > (uint64_t)(reader->end - reader->at)) {
        return false;
    }
    field->bytes = reader->at;
    field->size = (size_t)number;
    reader->at += number;
    return true;
}

bool wire_next(struct wire_reader *reader, struct wire_field *field)
{
    if (reader->broken || reader->at == reader->end) {
        return false;
    }
    uint64_t tag = 0;
    *field = (struct wire_field){.start = reader->at};
    if (!wire_varint(reader, &tag) || tag >> 3 == 0 || tag >> 3 > 536870911) {
        reader->broken = true;
        return false;
    }
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum wire_type)(tag & 7);
    reader->broken = !wire_value(reader, field);
    return !reader->broken;
}

/* The only cycle among the messages of a request is DescriptorProto.nested_type. protoc itself stops far below. */
static bool wire_message_is_shallow(const uint8_t *bytes, size_t size, unsigned depth)
{
    enum { DESCRIPTOR_NESTED_TYPE = 3, DEPTH_MAX = 100 };
    struct wire_reader reader = {.at = bytes, .end = bytes + size};
    struct wire_field field;
    while (wire_next(&reader, &field)) {
        if (field.type != WIRE_BYTES || field.number != DESCRIPTOR_NESTED_TYPE) {
            continue;
        }
        if (depth == DEPTH_MAX || !wire_message_is_shallow(field.bytes, field.size, depth + 1)) {
            return false;
        }
    }
    return !reader.broken;
}

static bool wire_file_is_shallow(const uint8_t *bytes, size_t size)
{
    enum { FILE_MESSAGE_TYPE = 4 };
    struct wire_reader reader = {.at = bytes, .end = bytes + size};
    struct wire_field field;
    while (wire_next(&reader, &field)) {
        if (field.type == WIRE_BYTES && field.number == FILE_MESSAGE_TYPE &&
            !wire_message_is_shallow(field.bytes, field.size, 1)) {
            return false;
        }
    }
    return !reader.broken;
}

bool wire_is_shallow(const uint8_t *bytes, size_t size)
{
    enum { REQUEST_PROTO_FILE = 15 };
    struct wire_reader reader = {.at = bytes, .end = bytes + size};
    struct wire_field field;
    while (wire_next(&reader, &field)) {
        if (field.type == WIRE_BYTES && field.number == REQUEST_PROTO_FILE &&
            !wire_file_is_shallow(field.bytes, field.size)) {
            return false;
        }
    }
    return !reader.broken;
}
