/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_WORKER_TABLE_SPAN_H
#define MLT_WORKER_TABLE_SPAN_H

#include <mrpc/arena.h>
#include <mrpc/attributes.h>

#include <worker.mrpc.h>

#include "fault/fault.h"
#include "table/table.h"

/* Tables and byte strings in a shared memory, which messages point into. */

#define WORKER_SPAN_ALIGNMENT 64

/** A shared memory that one end fills from its start on. */
struct worker_region {
    uint8_t *bytes;
    size_t size;
    size_t used;
};

/** Put @size bytes into @region at the next multiple of 64; @bytes NULL reserves them only. NULL when they do not fit
 *  or there is no memory for the span. */
Mltrainer__Worker__Span *worker_region_put(struct worker_region *region, const void *bytes, size_t size,
                                           struct mrpc_arena *arena) MRPC_MUST_USE;

/** The same without a description. NULL when they do not fit; *@offset is where they lie. */
uint8_t *worker_region_take(struct worker_region *region, size_t size, uint64_t *offset) MRPC_MUST_USE;

/** Where a span lies, NULL if any of it lies outside the @size bytes at @bytes or it is not aligned. An absent span
 *  (NULL) has no place. */
const void *worker_span_find(const void *bytes, size_t size, const Mltrainer__Worker__Span *span) MRPC_MUST_USE;

/** Copy an Arrow table into @region and describe it. Array offsets and texts with 64-bit offsets are not taken.
 *  Errors: INVALID_ARGUMENT for what is no table of ours, RESOURCE_EXHAUSTED when it does not fit. */
int worker_table_pack(const struct ArrowSchema *schema, const struct ArrowArray *array, struct worker_region *region,
                      struct mrpc_arena *arena, Mltrainer__Worker__Table **out, struct fault *fault) MRPC_MUST_USE;

/** Copy the values of a table without texts and nulls into @region, one column after another, each at the next multiple
 *  of 64 from *@offset on. Errors: as above. */
int worker_values_pack(const struct ArrowSchema *schema, const struct ArrowArray *array, struct worker_region *region,
                       uint64_t *offset, struct fault *fault) MRPC_MUST_USE;
/** Have the description of such a table say that it has @rows rows, which lie so from @offset on. */
void worker_table_move(Mltrainer__Worker__Table *message, int64_t rows, uint64_t offset);

/** The Arrow structs of a described table, in @arena, over the memory itself: for the end that trusts the other.
 *  Errors: INVALID_ARGUMENT when the description points outside, RESOURCE_EXHAUSTED. */
int worker_table_view(const Mltrainer__Worker__Table *message, const void *bytes, size_t size,
                      struct mrpc_arena *arena, struct ArrowSchema *schema, struct ArrowArray *array,
                      struct fault *fault) MRPC_MUST_USE;

/** A copy of a described table, in @arena or, if that is NULL, the caller's, checked in every respect after copying,
 *  since the other end may still write: lengths, formats, text. Errors: as above. */
int worker_table_copy(const Mltrainer__Worker__Table *message, const void *bytes, size_t size,
                      struct mrpc_arena *arena, struct table **out, struct fault *fault) MRPC_MUST_USE;

/** Bytes that the first buffer after the validity map of @rows rows of @format must have. */
size_t worker_table_values_bytes(const char *format, int64_t rows);

#endif
