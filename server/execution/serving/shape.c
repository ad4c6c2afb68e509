/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/serving/shape.h"

#include <string.h>

static uint64_t source_row(const struct shape *shape, int64_t row)
{
    const struct feature_table *features = shape->features;
    if (features && features->rows)
        return features->rows[shape->last_row_only ? (int64_t)features->row_count - 1 : row];
    return (uint64_t)(shape->last_row_only ? table_rows(&shape->input->array) - 1 : row);
}

static int add_time(const struct shape *shape, struct table *shaped, struct fault *fault)
{
    int64_t index = *shape->time_column ? table_find(&shape->input->schema, shape->time_column) : -1;
    if (index < 0)
        return 0;
    struct table_column from, to;
    table_column_view(&shape->input->schema, &shape->input->array, (size_t)index, &from);
    size_t width = (size_t)table_format_width(from.format);
    int code = table_add(shaped, shape->time_column, from.format, 0, 0, &to, fault);
    for (int64_t i = 0; !code && i < shape->rows; i++)
        memcpy((char *)to.values + (size_t)i * width, (char *)from.values + source_row(shape, i) * width, width);
    return code;
}

int shape_copy_column(struct table *shaped, const struct table_column *from, struct fault *fault)
{
    struct table_column to;
    size_t text = from->offsets ? (size_t)from->offsets[from->length] : 0;
    int code = table_add(shaped, from->name, from->format, text, from->validity != NULL, &to, fault);
    if (code)
        return code;
    memcpy(to.values, from->values, to.values_bytes);
    if (from->offsets)
        memcpy(to.offsets, from->offsets, ((size_t)from->length + 1) * sizeof *to.offsets);
    if (from->validity) {
        memcpy(to.validity, from->validity, ((size_t)from->length + 7) / 8);
        table_set_null_count(shaped, table_columns(&shaped->array) - 1, from->null_count);
    }
    return 0;
}

static int add_rows(const struct shape *shape, struct table *shaped, struct fault *fault)
{
    struct table_column column;
    int code = table_add(shaped, "row", "l", 0, 0, &column, fault);
    for (int64_t i = 0; !code && i < shape->rows; i++)
        ((int64_t *)column.values)[i] = (int64_t)source_row(shape, i);
    return code;
}

static int add_given(struct table *shaped, const struct table_column *column, bool borrows, struct fault *fault)
{
    if (borrows && !column->offsets && !column->validity)
        return table_add_borrowed(shaped, column->name, column->format, column->values, fault);
    return shape_copy_column(shaped, column, fault);
}

int shape_predictions(const struct shape *shape, const struct table *given, struct mrpc_arena *arena,
                      struct table **out, struct fault *fault)
{
    size_t count = table_columns(&given->array);
    if (table_rows(&given->array) != shape->rows)
        return fault_set(fault, MRPC_INTERNAL, "the model gave %lld predictions for %lld rows",
                         (long long)table_rows(&given->array), (long long)shape->rows);
    struct table *shaped = arena ? table_new_in(arena, shape->rows, count + 2) : table_new(shape->rows);
    int code = shaped ? add_rows(shape, shaped, fault) : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code)
        code = add_time(shape, shaped, fault);
    for (size_t i = 0; !code && i < count; i++) {
        struct table_column column;
        table_column_view(&given->schema, &given->array, i, &column);
        code = add_given(shaped, &column, arena != NULL, fault);
    }
    if (code)
        table_free(shaped);
    else
        *out = shaped;
    return code;
}
