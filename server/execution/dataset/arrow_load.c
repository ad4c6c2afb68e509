/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "execution/dataset/arrow.h"
#include "execution/dataset/arrow_dataset.h"

/* Texts, whose size a table must know before, are measured by a walk of their own. */
struct target {
    size_t source; /* index in the file */
    enum dataset_type type;
    struct table_column column;
    uint64_t text_bytes; /* measured; while filling: so far */
    int64_t null_count;
};

struct loading {
    const void *bytes;
    size_t size;
    const struct dataset_schema *schema;
    struct target *targets;
    size_t count;
    uint64_t first, rows; /* of the dataset, that are wanted */
    struct table *table;
};

typedef int cell_function(struct target *target, uint64_t row, const struct arrow_cell *cell, struct fault *fault);

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int data_loss(struct fault *fault)
{
    return fault_set(fault, MRPC_DATA_LOSS, "the file does not agree with its schema");
}

static int choose(struct loading *loading, const struct dataset_wanted *wanted, struct fault *fault)
{
    const struct dataset_schema *schema = loading->schema;
    loading->count = wanted->column_count ? wanted->column_count : schema->column_count;
    loading->targets = calloc(loading->count + 1, sizeof *loading->targets);
    if (!loading->targets)
        return no_memory(fault);
    for (size_t i = 0; i < loading->count; i++) {
        long source = (long)i;
        if (wanted->column_count)
            source = dataset_schema_find(schema, wanted->columns[i], strlen(wanted->columns[i]));
        if (source < 0)
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "the dataset has no column \"%s\"", wanted->columns[i]);
        loading->targets[i].source = (size_t)source;
        loading->targets[i].type = schema->columns[source].type;
    }
    return 0;
}

/* ---- Cells ---- */

static int measure_cell(struct target *target, uint64_t row, const struct arrow_cell *cell, struct fault *fault)
{
    target->text_bytes += cell->present ? cell->bytes : 0;
    return target->text_bytes <= INT32_MAX
               ? 0
               : fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "a text column of more than 2 GiB");
}

static void put_text(struct target *target, uint64_t row, const struct arrow_cell *cell)
{
    if (cell->present && cell->bytes)
        memcpy((char *)target->column.values + target->text_bytes, cell->text, cell->bytes);
    target->text_bytes += cell->present ? cell->bytes : 0;
    target->column.offsets[row + 1] = (int32_t)target->text_bytes;
}

static void put_fixed(struct target *target, uint64_t row, const struct arrow_cell *cell)
{
    void *values = target->column.values;
    if (target->type == DATASET_DOUBLE)
        ((double *)values)[row] = cell->number;
    else if (target->type == DATASET_INTEGER)
        ((int64_t *)values)[row] = cell->integer;
    else if (target->type == DATASET_DATE)
        ((int32_t *)values)[row] = (int32_t)cell->integer;
    else
        ((uint8_t *)values)[row / 8] |= (uint8_t)((unsigned)(cell->integer & 1) << row % 8);
}

static int put_cell(struct target *target, uint64_t row, const struct arrow_cell *cell, struct fault *fault)
{
    if (target->type == DATASET_TEXT)
        put_text(target, row, cell);
    else if (cell->present)
        put_fixed(target, row, cell);
    if (!cell->present)
        target->null_count++;
    else if (target->column.validity)
        target->column.validity[row / 8] |= (uint8_t)(1u << row % 8);
    return !cell->present && !target->column.validity ? data_loss(fault) : 0;
}

/* ---- Walks ---- */

/* What of the batch that begins at row @begin is wanted, of one column. */
static int walk_column(const struct loading *loading, struct arrow_reader *reader, struct target *target,
                       uint64_t begin, cell_function *each, struct fault *fault)
{
    struct arrow_column column;
    struct arrow_cell cell;
    uint64_t end = begin + (uint64_t)arrow_reader_rows(reader), last = loading->first + loading->rows;
    uint64_t from = begin > loading->first ? begin : loading->first, to = end < last ? end : last;
    int code = from < to ? arrow_reader_column(reader, target->source, &column, fault) : 0;
    for (uint64_t row = from; !code && row < to; row++) {
        code = arrow_cell(&column, (int64_t)(row - begin), &cell, fault);
        if (!code)
            code = each(target, row - loading->first, &cell, fault);
    }
    return code;
}

