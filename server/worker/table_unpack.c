/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "worker/table_span.h"

/* The places of one column's buffers, all within the shared memory. */
struct place {
    const void *validity; /* NULL: no nulls */
    const void *values;
    size_t values_bytes;
    const void *text;
    size_t text_bytes;
};

static int wrong(const Mltrainer__Worker__Column *column, const char *what, struct fault *fault)
{
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.60s\" %s", column->name, what);
}

static int find_place(const Mltrainer__Worker__Column *column, int64_t rows, const void *bytes, size_t size,
                      struct place *place, struct fault *fault)
{
    int is_text = column->format[0] == 'u';

    *place = (struct place){0};
    if (table_format_width(column->format) < 0)
        return wrong(column, "has a format that tables do not have", fault);
    place->values_bytes = worker_table_values_bytes(column->format, rows);
    place->values = worker_span_find(bytes, size, column->values);
    if (!place->values || column->values->size < place->values_bytes)
        return wrong(column, "has its values elsewhere", fault);
    if (column->validity) {
        place->validity = worker_span_find(bytes, size, column->validity);
        if (!place->validity || column->validity->size < ((size_t)rows + 7) / 8)
            return wrong(column, "has its validity elsewhere", fault);
    }
    if (is_text) {
        place->text = worker_span_find(bytes, size, column->text);
        if (!place->text || column->text->size > INT32_MAX)
            return wrong(column, "has its text elsewhere", fault);
        place->text_bytes = column->text->size;
    }
    return 0;
}

static int check_rows(const Mltrainer__Worker__Table *message, size_t size, struct fault *fault)
{
    /* every format takes at least a bit a row, so this bounds all products below */
    if (message->rows < 0 || (message->n_columns > 0 && (uint64_t)message->rows / 8 > size))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a table has %lld rows", (long long)message->rows);
    return 0;
}

static void leave_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void leave_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static int view_column(const Mltrainer__Worker__Column *column, int64_t rows, const struct place *place,
                       struct mrpc_arena *arena, struct ArrowSchema **schema, struct ArrowArray **array)
{
    const void **buffers = mrpc_arena_calloc(arena, 3, sizeof(*buffers));

    *schema = mrpc_arena_calloc(arena, 1, sizeof(**schema));
    *array = mrpc_arena_calloc(arena, 1, sizeof(**array));
    if (!buffers || !*schema || !*array)
        return -1;
    buffers[0] = place->validity;
    buffers[1] = place->values;
    buffers[2] = place->text;
    **schema = (struct ArrowSchema){.format = column->format,
                                    .name = column->name,
                                    .flags = place->validity ? ARROW_FLAG_NULLABLE : 0,
                                    .release = leave_schema};
    **array = (struct ArrowArray){.length = rows,
                                  .null_count = place->validity ? column->null_count : 0,
                                  .n_buffers = place->text ? 3 : 2,
                                  .buffers = buffers,
                                  .release = leave_array};
    return 0;
}

int worker_table_view(const Mltrainer__Worker__Table *message, const void *bytes, size_t size,
                      struct mrpc_arena *arena, struct ArrowSchema *schema, struct ArrowArray *array,
                      struct fault *fault)
{
    int code = check_rows(message, size, fault);
    if (code)
        return code;
    struct ArrowSchema **schemas = mrpc_arena_calloc(arena, message->n_columns, sizeof(*schemas));
    struct ArrowArray **arrays = mrpc_arena_calloc(arena, message->n_columns, sizeof(*arrays));
    const void **buffers = mrpc_arena_calloc(arena, 1, sizeof(*buffers));
    if (!schemas || !arrays || !buffers)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory to describe a table");
    for (size_t i = 0; i < message->n_columns; i++) {
        struct place place;
        if ((code = find_place(message->columns[i], message->rows, bytes, size, &place, fault)))
            return code;
        if (view_column(message->columns[i], message->rows, &place, arena, &schemas[i], &arrays[i]))
            return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory to describe a table");
    }
    *schema = (struct ArrowSchema){.format = "+s",
                                   .name = "",
                                   .n_children = (int64_t)message->n_columns,
                                   .children = schemas,
                                   .release = leave_schema};
    *array = (struct ArrowArray){.length = message->rows,
                                 .n_buffers = 1,
                                 .n_children = (int64_t)message->n_columns,
                                 .buffers = buffers,
                                 .children = arrays,
                                 .release = leave_array};
    return 0;
}

/* Nothing of the shared memory is looked at but by memcpy(); what is judged is the copy. */
static int copy_column(const Mltrainer__Worker__Column *message, const struct place *place, struct table *table,
                       struct fault *fault)
{
    int64_t rows = table->array.length;
    struct table_column column;
    int code = table_add(table, message->name, message->format, place->text_bytes, place->validity != NULL, &column,
                         fault);

    if (code)
        return code;
    if (place->validity) {
        memcpy(column.validity, place->validity, ((size_t)rows + 7) / 8);
        table_set_null_count(table, table_columns(&table->array) - 1, rows - table_count_valid(column.validity, rows));
    }
    if (!place->text) {
        memcpy(column.values, place->values, place->values_bytes);
        return 0;
    }
    memcpy(column.offsets, place->values, place->values_bytes);
    memcpy(column.values, place->text, place->text_bytes);
    if (!table_text_valid(column.offsets, rows, column.values, place->text_bytes))
        return wrong(message, "has text that is not in order or not UTF-8", fault);
    return 0;
}

int worker_table_copy(const Mltrainer__Worker__Table *message, const void *bytes, size_t size,
                      struct mrpc_arena *arena, struct table **out, struct fault *fault)
{
    int code = check_rows(message, size, fault);
    if (code)
        return code;
    struct table *table =
        arena ? table_new_in(arena, message->rows, message->n_columns) : table_new(message->rows);
    if (!table)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for a table");
    for (size_t i = 0; !code && i < message->n_columns; i++) {
        struct place place;
        code = find_place(message->columns[i], message->rows, bytes, size, &place, fault);
        if (!code)
            code = copy_column(message->columns[i], &place, table, fault);
    }
    if (code) {
        table_free(table);
        return code;
    }
    *out = table;
    return 0;
}
