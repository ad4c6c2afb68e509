/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "execution/dataset/arrow.h"
#include "execution/dataset/arrow_dataset.h"

/* As a table; a file that became more would be of no use to any job. */
#define TABLE_BYTES_MAX (UINT64_C(16) << 30)

enum { GATHERED_MAX = 64 };

struct scan {
    struct arrow_reader *reader;
    struct dataset_schema *schema;
    uint64_t table_bytes;
    unsigned gathered; /* of `values`, of one column, which come into its statistics together */
    double values[GATHERED_MAX];
};

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static enum dataset_type type_of(const struct arrow_field *field)
{
    static const enum dataset_type types[] = {
        [ARROW_NULL] = DATASET_DOUBLE, [ARROW_INTEGER] = DATASET_INTEGER, [ARROW_FLOAT] = DATASET_DOUBLE,
        [ARROW_BOOL] = DATASET_BOOL,   [ARROW_TEXT] = DATASET_TEXT,       [ARROW_TIME] = DATASET_DATE,
    };
    return types[field->type.kind];
}

/* Whole numbers are numbers, and nothing is anything. */
static int require(struct scan *scan, const struct dataset_requirement *required, struct fault *fault)
{
    long index = dataset_schema_find(scan->schema, required->name, strlen(required->name));
    if (index < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "the file has no column \"%s\"", required->name);
    struct dataset_column *column = &scan->schema->columns[index];
    bool fits = required->type == DATASET_UNKNOWN || required->type == column->type ||
                (required->type == DATASET_DOUBLE && column->type == DATASET_INTEGER) ||
                arrow_reader_field(scan->reader, (size_t)index)->type.kind == ARROW_NULL;
    if (!fits)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%s\" holds %ss, not %ss", column->name,
                         dataset_type_name(column->type), dataset_type_name(required->type));
    if (required->type != DATASET_UNKNOWN)
        column->type = required->type;
    return 0;
}

static int begin(struct scan *scan, const struct dataset_requirement *required, size_t count, struct fault *fault)
{
    scan->schema = dataset_schema_new(0, false, NULL, 0);
    if (!scan->schema)
        return no_memory(fault);
    scan->schema->format = DATASET_ARROW;
    for (size_t i = 0; i < arrow_reader_columns(scan->reader); i++) {
        const struct arrow_field *field = arrow_reader_field(scan->reader, i);
        struct dataset_column *column = dataset_schema_add(scan->schema, field->name, strlen(field->name));
        if (!column)
            return no_memory(fault);
        column->type = type_of(field);
    }
    int code = 0;
    for (size_t i = 0; !code && i < count; i++)
        code = require(scan, &required[i], fault);
    return code;
}

static int spend(struct scan *scan, uint64_t bytes, struct fault *fault)
{
    scan->table_bytes += bytes;
    return scan->table_bytes <= TABLE_BYTES_MAX
               ? 0
               : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the columns have more than 16 GiB");
}

static void count_gathered(struct scan *scan, struct dataset_column *column)
{
    if (scan->gathered)
        dataset_column_count_all(column, column->value_count, scan->values, scan->gathered);
    column->value_count += scan->gathered;
    scan->gathered = 0;
}

static void count_value(struct scan *scan, struct dataset_column *column, double value)
{
    scan->values[scan->gathered++] = value;
    if (scan->gathered == GATHERED_MAX)
        count_gathered(scan, column);
}

static int scan_cell(struct scan *scan, struct dataset_column *column, const struct arrow_cell *cell,
                     struct fault *fault)
{
    if (!cell->present) {
        column->null_count++;
        return 0;
    }
    if (column->type == DATASET_TEXT) {
        column->value_count++;
        if (cell->bytes > column->longest_bytes)
            column->longest_bytes = cell->bytes;
        return spend(scan, cell->bytes, fault);
    }
    if (cell->too_large && column->type == DATASET_INTEGER)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "a whole number above 2^63 - 1");
    count_value(scan, column, cell->number);
    return 0;
}

static bool are_plain_doubles(const struct arrow_column *values)
{
    return values->type.kind == ARROW_FLOAT && values->type.bits == 64 && !values->validity && !values->dictionary;
}

/* As they lie there. Not a number is absent. */
static void scan_doubles(struct scan *scan, struct dataset_column *column, const uint8_t *values, int64_t rows)
{
    for (int64_t row = 0; row < rows; row++) {
        double value;
        memcpy(&value, values + (size_t)row * sizeof value, sizeof value);
        if (value == value)
            count_value(scan, column, value);
        else
            column->null_count++;
    }
}

static int scan_column(struct scan *scan, size_t index, struct fault *fault)
{
    struct arrow_column values;
    struct arrow_cell cell;
    struct dataset_column *column = &scan->schema->columns[index];
    int64_t rows = arrow_reader_rows(scan->reader), row = 0;
    int code = spend(scan, (uint64_t)rows * 8, fault);
    if (code || (code = arrow_reader_column(scan->reader, index, &values, fault)))
        return code;
    if (values.type.kind == ARROW_NULL) {
        column->null_count += (uint64_t)rows;
        return 0;
    }
    if (are_plain_doubles(&values)) {
        scan_doubles(scan, column, values.values, rows);
        row = rows;
    }
    for (; !code && row < rows; row++) {
        code = arrow_cell(&values, row, &cell, fault);
        if (!code)
            code = scan_cell(scan, column, &cell, fault);
    }
    count_gathered(scan, column);
    return code ? fault_prefix(fault, "column \"%s\", row %llu", column->name,
                               (unsigned long long)scan->schema->row_count + (unsigned long long)row)
                : 0;
}

static int scan_batches(struct scan *scan, struct fault *fault)
{
    bool more = true;
    int code;
    while (!(code = arrow_reader_next(scan->reader, &more, fault)) && more) {
        for (size_t i = 0; !code && i < scan->schema->column_count; i++)
            code = scan_column(scan, i, fault);
        if (code)
            return code;
        scan->schema->row_count += (uint64_t)arrow_reader_rows(scan->reader);
    }
    return code;
}

int dataset_arrow_scan(const void *bytes, size_t size, const struct dataset_requirement *required,
                       size_t required_count, struct dataset_schema **out, struct fault *fault)
{
    struct scan scan = {.schema = NULL};
    int code = arrow_reader_new(bytes, size, &scan.reader, fault);
    if (code)
        return code;
    code = begin(&scan, required, required_count, fault);
    if (!code)
        code = scan_batches(&scan, fault);
    arrow_reader_free(scan.reader);
    if (code)
        dataset_schema_free(scan.schema);
    else
        *out = scan.schema;
    return code;
}

int dataset_arrow_scan_fd(int fd, const struct dataset_requirement *required, size_t required_count,
                          struct dataset_schema **out, struct fault *fault)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return fault_set(fault, MRPC_INTERNAL, "stat: %s", strerror(errno));
    if (info.st_size == 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "Arrow: no bytes");
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return no_memory(fault);
    int code = dataset_arrow_scan(bytes, (size_t)info.st_size, required, required_count, out, fault);
    munmap(bytes, (size_t)info.st_size);
    return code;
}
