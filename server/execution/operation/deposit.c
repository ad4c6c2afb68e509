/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/deposit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/civil.h"
#include "execution/dataset/intake.h"
#include "execution/fetch/csv_writer.h"

static int take(void *arg, const void *bytes, size_t size, struct fault *fault)
{
    struct operation *operation = arg;
    return intake_take(operation->intake, bytes, size, fault);
}

static bool is_late(const struct operation *operation)
{
    return operation->deadline_ms && domain_loop_now_ms(operation->engine->loop) >= operation->deadline_ms;
}

static bool stopped(void *arg)
{
    const struct operation *operation = arg;
    return operation->cancelled || is_late(operation);
}

int deposit_fill(struct operation *operation, const API(UploadDatasetHeader) * header, deposit_write *write,
                 struct fault *fault)
{
    const struct fetch_sink sink = {.take = take, .stopped = stopped, .arg = operation};
    const struct caller owner = {.owner = operation->isolation};
    int code = intake_open(operation->engine, &owner, header, &operation->intake, fault);
    if (!code)
        code = write(operation, &sink, fault);
    if (!code)
        code = intake_finish(operation->intake, fault);
    if (code == MRPC_CANCELLED && !operation->cancelled && is_late(operation))
        code = fault_set(fault, MRPC_DEADLINE_EXCEEDED, "the deadline passed while %s", operation->stage);
    if (code) { /* here, where the disk may be waited for */
        intake_free(operation->intake);
        operation->intake = NULL;
    }
    return code;
}

static void registered(void *arg, const struct fault *fault)
{
    struct operation *operation = arg;
    struct fault end = *fault;
    if (!end.code) {
        const API(Dataset) *dataset = intake_dataset(operation->intake);
        operation->result->dataset = mrpc_arena_printf(operation->arena, "%s@%u", dataset->name, dataset->version);
        operation->result->row_count = dataset->row_count;
        if (!operation->result->dataset)
            fault_set(&end, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    }
    operation_end(operation, &end);
}

void deposit_register(struct operation *operation)
{
    operation->stage = "registering";
    intake_register(operation->intake, registered, operation);
}

void deposit_describe(const char *name, API(CsvOptions) * comma, API(UploadDatasetHeader) * out)
{
    API_INIT(csv_options, comma);
    comma->delimiter = (char *)",";
    API_INIT(upload_dataset_header, out);
    out->name = (char *)name;
    out->format = MLTRAINER__EXECUTION__V1__DATASET_FORMAT__DATASET_FORMAT_CSV;
    out->csv = comma;
}

/* ---- Tables ---- */

static void put_date(struct csv_writer *writer, int32_t days)
{
    int64_t year;
    int month, day;
    char text[40];
    civil_date(days, &year, &month, &day);
    csv_writer_plain(writer, text, (size_t)snprintf(text, sizeof text, "%04" PRId64 "-%02d-%02d", year, month, day));
}

static void put_text(struct csv_writer *writer, const struct table_column *column, int64_t row)
{
    const int32_t *offsets = column->offsets + row;
    csv_writer_text(writer, (const char *)column->values + offsets[0], (size_t)(offsets[1] - offsets[0]));
}

static void put_bool(struct csv_writer *writer, const struct table_column *column, int64_t row)
{
    bool value = ((const uint8_t *)column->values)[row / 8] >> row % 8 & 1;
    csv_writer_plain(writer, value ? "true" : "false", value ? 4 : 5);
}

/* The formats that tables have; times are whole numbers of nanoseconds, as in results. */
static void put_value(struct csv_writer *writer, const struct table_column *column, int64_t row)
{
    const char *format = column->format;
    if (column->validity && !(column->validity[row / 8] >> row % 8 & 1))
        return csv_writer_absent(writer);
    if (strcmp(format, "u") == 0)
        return put_text(writer, column, row);
    if (strcmp(format, "b") == 0)
        return put_bool(writer, column, row);
    if (strcmp(format, "tdD") == 0)
        return put_date(writer, ((const int32_t *)column->values)[row]);
    if (strcmp(format, "g") == 0)
        return csv_writer_number(writer, ((const double *)column->values)[row]);
    if (strcmp(format, "f") == 0)
        return csv_writer_number(writer, ((const float *)column->values)[row]);
    if (strcmp(format, "i") == 0)
        return csv_writer_integer(writer, ((const int32_t *)column->values)[row]);
    return csv_writer_integer(writer, ((const int64_t *)column->values)[row]);
}

static int put_rows(struct csv_writer *writer, const struct table_column *columns, size_t count, int64_t rows)
{
    int code = 0;
    for (size_t i = 0; i < count; i++)
        csv_writer_text(writer, columns[i].name, strlen(columns[i].name));
    code = csv_writer_end_row(writer);
    for (int64_t row = 0; !code && row < rows; row++) {
        for (size_t i = 0; i < count; i++)
            put_value(writer, &columns[i], row);
        code = csv_writer_end_row(writer);
    }
    return code ? code : csv_writer_finish(writer);
}

static int write_table(struct operation *operation, const struct fetch_sink *sink, struct fault *fault)
{
    const struct table *table = operation->output;
    size_t count = table_columns(&table->array);
    struct table_column *columns = calloc(count + 1, sizeof *columns);
    struct csv_writer *writer = malloc(sizeof *writer);
    int code = columns && writer ? 0 : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    if (!code) {
        writer->sink = sink;
        writer->fault = fault;
        writer->used = writer->fields = 0;
        writer->rows = 0;
        for (size_t i = 0; i < count; i++)
            table_column_view(&table->schema, &table->array, i, &columns[i]);
        code = put_rows(writer, columns, count, table_rows(&table->array));
    }
    free(columns);
    free(writer);
    return code;
}

static int store_output(struct operation *operation, struct fault *fault)
{
    API(CsvOptions) comma;
    API(UploadDatasetHeader) header;
    deposit_describe(operation->deposit, &comma, &header);
    return deposit_fill(operation, &header, write_table, fault);
}

void deposit_output(struct operation *operation, const char *name)
{
    operation->deposit = name;
    operation_on_thread(operation, "storing", store_output, deposit_register);
}
