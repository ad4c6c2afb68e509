/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_SCALAR_H
#define MRPC_CODEC_SCALAR_H

#include "codec/field.h"
#include "codec/varint.h"

/* One scalar between its wire form and the C struct's slot; everything but strings, bytes and messages. */

static inline void mrpc_scalar_from_varint(ProtobufCType type, uint64_t value, void *slot)
{
    uint32_t narrow;
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        narrow = value != 0;
        break;
    case PROTOBUF_C_TYPE_SINT32:
        narrow = (uint32_t)mrpc_zigzag_decode((uint32_t)value);
        break;
    case PROTOBUF_C_TYPE_SINT64:
        value = (uint64_t)mrpc_zigzag_decode(value);
        memcpy(slot, &value, sizeof(value));
        return;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        memcpy(slot, &value, sizeof(value));
        return;
    default:
        narrow = (uint32_t)value;
        break;
    }
    memcpy(slot, &narrow, sizeof(narrow));
}

/** Returns the end of what was read, NULL when it is truncated or no varint. */
static inline const uint8_t *mrpc_scalar_read(ProtobufCType type, const uint8_t *at, const uint8_t *end, void *slot)
{
    switch (mrpc_type_traits(type).wire) {
    case MRPC_WIRE_FIXED32: {
        if (end - at < 4)
            return NULL;
        uint32_t value = le32toh(mrpc_load32(at));
        memcpy(slot, &value, sizeof(value));
        return at + 4;
    }
    case MRPC_WIRE_FIXED64: {
        if (end - at < 8)
            return NULL;
        uint64_t value = le64toh(mrpc_load64(at));
        memcpy(slot, &value, sizeof(value));
        return at + 8;
    }
    default: {
        uint64_t value;
        at = mrpc_varint_read(at, end, &value);
        if (at)
            mrpc_scalar_from_varint(type, value, slot);
        return at;
    }
    }
}

/** What the wire's varint carries for the value in @slot. */
static inline uint64_t mrpc_scalar_to_varint(ProtobufCType type, const void *slot)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        return mrpc_load32(slot) != 0;
    case PROTOBUF_C_TYPE_SINT32:
        return (uint32_t)mrpc_zigzag_encode((int32_t)mrpc_load32(slot));
    case PROTOBUF_C_TYPE_SINT64:
        return mrpc_zigzag_encode((int64_t)mrpc_load64(slot));
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return mrpc_load64(slot);
    case PROTOBUF_C_TYPE_UINT32:
        return mrpc_load32(slot);
    default: /* int32 and enums are sign-extended to ten bytes */
        return (uint64_t)(int64_t)(int32_t)mrpc_load32(slot);
    }
}

static inline size_t mrpc_scalar_size(ProtobufCType type, const void *slot)
{
    struct mrpc_type_traits traits = mrpc_type_traits(type);
    return traits.wire == MRPC_WIRE_VARINT ? mrpc_varint_size(mrpc_scalar_to_varint(type, slot)) : traits.size_bytes;
}

/** Write the value so that it ends before @end; returns where it begins. */
static inline uint8_t *mrpc_scalar_write_backward(ProtobufCType type, const void *slot, uint8_t *end)
{
    switch (mrpc_type_traits(type).wire) {
    case MRPC_WIRE_FIXED32: {
        uint32_t value = htole32(mrpc_load32(slot));
        return memcpy(end - 4, &value, sizeof(value));
    }
    case MRPC_WIRE_FIXED64: {
        uint64_t value = htole64(mrpc_load64(slot));
        return memcpy(end - 8, &value, sizeof(value));
    }
    default:
        return mrpc_varint_write_backward(mrpc_scalar_to_varint(type, slot), end);
    }
}

#endif
