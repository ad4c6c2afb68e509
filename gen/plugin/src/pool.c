/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pool_block {
    struct pool_block *next;
    max_align_t memory[];
};

static void *pool_allocator_alloc(void *data, size_t bytes)
{
    return pool_alloc(data, bytes);
}

static void pool_allocator_free(void *data, void *memory)
{
}

void pool_init(struct pool *pool)
{
    pool->blocks = NULL;
    pool->allocator =
        (ProtobufCAllocator){.alloc = pool_allocator_alloc, .free = pool_allocator_free, .allocator_data = pool};
}

void pool_fini(struct pool *pool)
{
    while (pool->blocks) {
        struct pool_block *block = pool->blocks;
        pool->blocks = block->next;
        free(block);
    }
}

void *pool_alloc(struct pool *pool, size_t bytes)
{
    struct pool_block *block = NULL;
    if (bytes <= SIZE_MAX - sizeof(*block)) {
        block = calloc(1, sizeof(*block) + bytes);
    }
    if (!block) {
        fprintf(stderr, "protoc-gen-mrpc-c: out of memory\n");
        exit(1);
    }
    block->next = pool->blocks;
    pool->blocks = block;
    return block->memory;
}

char *pool_strdup(struct pool *pool, const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(pool_alloc(pool, bytes), text, bytes);
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = pool_alloc(pool, (size_t)(length < 0 ? 0 : length) + 1);
    if (length > 0) {
        vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}
