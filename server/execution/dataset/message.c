/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/dataset/message.h"
#include "execution/field_path.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static bool has_statistics(const struct dataset_column *column)
{
    return column->value_count && column->type != DATASET_TEXT;
}

static API(ColumnSummary) * describe_column(const struct dataset_column *column, struct mrpc_arena *arena)
{
    API(ColumnSummary) *summary = API_NEW(arena, ColumnSummary, column_summary);
    if (!summary)
        return NULL;
    summary->name = mrpc_arena_strdup(arena, column->name);
    summary->type = (API(ColumnType))column->type;
    summary->null_count = column->null_count;
    summary->longest_bytes = (uint32_t)column->longest_bytes;
    if (has_statistics(column) && column->type != DATASET_BOOL) {
        mltrainer__execution__v1__column_summary__set_minimum(summary, column->minimum);
        mltrainer__execution__v1__column_summary__set_maximum(summary, column->maximum);
    }
    if (has_statistics(column) && (column->type == DATASET_DOUBLE || column->type == DATASET_INTEGER)) {
        mltrainer__execution__v1__column_summary__set_mean(summary, column->mean);
        if (column->value_count > 1)
            mltrainer__execution__v1__column_summary__set_standard_deviation(
                summary, sqrt(column->squares / (double)(column->value_count - 1)));
    }
    return summary->name ? summary : NULL;
}

static int describe_dialect(const struct dataset_schema *schema, struct mrpc_arena *arena, API(Dataset) * dataset,
                            struct fault *fault)
{
    API(CsvOptions) *csv = API_NEW(arena, CsvOptions, csv_options);
    char **na = mrpc_arena_calloc(arena, schema->na_count, sizeof *na);
    if (!csv || !na)
        return no_memory(fault);
    csv->delimiter = mrpc_arena_printf(arena, "%c", schema->delimiter);
    csv->no_header = schema->no_header;
    csv->na_values = na;
    for (; csv->n_na_values < schema->na_count; csv->n_na_values++)
        if (!(na[csv->n_na_values] = mrpc_arena_strdup(arena, schema->na_values[csv->n_na_values])))
            return no_memory(fault);
    dataset->csv = csv;
    return csv->delimiter ? 0 : no_memory(fault);
}

int dataset_describe(const struct dataset_schema *schema, struct mrpc_arena *arena, API(Dataset) * dataset,
                     struct fault *fault)
{
    int code = schema->format == DATASET_CSV ? describe_dialect(schema, arena, dataset, fault) : 0;
    if (code)
        return code;
    dataset->format = (API(DatasetFormat))schema->format;
    dataset->row_count = schema->row_count;
    dataset->columns = mrpc_arena_calloc(arena, schema->column_count + 1, sizeof *dataset->columns);
    if (!dataset->columns)
        return no_memory(fault);
    for (; dataset->n_columns < schema->column_count; dataset->n_columns++) {
        API(ColumnSummary) *summary = describe_column(&schema->columns[dataset->n_columns], arena);
        if (!summary)
            return no_memory(fault);
        dataset->columns[dataset->n_columns] = summary;
    }
    return 0;
}

struct dataset_schema *dataset_schema_of(const API(Dataset) * dataset)
{
    const API(CsvOptions) *csv = dataset->csv;
    struct dataset_schema *schema =
        dataset_schema_new(csv && *csv->delimiter ? *csv->delimiter : ',', csv && csv->no_header,
                           csv ? csv->na_values : NULL, csv ? csv->n_na_values : 0);
    if (!schema)
        return NULL;
    if (dataset->format == MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_ARROW)
        schema->format = DATASET_ARROW;
    schema->row_count = dataset->row_count;
    for (size_t i = 0; i < dataset->n_columns; i++) {
        const API(ColumnSummary) *summary = dataset->columns[i];
        struct dataset_column *column = dataset_schema_add(schema, summary->name, strlen(summary->name));
        if (!column) {
            dataset_schema_free(schema);
            return NULL;
        }
        column->type = (enum dataset_type)summary->type;
        column->null_count = summary->null_count;
    }
    return schema;
}

