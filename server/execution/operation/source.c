/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/source.h"
#include "execution/field_path.h"

#include <stdio.h>
#include <string.h>

#include "execution/dataset/message.h"
#include "execution/engine.h"
#include "execution/feature/split.h"

static int resolve_dataset(struct execution *engine, const char *reference, const char *field, struct mrpc_arena *arena,
                           struct source *out, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.dataset", field);
    struct record *record;
    API(Dataset) * dataset;
    int code = record_index_find(&engine->datasets, reference, path, &record, fault);
    if (!code)
        code = api_decode(API_INFO(dataset), record->message.data, record->message.size, arena, &dataset, fault);
    if (code)
        return code;
    snprintf(out->reference, sizeof out->reference, "%s@%u", record->name, record->version);
    snprintf(out->sha256, sizeof out->sha256, "%s", record->sha256);
    out->schema = dataset_schema_of(dataset);
    return out->schema ? execution_dataset_path(engine, record->sha256, out->schema->format, out->path, fault)
                       : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

int source_resolve(struct execution *engine, const API(DataReference) * reference, const char *field,
                   struct mrpc_arena *arena, struct source *out, struct fault *fault)
{
    *out = (struct source){.schema = NULL};
    if (!reference || reference->data_case == MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA__NOT_SET)
        return fault_field(fault, field, "a dataset or a table is wanted");
    out->first_row = reference->first_row;
    out->row_count = reference->row_count;
    if (reference->data_case == MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET)
        return resolve_dataset(engine, reference->dataset, field, arena, out, fault);
    out->inline_table = reference->table;
    return 0;
}

void source_fini(struct source *source)
{
    dataset_schema_free(source->schema);
    source->schema = NULL;
}

static enum dataset_type inline_type(const API(Column) * column)
{
    static const enum dataset_type types[] = {
        [MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES] = DATASET_DOUBLE,
        [MLTRAINER__EXECUTION__V1__COLUMN__VALUES_INTEGERS] = DATASET_INTEGER,
        [MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS] = DATASET_TEXT,
        [MLTRAINER__EXECUTION__V1__COLUMN__VALUES_BOOLS] = DATASET_BOOL,
        [MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DATES] = DATASET_DATE,
    };
    return (size_t)column->values_case < sizeof types / sizeof *types ? types[column->values_case] : DATASET_UNKNOWN;
}

static int no_column(const char *name, const char *field, struct fault *fault)
{
    return fault_field(fault, field, "the data has no column \"%.64s\"", name);
}

static int check_type(const char *name, enum dataset_type type, enum dataset_type found, const char *field,
                      struct fault *fault)
{
    bool fits = type == DATASET_UNKNOWN || type == found || (type == DATASET_DOUBLE && found == DATASET_INTEGER);
    return fits ? 0
                : fault_field(fault, field, "column \"%.64s\" holds %ss, not %ss", name, dataset_type_name(found),
                              dataset_type_name(type));
}

int source_require_inline(const API(Table) * table, const char *name, enum dataset_type type, const char *field,
                          struct fault *fault)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (strcmp(table->columns[i]->name, name) == 0)
            return check_type(name, type, inline_type(table->columns[i]), field, fault);
    return no_column(name, field, fault);
}

int source_require(const struct source *source, const char *name, enum dataset_type type, const char *field,
                   struct fault *fault)
{
    if (source->to_come)
        return 0;
    if (!source->schema)
        return source_require_inline(source->inline_table, name, type, field, fault);
    long index = dataset_schema_find(source->schema, name, strlen(name));
    return index < 0 ? no_column(name, field, fault)
                     : check_type(name, type, source->schema->columns[index].type, field, fault);
}

int source_cut(const struct table *whole, uint64_t first_row, uint64_t row_count, struct table **out,
               struct fault *fault)
{
    uint64_t rows = (uint64_t)table_rows(&whole->array);
    uint64_t first = first_row < rows ? first_row : rows;
    uint64_t count = row_count && row_count < rows - first ? row_count : rows - first;
    return split_rows(whole, first, count, out, fault);
}

static int load_inline(const struct source *source, struct table **out, struct fault *fault)
{
    struct table *whole;
    int code = dataset_table_read(source->inline_table, "data.table", &whole, fault);
    if (code || (!source->first_row && !source->row_count)) {
        if (!code)
            *out = whole;
        return code;
    }
    code = source_cut(whole, source->first_row, source->row_count, out, fault);
    table_free(whole);
    return code;
}

int source_load(const struct source *source, const char *const *columns, size_t column_count, struct table **out,
                struct fault *fault)
{
    if (source->inline_table)
        return load_inline(source, out, fault);
    struct dataset_wanted wanted = {.first_row = source->first_row,
                                    .row_count = source->row_count,
                                    .columns = columns,
                                    .column_count = column_count};
    int code = dataset_load_file(source->path, source->schema, &wanted, out, fault);
    return code ? fault_prefix(fault, "dataset %s", source->reference) : 0;
}
