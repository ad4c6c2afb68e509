/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/table_span.h"

#include <string.h>

Mltrainer__Worker__Span *worker_region_put(struct worker_region *region, const void *bytes, size_t size,
                                           struct mrpc_arena *arena)
{
    size_t offset = (region->used + WORKER_SPAN_ALIGNMENT - 1) / WORKER_SPAN_ALIGNMENT * WORKER_SPAN_ALIGNMENT;

    if (offset > region->size || size > region->size - offset)
        return NULL;
    Mltrainer__Worker__Span *span = mrpc_arena_alloc(arena, sizeof(*span));
    if (!span)
        return NULL;
    mltrainer__worker__span__init(span);
    span->offset = offset;
    span->size = size;
    if (bytes && size > 0)
        memcpy(region->bytes + offset, bytes, size);
    region->used = offset + size;
    return span;
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
