/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_ARENA_H
#define MRPC_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include <mrpc/attributes.h>

MRPC_BEGIN_DECLS

/** Memory that is released in one step, with a budget: everything that a call's peer makes us allocate is counted
 *  here. Thread: one at a time; a call's arena belongs to whoever holds the call. */
struct mrpc_arena;

/* Unless a function says otherwise: Thread: one at a time for an arena. Ownership: what an arena hands out is its
 * own and goes with mrpc_arena_reset() or mrpc_arena_free(); the arena is its maker's, ended by mrpc_arena_free(). */

/** Units: @limit_bytes counts what is handed out, rounded up to 16; 0 means no limit. NULL when out of memory. */
MRPC_API struct mrpc_arena *mrpc_arena_new(size_t limit_bytes) MRPC_MUST_USE;
MRPC_API void mrpc_arena_free(struct mrpc_arena *arena);

/** Forget everything that was handed out; one block is kept for reuse. */
MRPC_API void mrpc_arena_reset(struct mrpc_arena *arena);

/** Memory aligned for any type, contents undefined (alloc) or zero (calloc). NULL when memory or the budget is out;
 *  mrpc_arena_exhausted() tells which. A size of 0 gives a valid pointer. */
MRPC_API void *mrpc_arena_alloc(struct mrpc_arena *arena, size_t bytes) MRPC_MUST_USE;
MRPC_API void *mrpc_arena_calloc(struct mrpc_arena *arena, size_t count, size_t bytes) MRPC_MUST_USE;
MRPC_API char *mrpc_arena_strdup(struct mrpc_arena *arena, const char *text) MRPC_MUST_USE;
MRPC_API void *mrpc_arena_memdup(struct mrpc_arena *arena, const void *bytes, size_t size) MRPC_MUST_USE;
MRPC_API char *mrpc_arena_printf(struct mrpc_arena *arena, const char *format, ...) MRPC_PRINTF(2, 3) MRPC_MUST_USE;
MRPC_API char *mrpc_arena_vprintf(struct mrpc_arena *arena, const char *format, va_list args)
    MRPC_PRINTF(2, 0) MRPC_MUST_USE;

/** What was handed out since the last reset; not 0 once the budget was at its end. */
MRPC_API size_t mrpc_arena_used_bytes(const struct mrpc_arena *arena);
MRPC_API int mrpc_arena_exhausted(const struct mrpc_arena *arena);

MRPC_END_DECLS
#endif
