/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_CODEC_ARRAY_H
#define MRPC_CODEC_ARRAY_H

#include <stddef.h>

#include <mrpc/arena.h>

struct mrpc_map_index;

/** Stands before every array that the decoder makes: protobuf-c's structs have a count but no capacity. */
struct mrpc_array_head {
    size_t capacity;
    struct mrpc_map_index *index; /* of a map field, made when it is needed */
};

static inline struct mrpc_array_head *mrpc_array_head(void *elements)
{
    return (struct mrpc_array_head *)elements - 1;
}

/** Room for @count + @more elements; NULL when memory or budget is out, the old array is then intact. @elements is NULL
 *  or was made here. */
void *mrpc_array_grow(struct mrpc_arena *arena, void *elements, size_t element_bytes, size_t count,
                      size_t more) MRPC_MUST_USE;

static inline void *mrpc_array_room(struct mrpc_arena *arena, void *elements, size_t element_bytes, size_t count,
                                    size_t more)
{
    if (elements && mrpc_array_head(elements)->capacity - count >= more)
        return elements;
    return mrpc_array_grow(arena, elements, element_bytes, count, more);
}

#endif
