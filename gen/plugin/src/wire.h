/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_WIRE_H
#define PLUGIN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fields of a serialized message, one after the other, where they lie. Source: protobuf.dev, "Encoding". */

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool broken; /* the bytes stopped making sense */
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    const uint8_t *start; /* of its tag */
    const uint8_t *bytes; /* of the value */
    size_t size;          /* of the value */
};

/** The next field; false at the end, and at what is no field (then reader->broken). */
bool wire_next(struct wire_reader *reader, struct wire_field *field);

/** Are these the bytes of a CodeGeneratorRequest that protobuf-c may unpack? Its unpack recurses without a limit. */
bool wire_is_shallow(const uint8_t *bytes, size_t size);

#endif
