/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_RAW_PROTO_H
#define MLT_RAW_PROTO_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Protocol buffer bytes written by hand, well-formed or not. */

struct raw {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

static inline void raw_put(struct raw *raw, const void *bytes, size_t size)
{
    if (raw->capacity - raw->size < size) {
        raw->capacity = (raw->capacity + size) * 2;
        raw->data = realloc(raw->data, raw->capacity);
    }
    if (size)
        memcpy(raw->data + raw->size, bytes, size);
    raw->size += size;
}

static inline void raw_varint(struct raw *raw, uint64_t value)
{
    uint8_t byte;
    for (; value >= 0x80; value >>= 7) {
        byte = (uint8_t)(value | 0x80);
        raw_put(raw, &byte, 1);
    }
    byte = (uint8_t)value;
    raw_put(raw, &byte, 1);
}

static inline void raw_tag(struct raw *raw, uint32_t number, unsigned wire)
{
    raw_varint(raw, (uint64_t)number << 3 | wire);
}

static inline void raw_number(struct raw *raw, uint32_t number, uint64_t value)
{
    raw_tag(raw, number, 0);
    raw_varint(raw, value);
}

static inline void raw_block(struct raw *raw, uint32_t number, const void *bytes, size_t size)
{
    raw_tag(raw, number, 2);
    raw_varint(raw, size);
    raw_put(raw, bytes, size);
}

static inline void raw_text(struct raw *raw, uint32_t number, const char *text)
{
    raw_block(raw, number, text, strlen(text));
}

/** Turn the contents into a field of themselves. */
static inline void raw_wrap(struct raw *raw, uint32_t number)
{
    struct raw outer = {0};
    raw_block(&outer, number, raw->data, raw->size);
    free(raw->data);
    *raw = outer;
}

static inline void raw_free(struct raw *raw)
{
    free(raw->data);
    *raw = (struct raw){0};
}

#endif