static int walk_batches(struct loading *loading, struct arrow_reader *reader, bool texts_only, cell_function *each,
                        struct fault *fault)
{
    uint64_t begin = 0;
    while (begin < loading->first + loading->rows) {
        bool more;
        int code = arrow_reader_next(reader, &more, fault);
        for (size_t i = 0; !code && more && i < loading->count; i++)
            if (!texts_only || loading->targets[i].type == DATASET_TEXT)
                code = walk_column(loading, reader, &loading->targets[i], begin, each, fault);
        if (code || !more)
            return code ? code : data_loss(fault);
        begin += (uint64_t)arrow_reader_rows(reader);
    }
    return 0;
}

static int walk(struct loading *loading, bool texts_only, cell_function *each, struct fault *fault)
{
    struct arrow_reader *reader;
    int code = arrow_reader_new(loading->bytes, loading->size, &reader, fault);
    if (code)
        return code;
    code = arrow_reader_columns(reader) == loading->schema->column_count
               ? walk_batches(loading, reader, texts_only, each, fault)
               : data_loss(fault);
    arrow_reader_free(reader);
    return code;
}

/* ---- All of it ---- */

static bool has_texts(const struct loading *loading)
{
    for (size_t i = 0; i < loading->count; i++)
        if (loading->targets[i].type == DATASET_TEXT)
            return true;
    return false;
}

static int add_columns(struct loading *loading, struct fault *fault)
{
    int code = 0;
    for (size_t i = 0; !code && i < loading->count; i++) {
        struct target *target = &loading->targets[i];
        const struct dataset_column *column = &loading->schema->columns[target->source];
        code = table_add(loading->table, column->name, dataset_type_format(target->type), target->text_bytes,
                         column->null_count > 0, &target->column, fault);
        target->text_bytes = 0;
    }
    return code;
}

static int load(struct loading *loading, const struct dataset_wanted *wanted, struct fault *fault)
{
    uint64_t all = loading->schema->row_count;
    loading->first = wanted->first_row < all ? wanted->first_row : all;
    uint64_t left = all - loading->first;
    loading->rows = wanted->row_count && wanted->row_count < left ? wanted->row_count : left;
    loading->table = table_new((int64_t)loading->rows);
    int code = loading->table ? choose(loading, wanted, fault) : no_memory(fault);
    if (!code && has_texts(loading))
        code = walk(loading, true, measure_cell, fault);
    if (!code)
        code = add_columns(loading, fault);
    if (!code)
        code = walk(loading, false, put_cell, fault);
    for (size_t i = 0; !code && i < loading->count; i++)
        table_set_null_count(loading->table, i, loading->targets[i].null_count);
    return code;
}

int dataset_arrow_load(const void *bytes, size_t size, const struct dataset_schema *schema,
                       const struct dataset_wanted *wanted, struct table **out, struct fault *fault)
{
    struct loading loading = {.bytes = bytes, .size = size, .schema = schema};
    int code = load(&loading, wanted, fault);
    if (code)
        table_free(loading.table);
    else
        *out = loading.table;
    free(loading.targets);
    return code;
}

int dataset_arrow_load_fd(int fd, const struct dataset_schema *schema, const struct dataset_wanted *wanted,
                          struct table **out, struct fault *fault)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return fault_set(fault, MRPC_INTERNAL, "stat: %s", strerror(errno));
    void *bytes = info.st_size ? mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (bytes == MAP_FAILED)
        return info.st_size ? no_memory(fault) : data_loss(fault);
    int code = dataset_arrow_load(bytes, (size_t)info.st_size, schema, wanted, out, fault);
    munmap(bytes, (size_t)info.st_size);
    return code;
}
