/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_DIAGRAM_LAYOUT_MEMORY_H
#define MLT_DIAGRAM_LAYOUT_MEMORY_H

#include <setjmp.h>
#include <stddef.h>

/* Memory of one layout. A layout allocates and computes and holds nothing else (no lock, no file), so a failed
 * allocation simply leaves it: it jumps to @failed, where layout_make() frees everything and reports. That keeps two
 * thousand lines of graph code free of checks that no test could reach one by one. */
struct layout_block;
struct layout_memory {
    struct layout_block *blocks;
    size_t used_bytes, limit_bytes;
    jmp_buf failed;
};

/** Zeroed memory for @count elements. Never NULL: jumps to memory->failed. */
void *layout_alloc(struct layout_memory *memory, size_t count, size_t element_bytes);
void layout_memory_fini(struct layout_memory *memory);

#define LAYOUT_NEW(memory, count, type) ((type *)layout_alloc((memory), (size_t)(count), sizeof(type)))

#endif
