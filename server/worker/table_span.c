/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/table_span.h"

#include <string.h>

static uint64_t aligned(uint64_t offset)
{
    return (offset + WORKER_SPAN_ALIGNMENT - 1) / WORKER_SPAN_ALIGNMENT * WORKER_SPAN_ALIGNMENT;
}

uint8_t *worker_region_take(struct worker_region *region, size_t size, uint64_t *offset)
{
    uint64_t at = aligned(region->used);

    if (at > region->size || size > region->size - at)
        return NULL;
    region->used = at + size;
    *offset = at;
    return region->bytes + at;
}

Mltrainer__Worker__Span *worker_region_put(struct worker_region *region, const void *bytes, size_t size,
                                           struct mrpc_arena *arena)
{
    Mltrainer__Worker__Span *span = mrpc_arena_alloc(arena, sizeof(*span));

    if (!span)
        return NULL;
    mltrainer__worker__span__init(span);
    span->size = size;
    uint8_t *at = worker_region_take(region, size, &span->offset);
    if (at && bytes && size > 0)
        memcpy(at, bytes, size);
    return at ? span : NULL;
}

void worker_table_move(Mltrainer__Worker__Table *message, int64_t rows, uint64_t offset)
{
    message->rows = rows;
    for (size_t i = 0; i < message->n_columns; i++) {
        Mltrainer__Worker__Column *column = message->columns[i];
        column->values->offset = aligned(offset);
        column->values->size = worker_table_values_bytes(column->format, rows);
        offset = column->values->offset + column->values->size;
    }
}

const void *worker_span_find(const void *bytes, size_t size, const Mltrainer__Worker__Span *span)
{
    if (!span || span->offset % WORKER_SPAN_ALIGNMENT != 0 || span->offset > size || span->size > size - span->offset)
        return NULL;
    return (const uint8_t *)bytes + span->offset;
}

size_t worker_table_values_bytes(const char *format, int64_t rows)
{
    if (format[0] == 'u')
        return ((size_t)rows + 1) * sizeof(int32_t);
    if (format[0] == 'b')
        return ((size_t)rows + 7) / 8;
    return (size_t)rows * (size_t)table_format_width(format);
}
