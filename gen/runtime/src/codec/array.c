/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/array.h"

#include <string.h>

#include "base/arena_fast.h"

#define FIRST_BYTES 48

void *mrpc_array_grow(struct mrpc_arena *arena, void *elements, size_t element_bytes, size_t count, size_t more)
{
    struct mrpc_array_head *old = elements ? mrpc_array_head(elements) : NULL;
    size_t old_bytes = old ? sizeof(*old) + old->capacity * element_bytes : 0;
    size_t capacity = old ? old->capacity * 2 : FIRST_BYTES / element_bytes;
    if (capacity < count + more)
        capacity = count + more;
    size_t bytes = sizeof(*old) + capacity * element_bytes;
    if (old && mrpc_arena_extend(arena, old, old_bytes, bytes)) {
        old->capacity = capacity;
        return elements;
    }
    struct mrpc_array_head *head = mrpc_arena_take(arena, bytes);
    if (!head)
        return NULL;
    *head = (struct mrpc_array_head){capacity, old ? old->index : NULL};
    if (count)
        memcpy(head + 1, elements, count * element_bytes);
    return head + 1;
}
