/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_BASE_ARENA_FAST_H
#define MRPC_BASE_ARENA_FAST_H

#include <stdbool.h>
#include <stdint.h>

#include <mrpc/arena.h>

/* The arena's layout, for the decoder's inner loop. Others use mrpc/arena.h. */

#define MRPC_ARENA_ALIGNMENT 16

struct mrpc_arena_block;

struct mrpc_arena {
    uint8_t *next; /* free bytes of the block in use, aligned */
    uint8_t *limit;
    size_t used_bytes;
    size_t limit_bytes;              /* SIZE_MAX: none */
    struct mrpc_arena_block *blocks; /* newest first */
    size_t block_bytes;              /* size of the next block */
    bool exhausted;
};

void *mrpc_arena_alloc_slow(struct mrpc_arena *arena, size_t rounded, size_t bytes);

/* AddressSanitizer learns what of a block is handed out, so that it sees overruns inside one. */
#if defined(__SANITIZE_ADDRESS__)
#define MRPC_ARENA_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MRPC_ARENA_POISONED 1
#endif
#endif
#ifdef MRPC_ARENA_POISONED
#include <sanitizer/asan_interface.h>
#define MRPC_ARENA_POISON(at, bytes) __asan_poison_memory_region((at), (bytes))
#define MRPC_ARENA_UNPOISON(at, bytes) __asan_unpoison_memory_region((at), (bytes))
#else
#define MRPC_ARENA_POISON(at, bytes) ((void)(at), (void)(bytes))
#define MRPC_ARENA_UNPOISON(at, bytes) ((void)(at), (void)(bytes))
#endif

static inline void *mrpc_arena_take(struct mrpc_arena *arena, size_t bytes)
{
    if (__builtin_expect(bytes > SIZE_MAX / 4, 0)) {
        arena->exhausted = true;
        return NULL;
    }
    size_t rounded = (bytes + MRPC_ARENA_ALIGNMENT - 1) & ~(size_t)(MRPC_ARENA_ALIGNMENT - 1);
    if (__builtin_expect(rounded > (size_t)(arena->limit - arena->next), 0) ||
        __builtin_expect(rounded > arena->limit_bytes - arena->used_bytes, 0))
        return mrpc_arena_alloc_slow(arena, rounded, bytes);
    uint8_t *at = arena->next;
    arena->next += rounded;
    arena->used_bytes += rounded;
    MRPC_ARENA_UNPOISON(at, bytes);
    return at;
}

/** Make the newest allocation larger where it lies. False when it is not the newest or there is no room; nothing has
 *  changed then. */
static inline bool mrpc_arena_extend(struct mrpc_arena *arena, void *at, size_t old_bytes, size_t new_bytes)
{
    size_t old_rounded = (old_bytes + MRPC_ARENA_ALIGNMENT - 1) & ~(size_t)(MRPC_ARENA_ALIGNMENT - 1);
    if ((uint8_t *)at + old_rounded != arena->next || new_bytes > SIZE_MAX / 4)
        return false;
    size_t more = ((new_bytes + MRPC_ARENA_ALIGNMENT - 1) & ~(size_t)(MRPC_ARENA_ALIGNMENT - 1)) - old_rounded;
    if (more > (size_t)(arena->limit - arena->next) || more > arena->limit_bytes - arena->used_bytes)
        return false;
    arena->next += more;
    arena->used_bytes += more;
    MRPC_ARENA_UNPOISON(at, new_bytes);
    return true;
}

#endif
