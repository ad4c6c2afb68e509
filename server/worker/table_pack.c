/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "worker/table_span.h"

static int does_not_fit(const char *name, struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED,
                     "the table does not fit into the worker's memory (column \"%.60s\")", name);
}

static int check_column(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t rows,
                        struct fault *fault)
{
    const char *name = schema->name ? schema->name : "";

    if (table_format_width(schema->format) < 0 || schema->dictionary || schema->n_children != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.60s\" has a form that tables do not have", name);
    if (array->length != rows || array->offset != 0 || !array->release)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.60s\" has another length than the table", name);
    if (array->n_buffers != (schema->format[0] == 'u' ? 3 : 2) || !array->buffers ||
        (rows > 0 && !array->buffers[1]))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.60s\" lacks a buffer", name);
    return 0;
}

static int pack_column(const struct ArrowSchema *schema, const struct ArrowArray *array, struct worker_region *region,
                       struct mrpc_arena *arena, Mltrainer__Worker__Column **out, struct fault *fault)
{
    const char *name = schema->name ? schema->name : "";
    Mltrainer__Worker__Column *column = mrpc_arena_alloc(arena, sizeof(*column));
    size_t values_bytes = worker_table_values_bytes(schema->format, array->length);

    if (!column)
        return does_not_fit(name, fault);
    mltrainer__worker__column__init(column);
    column->name = (char *)name;
    column->format = (char *)schema->format;
    column->null_count = array->buffers[0] ? array->null_count : 0;
    if (array->buffers[0] &&
        !(column->validity = worker_region_put(region, array->buffers[0], ((size_t)array->length + 7) / 8, arena)))
        return does_not_fit(name, fault);
    if (!(column->values = worker_region_put(region, array->buffers[1], values_bytes, arena)))
        return does_not_fit(name, fault);
    if (schema->format[0] == 'u') {
        size_t text_bytes = array->buffers[1] ? (size_t)((const int32_t *)array->buffers[1])[array->length] : 0;
        if (!(column->text = worker_region_put(region, array->buffers[2], text_bytes, arena)))
            return does_not_fit(name, fault);
    }
    *out = column;
    return 0;
}

static int check_table(const struct ArrowSchema *schema, const struct ArrowArray *array, struct fault *fault)
{
    if (!schema->format || strcmp(schema->format, "+s") != 0 || schema->n_children != array->n_children ||
        array->length < 0 || array->offset != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a table must be a struct array of columns");
    return 0;
}

int worker_values_pack(const struct ArrowSchema *schema, const struct ArrowArray *array, struct worker_region *region,
                       uint64_t *offset, struct fault *fault)
{
    int code = check_table(schema, array, fault);

    for (int64_t i = 0; !code && i < array->n_children; i++) {
        const struct ArrowSchema *column = schema->children[i];
        if ((code = check_column(column, array->children[i], array->length, fault)))
            return code;
        size_t bytes = worker_table_values_bytes(column->format, array->length);
        uint64_t at;
        uint8_t *to = worker_region_take(region, bytes, &at);
        if (!to)
            return does_not_fit(column->name ? column->name : "", fault);
        if (bytes > 0)
            memcpy(to, array->children[i]->buffers[1], bytes);
        if (i == 0)
            *offset = at;
    }
    return code;
}

int worker_table_pack(const struct ArrowSchema *schema, const struct ArrowArray *array, struct worker_region *region,
                      struct mrpc_arena *arena, Mltrainer__Worker__Table **out, struct fault *fault)
{
    int code = check_table(schema, array, fault);
    if (code)
        return code;
    Mltrainer__Worker__Table *table = mrpc_arena_alloc(arena, sizeof(*table));
    Mltrainer__Worker__Column **columns = mrpc_arena_calloc(arena, (size_t)array->n_children, sizeof(*columns));
    if (!table || !columns)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory to describe a table");
    mltrainer__worker__table__init(table);
    table->rows = array->length;
    table->columns = columns;
    for (int64_t i = 0; i < array->n_children; i++) {
        code = check_column(schema->children[i], array->children[i], array->length, fault);
        if (!code)
            code = pack_column(schema->children[i], array->children[i], region, arena, &columns[i], fault);
        if (code)
            return code;
        table->n_columns++;
    }
    *out = table;
    return 0;
}