/* ---- Inline tables ---- */

static int column_fault(const char *field, size_t index, struct fault *fault, const char *what)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.columns[%zu]", field, index);
    return fault_field(fault, path, "%s", what);
}

static enum dataset_type column_type(const API(Column) * column, size_t *rows)
{
    switch (column->values_case) {
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES:
        *rows = column->doubles->n_values;
        return DATASET_DOUBLE;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_INTEGERS:
        *rows = column->integers->n_values;
        return DATASET_INTEGER;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS:
        *rows = column->texts->n_values;
        return DATASET_TEXT;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_BOOLS:
        *rows = column->bools->n_values;
        return DATASET_BOOL;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES:
        *rows = column->dates->n_days;
        return DATASET_DATE;
    default:
        return DATASET_UNKNOWN;
    }
}

static size_t text_bytes(const API(Column) * column)
{
    size_t bytes = 0;
    if (column->values_case == MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS)
        for (size_t i = 0; i < column->texts->n_values; i++)
            bytes += strlen(column->texts->values[i]);
    return bytes;
}

static void copy_values(const API(Column) * column, size_t rows, struct table_column *to)
{
    int32_t at = 0;
    switch (column->values_case) {
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES:
        memcpy(to->values, column->doubles->values, rows * sizeof(double));
        break;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_INTEGERS:
        memcpy(to->values, column->integers->values, rows * sizeof(int64_t));
        break;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES:
        memcpy(to->values, column->dates->days, rows * sizeof(int32_t));
        break;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_BOOLS:
        for (size_t i = 0; i < rows; i++)
            ((uint8_t *)to->values)[i / 8] |= (uint8_t)((column->bools->values[i] != 0) << i % 8);
        break;
    default:
        for (size_t i = 0; i < rows; i++) {
            size_t bytes = strlen(column->texts->values[i]);
            memcpy((char *)to->values + at, column->texts->values[i], bytes);
            at += (int32_t)bytes;
            to->offsets[i + 1] = at;
        }
    }
}

static int read_nulls(const API(Column) * column, const char *field, size_t index, struct table_column *to, size_t rows,
                      struct fault *fault)
{
    for (size_t i = 0; i < rows; i++)
        to->validity[i / 8] |= (uint8_t)(1u << i % 8);
    for (size_t i = 0; i < column->n_null_rows; i++) {
        uint32_t row = column->null_rows[i];
        if (row >= rows || (i && row <= column->null_rows[i - 1]))
            return column_fault(field, index, fault, "null_rows are not ascending rows of the table");
        to->validity[row / 8] &= (uint8_t) ~(1u << row % 8);
    }
    return 0;
}

/* The values as a table may have them as they are; NULL: as none. */
static const void *values_as_they_are(const API(Column) * column)
{
    if (column->n_null_rows)
        return NULL;
    switch (column->values_case) {
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES:
        return column->doubles->values;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_INTEGERS:
        return column->integers->values;
    case MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES:
        return column->dates->days;
    default:
        return NULL;
    }
}

static int read_column(struct table *table, const API(Column) * column, const char *field, size_t index, size_t rows,
                       bool borrows, struct fault *fault)
{
    size_t length = 0;
    enum dataset_type type = column_type(column, &length);
    if (!type)
        return column_fault(field, index, fault, "has no values");
    if (length != rows)
        return column_fault(field, index, fault, "has another number of rows than the first column");
    if (!*column->name || strlen(column->name) > DATASET_NAME_BYTES_MAX)
        return column_fault(field, index, fault, "the name has not 1 to 128 bytes");
    struct table_column to;
    const void *values = borrows ? values_as_they_are(column) : NULL;
    int code = values ? table_add_borrowed(table, column->name, dataset_type_format(type), values, fault)
                      : table_add(table, column->name, dataset_type_format(type), text_bytes(column),
                                  column->n_null_rows > 0, &to, fault);
    if (code)
        return fault_prefix(fault, "%s.columns[%zu]", field, index);
    if (values)
        return 0;
    if (rows)
        copy_values(column, rows, &to);
    if (column->n_null_rows)
        code = read_nulls(column, field, index, &to, rows, fault);
    table_set_null_count(table, index, (int64_t)column->n_null_rows);
    return code;
}

