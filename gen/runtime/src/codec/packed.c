/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/packed.h"

#include "codec/scalar.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)

/* What is inlined here with a constant type loses its switch. */
#define INLINE static inline __attribute__((always_inline))

#define FOR_VARINT_TYPE(type, does)                                                                                    \
    switch (type) {                                                                                                    \
    case PROTOBUF_C_TYPE_BOOL:                                                                                         \
        return does(PROTOBUF_C_TYPE_BOOL);                                                                             \
    case PROTOBUF_C_TYPE_SINT32:                                                                                       \
        return does(PROTOBUF_C_TYPE_SINT32);                                                                           \
    case PROTOBUF_C_TYPE_SINT64:                                                                                       \
        return does(PROTOBUF_C_TYPE_SINT64);                                                                           \
    case PROTOBUF_C_TYPE_INT64:                                                                                        \
    case PROTOBUF_C_TYPE_UINT64:                                                                                       \
        return does(PROTOBUF_C_TYPE_UINT64);                                                                           \
    case PROTOBUF_C_TYPE_UINT32:                                                                                       \
        return does(PROTOBUF_C_TYPE_UINT32);                                                                           \
    default:                                                                                                           \
        return does(PROTOBUF_C_TYPE_INT32);                                                                            \
    }

/* Every varint ends with the one byte of it that has no high bit. */
static size_t count_varints(const uint8_t *at, size_t length)
{
    size_t count = 0;
    for (; length >= 8; length -= 8, at += 8)
        count += ((~mrpc_load64(at) & HIGH_BITS) >> 7) * LOW_BITS >> 56;
    for (; length > 0; length--)
        count += *at++ < 0x80;
    return count;
}

size_t mrpc_packed_count(ProtobufCType type, const uint8_t *at, size_t length)
{
    struct mrpc_type_traits traits = mrpc_type_traits(type);
    return traits.wire == MRPC_WIRE_VARINT ? count_varints(at, length) : length / traits.size_bytes;
}

INLINE const uint8_t *read_varints(ProtobufCType type, const uint8_t *at, const uint8_t *end, void *values,
                                   size_t *count)
{
    uint8_t *slot = values;
    size_t read = 0;
    while (at < end) {
        uint64_t value;
        const uint8_t *after = mrpc_varint_read(at, end, &value);
        if (!after)
            break;
        mrpc_scalar_from_varint(type, value, slot);
        slot += mrpc_type_traits(type).size_bytes;
        at = after;
        read++;
    }
    *count = read;
    return at;
}

static const uint8_t *read_fixed(struct mrpc_type_traits traits, const uint8_t *at, const uint8_t *end, void *values,
                                 size_t *count)
{
    *count = (size_t)(end - at) / traits.size_bytes;
    size_t bytes = *count * traits.size_bytes;
#if __BYTE_ORDER == __LITTLE_ENDIAN
    memcpy(values, at, bytes);
#else
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)values)[i] = at[i ^ (traits.size_bytes - 1)];
#endif
    return at + bytes;
}

const uint8_t *mrpc_packed_read(ProtobufCType type, const uint8_t *at, const uint8_t *end, void *values, size_t *count)
{
    struct mrpc_type_traits traits = mrpc_type_traits(type);
    if (traits.wire != MRPC_WIRE_VARINT)
        return read_fixed(traits, at, end, values, count);
#define READ(constant) read_varints(constant, at, end, values, count)
    FOR_VARINT_TYPE(type, READ)
#undef READ
}

INLINE size_t varints_size(ProtobufCType type, const uint8_t *values, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += mrpc_varint_size(mrpc_scalar_to_varint(type, values + i * mrpc_type_traits(type).size_bytes));
    return size;
}

size_t mrpc_packed_size(ProtobufCType type, const void *values, size_t count)
{
    struct mrpc_type_traits traits = mrpc_type_traits(type);
    if (traits.wire != MRPC_WIRE_VARINT)
        return count * traits.size_bytes;
#define SIZE(constant) varints_size(constant, values, count)
    FOR_VARINT_TYPE(type, SIZE)
#undef SIZE
}

INLINE uint8_t *write_varints(ProtobufCType type, const uint8_t *values, size_t count, uint8_t *end)
{
    for (size_t i = count; i > 0; i--) {
        const uint8_t *slot = values + (i - 1) * mrpc_type_traits(type).size_bytes;
        end = mrpc_varint_write_backward(mrpc_scalar_to_varint(type, slot), end);
    }
    return end;
}

static uint8_t *write_fixed(struct mrpc_type_traits traits, const uint8_t *values, size_t count, uint8_t *end)
{
    size_t bytes = count * traits.size_bytes;
    end -= bytes;
#if __BYTE_ORDER == __LITTLE_ENDIAN
    if (bytes)
        memcpy(end, values, bytes);
#else
    for (size_t i = 0; i < bytes; i++)
        end[i] = values[i ^ (traits.size_bytes - 1)];
#endif
    return end;
}

uint8_t *mrpc_packed_write_backward(ProtobufCType type, const void *values, size_t count, uint8_t *end)
{
    struct mrpc_type_traits traits = mrpc_type_traits(type);
    if (traits.wire != MRPC_WIRE_VARINT)
        return write_fixed(traits, values, count, end);
#define WRITE(constant) write_varints(constant, values, count, end)
    FOR_VARINT_TYPE(type, WRITE)
#undef WRITE
}
