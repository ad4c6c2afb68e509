/* SPDX-License-Identifier: Apache-2.0 */
#include "table/table.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_ALIGNMENT 64

/* A column is one block: this, its name, then its buffers, aligned; the Arrow structs point into it. Texts alone, whose
 * size may come later, have memory of their own. */
struct column {
    struct ArrowSchema schema;
    struct ArrowArray array;
    const void *buffers[3];
    char format[16];
    char name[];
};

struct table_memory {
    struct table table; /* first: a table is its memory */
    struct mrpc_arena *arena; /* where it lies; NULL: in memory of its own */
    struct column **columns; /* one block with the two behind it */
    struct ArrowSchema **schemas;
    struct ArrowArray **arrays;
    size_t capacity;
    const void *no_buffers[1];
};

static int letter_width(char letter)
{
    switch (letter) {
    case 'g':
    case 'l':
        return 8;
    case 'f':
    case 'i':
        return 4;
    case 'b':
    case 'u':
        return 0;
    default:
        return -1;
    }
}

int table_format_width(const char *format)
{
    if (!format || !format[0])
        return -1;
    if (!format[1])
        return letter_width(format[0]);
    if (strcmp(format, "tdD") == 0)
        return 4;
    if (strncmp(format, "tsn:", 4) == 0 && strlen(format) < sizeof(((struct column *)0)->format))
        return 8;
    return -1;
}

/* Arrow asks that a live struct has a release callback; the memory itself belongs to the table. */
static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static struct table *memory_init(struct table_memory *memory, int64_t rows)
{
    memory->table.schema = (struct ArrowSchema){.format = "+s", .name = "", .release = release_schema};
    memory->table.array = (struct ArrowArray){
        .length = rows, .n_buffers = 1, .buffers = memory->no_buffers, .release = release_array};
    return &memory->table;
}

struct table *table_new(int64_t rows)
{
    struct table_memory *memory = rows < 0 ? NULL : calloc(1, sizeof(*memory));

    return memory ? memory_init(memory, rows) : NULL;
}

static void *take_zeroed(struct table_memory *memory, size_t bytes)
{
    return memory->arena ? mrpc_arena_calloc(memory->arena, 1, bytes) : calloc(1, bytes);
}

/* Not for one in an arena. */
static void column_free(struct column *column)
{
    if (column)
        free((void *)column->buffers[2]);
    free(column);
}

void table_free(struct table *table)
{
    struct table_memory *memory = (struct table_memory *)table;

    if (!memory || memory->arena)
        return;
    for (int64_t i = 0; i < table->array.n_children; i++)
        column_free(memory->columns[i]);
    free(memory->columns);
    free(memory);
}

