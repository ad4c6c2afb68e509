/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena_fast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks come from malloc, each at least as large as all before it together, so that their number is logarithmic. At
 * reset an arena that needed several gets one block of their total size at its next use: a loop of similar calls stops
 * calling malloc after two rounds. What a large call needed is given back rather than kept (KEPT_BYTES). The first
 * block holds the head and the request of a small call: a server has one for each of its open streams. */

#define FIRST_BYTES ((size_t)512)
#define KEPT_BYTES ((size_t)256 * 1024)

struct mrpc_arena_block {
    struct mrpc_arena_block *older;
    size_t bytes; /* of the whole block, this header included */
};

#define HEADER_BYTES                                                                                                   \
    ((sizeof(struct mrpc_arena_block) + MRPC_ARENA_ALIGNMENT - 1) & ~(size_t)(MRPC_ARENA_ALIGNMENT - 1))

static void use_block(struct mrpc_arena *arena, struct mrpc_arena_block *block)
{
    arena->next = (uint8_t *)block + HEADER_BYTES;
    arena->limit = (uint8_t *)block + block->bytes;
    MRPC_ARENA_POISON(arena->next, (size_t)(arena->limit - arena->next));
}

static void free_block(struct mrpc_arena_block *block)
{
    MRPC_ARENA_UNPOISON(block, block->bytes);
    free(block);
}

struct mrpc_arena *mrpc_arena_new(size_t limit_bytes)
{
    struct mrpc_arena *arena = calloc(1, sizeof(*arena));
    if (!arena)
        return NULL;
    arena->limit_bytes = limit_bytes ? limit_bytes : SIZE_MAX;
    arena->block_bytes = FIRST_BYTES;
    return arena;
}

void mrpc_arena_free(struct mrpc_arena *arena)
{
    if (!arena)
        return;
    while (arena->blocks) {
        struct mrpc_arena_block *older = arena->blocks->older;
        free_block(arena->blocks);
        arena->blocks = older;
    }
    free(arena);
}

void mrpc_arena_reset(struct mrpc_arena *arena)
{
    arena->used_bytes = 0;
    arena->exhausted = false;
    struct mrpc_arena_block *newest = arena->blocks;
    if (!newest)
        return;
    if (!newest->older && newest->bytes <= KEPT_BYTES) {
        use_block(arena, newest);
        return;
    }
    size_t total = 0;
    while (arena->blocks) {
        struct mrpc_arena_block *older = arena->blocks->older;
        total += arena->blocks->bytes;
        free_block(arena->blocks);
        arena->blocks = older;
    }
    arena->next = arena->limit = NULL;
    arena->block_bytes = total < KEPT_BYTES ? total : KEPT_BYTES;
}

/* A request that would waste most of the block in use gets a block of its own, behind the one in use. */
static void *alloc_apart(struct mrpc_arena *arena, size_t rounded)
{
    struct mrpc_arena_block *block = malloc(HEADER_BYTES + rounded);
    if (!block)
        return NULL;
    block->bytes = HEADER_BYTES + rounded;
    block->older = arena->blocks->older;
    arena->blocks->older = block;
    return (uint8_t *)block + HEADER_BYTES;
}

static int add_block(struct mrpc_arena *arena, size_t rounded)
{
    size_t bytes = arena->block_bytes;
    while (bytes < HEADER_BYTES + rounded)
        bytes *= 2;
    struct mrpc_arena_block *block = malloc(bytes);
    if (!block)
        return -1;
    block->bytes = bytes;
    block->older = arena->blocks;
    arena->blocks = block;
    arena->block_bytes = bytes * 2 < KEPT_BYTES ? bytes * 2 : KEPT_BYTES;
    use_block(arena, block);
    return 0;
}

void *mrpc_arena_alloc_slow(struct mrpc_arena *arena, size_t rounded, size_t bytes)
{
    if (rounded > arena->limit_bytes - arena->used_bytes) {
        arena->exhausted = true;
        return NULL;
    }
    uint8_t *at;
    if (arena->blocks && rounded >= arena->block_bytes / 4) {
        at = alloc_apart(arena, rounded);
        if (!at)
            return NULL;
    } else {
        if (add_block(arena, rounded))
            return NULL;
        at = arena->next;
        arena->next += rounded;
    }
    arena->used_bytes += rounded;
    MRPC_ARENA_UNPOISON(at, bytes);
    return at;
}

void *mrpc_arena_alloc(struct mrpc_arena *arena, size_t bytes)
{
    return mrpc_arena_take(arena, bytes ? bytes : 1);
}

void *mrpc_arena_calloc(struct mrpc_arena *arena, size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        arena->exhausted = true;
        return NULL;
    }
    void *at = mrpc_arena_alloc(arena, total);
    return at ? memset(at, 0, total) : NULL;
}

void *mrpc_arena_memdup(struct mrpc_arena *arena, const void *bytes, size_t size)
{
    void *at = mrpc_arena_alloc(arena, size);
    if (at && size)
        memcpy(at, bytes, size);
    return at;
}

char *mrpc_arena_strdup(struct mrpc_arena *arena, const char *text)
{
    return mrpc_arena_memdup(arena, text, strlen(text) + 1);
}

char *mrpc_arena_vprintf(struct mrpc_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : mrpc_arena_alloc(arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *mrpc_arena_printf(struct mrpc_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = mrpc_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

size_t mrpc_arena_used_bytes(const struct mrpc_arena *arena)
{
    return arena->used_bytes;
}

int mrpc_arena_exhausted(const struct mrpc_arena *arena)
{
    return arena->exhausted;
}
