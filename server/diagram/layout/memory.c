/* SPDX-License-Identifier: Apache-2.0 */
#include "diagram/layout/memory.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, ALIGNMENT = 16 };

struct layout_block {
    struct layout_block *next;
    size_t used_bytes, size_bytes;
    _Alignas(ALIGNMENT) char bytes[];
};

static struct layout_block *add_block(struct layout_memory *memory, size_t bytes)
{
    size_t size_bytes = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    if (size_bytes > memory->limit_bytes - memory->used_bytes)
        longjmp(memory->failed, 1);
    struct layout_block *block = malloc(sizeof *block + size_bytes);
    if (!block)
        longjmp(memory->failed, 1);
    *block = (struct layout_block){.next = memory->blocks, .size_bytes = size_bytes};
    memory->blocks = block;
    memory->used_bytes += size_bytes;
    return block;
}

void *layout_alloc(struct layout_memory *memory, size_t count, size_t element_bytes)
{
    if (count > memory->limit_bytes / element_bytes)
        longjmp(memory->failed, 1);
    size_t bytes = (count * element_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct layout_block *block = memory->blocks;
    if (!block || block->size_bytes - block->used_bytes < bytes)
        block = add_block(memory, bytes);
    void *place = block->bytes + block->used_bytes;
    block->used_bytes += bytes;
    return memset(place, 0, bytes);
}

void layout_memory_fini(struct layout_memory *memory)
{
    for (struct layout_block *block = memory->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    memory->blocks = NULL;
    memory->used_bytes = 0;
}