static int check_column_count(const API(Table) * message, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    if (message->n_columns && message->n_columns <= 4096)
        return 0;
    field_path(path, "%s.columns", field);
    return fault_field(fault, path, "%zu columns, not 1 to 4096", message->n_columns);
}

/* In @arena, or in memory of its own if that is NULL. */
static int read_table(const API(Table) * message, const char *field, struct mrpc_arena *arena, struct table **out,
                      struct fault *fault)
{
    int code = check_column_count(message, field, fault);
    if (code)
        return code;
    size_t rows = 0;
    column_type(message->columns[0], &rows);
    struct table *table =
        arena ? table_new_in(arena, (int64_t)rows, message->n_columns) : table_new((int64_t)rows);
    code = table ? 0 : no_memory(fault);
    for (size_t i = 0; !code && i < message->n_columns; i++)
        code = read_column(table, message->columns[i], field, i, rows, arena != NULL, fault);
    if (code)
        table_free(table);
    else
        *out = table;
    return code;
}

int dataset_table_read(const API(Table) * message, const char *field, struct table **out, struct fault *fault)
{
    return read_table(message, field, NULL, out, fault);
}

int dataset_table_view(const API(Table) * message, const char *field, struct mrpc_arena *arena, struct table **out,
                       struct fault *fault)
{
    return read_table(message, field, arena, out, fault);
}

/* What the columns take in memory and, about, on the wire. */
static size_t table_size(const struct table *table)
{
    size_t bytes = 0, columns = table_columns(&table->array);
    for (size_t i = 0; i < columns; i++) {
        struct table_column column;
        table_column_view(&table->schema, &table->array, i, &column);
        bytes += column.offsets ? (size_t)column.offsets[column.length] + (size_t)column.length * 2
                                : (size_t)column.length * 8;
    }
    return bytes;
}

static bool write_texts(const struct table_column *from, struct mrpc_arena *arena, API(Column) * column)
{
    API(TextValues) *texts = API_NEW(arena, TextValues, text_values);
    char **values = mrpc_arena_calloc(arena, (size_t)from->length + 1, sizeof *values);
    if (!texts || !values)
        return false;
    for (int64_t i = 0; i < from->length; i++) {
        size_t bytes = (size_t)(from->offsets[i + 1] - from->offsets[i]);
        values[i] = mrpc_arena_alloc(arena, bytes + 1);
        if (!values[i])
            return false;
        memcpy(values[i], (const char *)from->values + from->offsets[i], bytes);
        values[i][bytes] = 0;
    }
    texts->n_values = (size_t)from->length;
    texts->values = values;
    column->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS;
    column->texts = texts;
    return true;
}

static bool write_bools(const struct table_column *from, struct mrpc_arena *arena, API(Column) * column)
{
    API(BoolValues) *bools = API_NEW(arena, BoolValues, bool_values);
    protobuf_c_boolean *values = mrpc_arena_calloc(arena, (size_t)from->length + 1, sizeof *values);
    if (!bools || !values)
        return false;
    for (int64_t i = 0; i < from->length; i++)
        values[i] = ((const uint8_t *)from->values)[i / 8] >> i % 8 & 1;
    bools->n_values = (size_t)from->length;
    bools->values = values;
    column->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_BOOLS;
    column->bools = bools;
    return true;
}

