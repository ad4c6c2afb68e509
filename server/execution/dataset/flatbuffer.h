/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_FLATBUFFER_H
#define MLT_EXECUTION_DATASET_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reading FlatBuffers that come from a stranger. Every step stays within the bytes; one that would leave them sets
 * `bad` and gives the default, so a reader asks for all it wants and looks at `bad` once. References lead forwards
 * only, so no chain of them is longer than the buffer. Thread: one at a time.
 * Source: FlatBuffers, "FlatBuffers Internals". */

struct flatbuffer {
    const uint8_t *bytes; /* borrowed */
    size_t size;
    bool bad;
};

struct flat_table {
    struct flatbuffer *in;
    size_t at; /* 0: the table is absent, and so is all in it */
};

struct flat_vector {
    struct flatbuffer *in;
    size_t at; /* of the first item */
    uint32_t count;
};

struct flat_text {
    const char *text; /* not NUL-terminated; NULL when absent */
    size_t bytes;
};

struct flat_table flat_root(struct flatbuffer *buffer);
/** The signed scalar in @slot (its number in the schema) of @width bytes (1, 2, 4 or 8). */
int64_t flat_integer(struct flat_table table, unsigned slot, unsigned width, int64_t otherwise);
struct flat_table flat_child(struct flat_table table, unsigned slot);
struct flat_text flat_string(struct flat_table table, unsigned slot);
/** Items of @item_bytes each: structs, or 4 for references to tables. */
struct flat_vector flat_items(struct flat_table table, unsigned slot, size_t item_bytes);
/** Table @index of a vector of references; @index < count. */
struct flat_table flat_item(struct flat_vector vector, uint32_t index);
/** An int64 or, with @width 4, an int32 at @offset of struct @index; @index < count. */
int64_t flat_struct_integer(struct flat_vector vector, uint32_t index, size_t item_bytes, size_t offset,
                            unsigned width);

#endif