/* What a buffer takes: never nothing, and 0 for what is too much. */
static size_t rounded(size_t bytes)
{
    size_t all = (bytes + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;

    return bytes ? (all < bytes ? 0 : all) : BUFFER_ALIGNMENT;
}

static void *text_new(struct table_memory *memory, size_t bytes)
{
    size_t all = rounded(bytes);
    void *text = NULL;

    if (all && memory->arena)
        return mrpc_arena_calloc(memory->arena, 1, all);
    if (all == 0 || posix_memalign(&text, BUFFER_ALIGNMENT, all) != 0)
        return NULL;
    memset(text, 0, all);
    return text;
}

static int grow(struct table_memory *memory, size_t capacity)
{
    size_t count = memory->capacity;
    struct column **columns =
        take_zeroed(memory, capacity * (sizeof(*columns) + sizeof(*memory->schemas) + sizeof(*memory->arrays)));

    if (!columns)
        return -1;
    struct ArrowSchema **schemas = (struct ArrowSchema **)(columns + capacity);
    struct ArrowArray **arrays = (struct ArrowArray **)(schemas + capacity);
    if (count) {
        memcpy(columns, memory->columns, count * sizeof(*columns));
        memcpy(schemas, memory->schemas, count * sizeof(*schemas));
        memcpy(arrays, memory->arrays, count * sizeof(*arrays));
    }
    if (!memory->arena)
        free(memory->columns);
    memory->columns = columns;
    memory->schemas = schemas;
    memory->arrays = arrays;
    memory->capacity = capacity;
    return 0;
}

struct table *table_new_in(struct mrpc_arena *arena, int64_t rows, size_t capacity)
{
    struct table_memory *memory = rows < 0 ? NULL : mrpc_arena_calloc(arena, 1, sizeof(*memory));

    if (!memory)
        return NULL;
    memory->arena = arena;
    return grow(memory, capacity ? capacity : 1) == 0 ? memory_init(memory, rows) : NULL;
}

static size_t fixed_bytes(const char *format, size_t rows)
{
    if (format[0] == 'b')
        return (rows + 7) / 8;
    return rows * (size_t)table_format_width(format);
}

/* Buffers are [validity, values] or, for text, [validity, offsets, text]. */
static void column_init(struct column *column, int64_t rows, int nullable)
{
    column->array = (struct ArrowArray){.length = rows,
                                        .null_count = nullable ? rows : 0,
                                        .n_buffers = column->format[0] == 'u' ? 3 : 2,
                                        .buffers = column->buffers,
                                        .release = release_array};
    column->schema = (struct ArrowSchema){.format = column->format,
                                          .name = column->name,
                                          .flags = nullable ? ARROW_FLAG_NULLABLE : 0,
                                          .release = release_schema};
}

static struct column *column_new(struct table_memory *memory, const char *name, const char *format, size_t text_bytes,
                                 int nullable)
{
    int64_t rows = memory->table.array.length;
    bool is_text = format[0] == 'u';
    size_t head = sizeof(struct column) + strlen(name) + 1, all;
    size_t validity = nullable ? rounded(((size_t)rows + 7) / 8) : 0;
    size_t values = rounded(is_text ? ((size_t)rows + 1) * sizeof(int32_t) : fixed_bytes(format, (size_t)rows));

    if (values == 0 || __builtin_add_overflow(head + BUFFER_ALIGNMENT + validity, values, &all))
        return NULL;
    struct column *column = take_zeroed(memory, all);
    if (!column)
        return NULL;
    uintptr_t buffers = ((uintptr_t)column + head + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
    column->buffers[0] = nullable ? (void *)buffers : NULL;
    column->buffers[1] = (void *)(buffers + validity);
    strcpy(column->format, format);
    strcpy(column->name, name);
    column_init(column, rows, nullable);
    if (is_text && !(column->buffers[2] = text_new(memory, text_bytes))) {
        if (!memory->arena)
            column_free(column);
        return NULL;
    }
    return column;
}

static int memory_fault(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "no memory for a table");
}

/* Whether there may be such a column; there is room for it then. */
static int admit(struct table_memory *memory, const char *name, const char *format, struct fault *fault)
{
    if (table_format_width(format) < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "column \"%.60s\" has format \"%.20s\", which tables do not have", name, format);
    if (table_find(&memory->table.schema, name) >= 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "two columns are named \"%.60s\"", name);
    if ((size_t)memory->table.array.n_children == memory->capacity &&
        grow(memory, memory->capacity ? memory->capacity * 2 : 8))
        return memory_fault(fault);
    return 0;
}

static void append(struct table_memory *memory, struct column *column)
{
    struct table *table = &memory->table;
    int64_t index = table->array.n_children;

    memory->columns[index] = column;
    memory->schemas[index] = &column->schema;
    memory->arrays[index] = &column->array;
    table->schema.children = memory->schemas;
    table->array.children = memory->arrays;
    table->schema.n_children = table->array.n_children = index + 1;
}

int table_add_borrowed(struct table *table, const char *name, const char *format, const void *values,
                       struct fault *fault)
{
    struct table_memory *memory = (struct table_memory *)table;
    int code = admit(memory, name, format, fault);

    if (code)
        return code;
    struct column *column = mrpc_arena_calloc(memory->arena, 1, sizeof(*column));
    if (!column)
        return memory_fault(fault);
    strcpy(column->format, format);
    column->buffers[1] = values;
    column_init(column, table->array.length, 0);
    column->schema.name = name;
    append(memory, column);
    return 0;
}

int table_add(struct table *table, const char *name, const char *format, size_t text_bytes, int nullable,
              struct table_column *out, struct fault *fault)
{
    struct table_memory *memory = (struct table_memory *)table;
    size_t index = (size_t)table->array.n_children;
    int code = admit(memory, name, format, fault);

    if (code)
        return code;
    if (text_bytes > INT32_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "column \"%.60s\" has over 2 GiB of text", name);
    struct column *column = column_new(memory, name, format, text_bytes, nullable);
    if (!column)
        return memory_fault(fault);
    append(memory, column);
    if (out) {
        table_column_view(&table->schema, &table->array, index, out);
        out->values_bytes = format[0] == 'u' ? text_bytes : out->values_bytes;
    }
    return 0;
}

void table_set_null_count(struct table *table, size_t index, int64_t null_count)
{
    table->array.children[index]->null_count = null_count;
}

int table_set_text(struct table *table, size_t index, const char *text, size_t text_bytes, struct fault *fault)
{
    struct column *column = ((struct table_memory *)table)->columns[index];
    void *buffer = text_new((struct table_memory *)table, text_bytes);

    if (!buffer)
        return memory_fault(fault);
    if (text_bytes)
        memcpy(buffer, text, text_bytes);
    if (!((struct table_memory *)table)->arena)
        free((void *)column->buffers[2]);
    column->buffers[2] = buffer;
    return 0;
}

int64_t table_rows(const struct ArrowArray *array)
{
    return array->length;
}

size_t table_columns(const struct ArrowArray *array)
{
    return (size_t)array->n_children;
}

int64_t table_find(const struct ArrowSchema *schema, const char *name)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->name && strcmp(schema->children[i]->name, name) == 0)
            return i;
    return -1;
}

void table_column_view(const struct ArrowSchema *schema, const struct ArrowArray *array, size_t index,
                       struct table_column *out)
{
    const struct ArrowArray *column = array->children[index];
    int is_text = schema->children[index]->format[0] == 'u';

    *out = (struct table_column){
        .name = schema->children[index]->name,
        .format = schema->children[index]->format,
        .length = column->length,
        .null_count = column->null_count,
        .validity = (uint8_t *)column->buffers[0],
        .values = (void *)column->buffers[is_text ? 2 : 1],
        .offsets = is_text ? (int32_t *)column->buffers[1] : NULL,
    };
    if (is_text)
        out->values_bytes = out->offsets ? (size_t)out->offsets[column->length] : 0;
    else
        out->values_bytes = fixed_bytes(out->format, (size_t)column->length);
}