static bool write_doubles(const struct table_column *from, struct mrpc_arena *arena, API(Column) * column)
{
    API(DoubleValues) *doubles = API_NEW(arena, DoubleValues, double_values);
    double *values = mrpc_arena_calloc(arena, (size_t)from->length + 1, sizeof *values);
    if (!doubles || !values)
        return false;
    bool narrow = strcmp(from->format, "f") == 0;
    for (int64_t i = 0; i < from->length; i++)
        values[i] = narrow ? ((const float *)from->values)[i] : ((const double *)from->values)[i];
    doubles->n_values = (size_t)from->length;
    doubles->values = values;
    column->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
    column->doubles = doubles;
    return true;
}

static bool write_integers(const struct table_column *from, struct mrpc_arena *arena, API(Column) * column)
{
    API(IntegerValues) *integers = API_NEW(arena, IntegerValues, integer_values);
    int64_t *values = mrpc_arena_calloc(arena, (size_t)from->length + 1, sizeof *values);
    if (!integers || !values)
        return false;
    bool narrow = strcmp(from->format, "i") == 0;
    for (int64_t i = 0; i < from->length; i++)
        values[i] = narrow ? ((const int32_t *)from->values)[i] : ((const int64_t *)from->values)[i];
    integers->n_values = (size_t)from->length;
    integers->values = values;
    column->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_INTEGERS;
    column->integers = integers;
    return true;
}

static bool write_dates(const struct table_column *from, struct mrpc_arena *arena, API(Column) * column)
{
    API(DateValues) *dates = API_NEW(arena, DateValues, date_values);
    int32_t *days = mrpc_arena_memdup(arena, from->values, (size_t)from->length * sizeof *days);
    if (!dates || !days)
        return false;
    dates->n_days = (size_t)from->length;
    dates->days = days;
    column->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES;
    column->dates = dates;
    return true;
}

static bool write_values(const struct table_column *from, struct mrpc_arena *arena, API(Column) * column)
{
    if (strcmp(from->format, "u") == 0)
        return write_texts(from, arena, column);
    if (strcmp(from->format, "b") == 0)
        return write_bools(from, arena, column);
    if (strcmp(from->format, "tdD") == 0)
        return write_dates(from, arena, column);
    if (strcmp(from->format, "g") == 0 || strcmp(from->format, "f") == 0)
        return write_doubles(from, arena, column);
    return write_integers(from, arena, column); /* "l", "i", and timestamps as ns */
}

static bool write_nulls(const struct table_column *from, struct mrpc_arena *arena, API(Column) * column)
{
    if (!from->validity || !from->null_count)
        return true;
    column->null_rows = mrpc_arena_calloc(arena, (size_t)from->length, sizeof *column->null_rows);
    for (int64_t i = 0; column->null_rows && i < from->length; i++)
        if (!(from->validity[i / 8] >> i % 8 & 1))
            column->null_rows[column->n_null_rows++] = (uint32_t)i;
    return column->null_rows != NULL;
}

int dataset_table_write(const struct table *table, size_t limit_bytes, struct mrpc_arena *arena, API(Table) * *out,
                        struct fault *fault)
{
    if (table_size(table) > limit_bytes)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "the table has some %zu bytes, more than %zu",
                         table_size(table), limit_bytes);
    size_t count = table_columns(&table->array);
    API(Table) *message = API_NEW(arena, Table, table);
    API(Column) **columns = mrpc_arena_calloc(arena, count + 1, sizeof *columns);
    if (!message || !columns)
        return no_memory(fault);
    for (size_t i = 0; i < count; i++) {
        struct table_column from;
        table_column_view(&table->schema, &table->array, i, &from);
        columns[i] = API_NEW(arena, Column, column);
        if (!columns[i] || !(columns[i]->name = mrpc_arena_strdup(arena, from.name)) ||
            !write_values(&from, arena, columns[i]) || !write_nulls(&from, arena, columns[i]))
            return no_memory(fault);
    }
    message->n_columns = count;
    message->columns = columns;
    *out = message;
    return 0;
}
