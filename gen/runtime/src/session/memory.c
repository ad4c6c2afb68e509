/* SPDX-License-Identifier: Apache-2.0 */

/* Free lists behind nghttp2's allocator, by size. A block is one of malloc's, and which list it belongs to is read from
 * malloc itself (malloc_usable_size), so blocks need no head of their own; the classes are as far apart as glibc's, so
 * that nothing is wasted by rounding. */

#include "session/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Class c holds blocks with room for at least 16 c + 8 bytes. */
#define CLASS_STEP 16
#define CLASS_BASE 8
/* What the lists may hold together: two hundred streams' worth. */
#define FREE_BYTES_MAX ((size_t)256 << 10)

/* A sanitizer shall see each block come and go. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POOLED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POOLED 0
#endif
#endif
#ifndef POOLED
#define POOLED 1
#endif

struct free_block {
    struct free_block *next;
};

static size_t class_for(size_t size)
{
    return size <= CLASS_BASE + CLASS_STEP ? 1 : (size - CLASS_BASE + CLASS_STEP - 1) / CLASS_STEP;
}

static size_t class_of(size_t usable_bytes)
{
    return (usable_bytes - CLASS_BASE) / CLASS_STEP;
}

static void *take(size_t size, void *user_data)
{
    struct session_memory *memory = user_data;
    size_t class = class_for(size);
    if (class >= SESSION_MEMORY_CLASSES || memory->free[class] == NULL)
        return malloc(size);
    struct free_block *block = memory->free[class];
    memory->free[class] = block->next;
    memory->free_bytes -= class * CLASS_STEP + CLASS_BASE;
    return block;
}

static void give(void *at, void *user_data)
{
    struct session_memory *memory = user_data;
    if (at == NULL)
        return;
    size_t usable_bytes = malloc_usable_size(at);
    size_t class = class_of(usable_bytes);
    if (!POOLED || usable_bytes < CLASS_BASE + CLASS_STEP || class >= SESSION_MEMORY_CLASSES ||
        memory->free_bytes > FREE_BYTES_MAX) {
        free(at);
        return;
    }
    struct free_block *block = at;
    block->next = memory->free[class];
    memory->free[class] = block;
    memory->free_bytes += class * CLASS_STEP + CLASS_BASE;
}

static void *take_zeroed(size_t count, size_t size, void *user_data)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    if (class_for(bytes) >= SESSION_MEMORY_CLASSES)
        return calloc(count, size);
    void *at = take(bytes, user_data);
    return at != NULL ? memset(at, 0, bytes) : NULL;
}

static void *resize(void *at, size_t size, void *user_data)
{
    return realloc(at, size);
}

void mrpc_session_memory_init(struct session_memory *memory)
{
    *memory = (struct session_memory){
        .h2 = {.mem_user_data = memory, .malloc = take, .free = give, .calloc = take_zeroed, .realloc = resize},
    };
}

void mrpc_session_memory_fini(struct session_memory *memory)
{
    for (size_t i = 0; i < SESSION_MEMORY_CLASSES; i++) {
        while (memory->free[i] != NULL) {
            struct free_block *block = memory->free[i];
            memory->free[i] = block->next;
            free(block);
        }
    }
    mrpc_buffer_fini(&memory->spare_output);
}
