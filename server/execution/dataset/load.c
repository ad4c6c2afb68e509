/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execution/dataset/arrow_dataset.h"
#include "execution/dataset/csv.h"
#include "execution/dataset/load.h"
#include "execution/dataset/number.h"
#include "execution/dataset/number_quick.h"

enum { READ_BYTES = 256 * 1024 };

/* A column on its way into the table. Values and where texts begin go to their place at once. The texts themselves,
 * whose size is not known before, are gathered and given to their column at the end. */
struct target {
    size_t source; /* index in the file */
    enum dataset_type type;
    struct table_column column;
    int64_t null_count;
    char *text;
    size_t text_bytes;
    size_t text_room;
};

struct dataset_loader {
    const struct dataset_schema *schema;
    struct csv_reader *reader;
    struct table *table;
    struct target *targets;
    size_t target_count;
    uint64_t first_row;
    uint64_t rows; /* that the table has */
    uint64_t seen; /* rows of the file so far */
    uint64_t filled;
    bool header_seen;
};

static int load_row(void *arg, const struct csv_row *row, struct fault *fault);

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int prepare(struct dataset_loader *loader, struct target *target, struct fault *fault)
{
    const struct dataset_column *column = &loader->schema->columns[target->source];
    target->type = column->type;
    return table_add(loader->table, column->name, dataset_type_format(target->type), 0, column->null_count > 0,
                     &target->column, fault);
}

static int choose(struct dataset_loader *loader, const struct dataset_wanted *wanted, struct fault *fault)
{
    const struct dataset_schema *schema = loader->schema;
    size_t count = wanted->column_count ? wanted->column_count : schema->column_count;
    loader->targets = calloc(count ? count : 1, sizeof *loader->targets);
    if (!loader->targets)
        return no_memory(fault);
    for (size_t i = 0; i < count; i++) {
        long source = (long)i;
        if (wanted->column_count) {
            source = dataset_schema_find(schema, wanted->columns[i], strlen(wanted->columns[i]));
            if (source < 0)
                return fault_set(fault, MRPC_INVALID_ARGUMENT, "the dataset has no column \"%s\"", wanted->columns[i]);
        }
        loader->targets[loader->target_count++].source = (size_t)source;
        int code = prepare(loader, &loader->targets[i], fault);
        if (code)
            return code;
    }
    return 0;
}

int dataset_loader_new(const struct dataset_schema *schema, const struct dataset_wanted *wanted,
                       struct dataset_loader **out, struct fault *fault)
{
    struct dataset_loader *loader = calloc(1, sizeof *loader);
    if (!loader)
        return no_memory(fault);
    uint64_t left = wanted->first_row < schema->row_count ? schema->row_count - wanted->first_row : 0;
    loader->schema = schema;
    loader->first_row = wanted->first_row;
    loader->rows = wanted->row_count && wanted->row_count < left ? wanted->row_count : left;
    loader->header_seen = schema->no_header;
    loader->reader = csv_reader_new(schema->delimiter, load_row, loader);
    loader->table = table_new((int64_t)loader->rows);
    int code = loader->reader && loader->table ? choose(loader, wanted, fault) : no_memory(fault);
    if (code) {
        dataset_loader_free(loader);
        return code;
    }
    *out = loader;
    return 0;
}

void dataset_loader_free(struct dataset_loader *loader)
{
    if (!loader)
        return;
    for (size_t i = 0; i < loader->target_count; i++)
        free(loader->targets[i].text);
    free(loader->targets);
    csv_reader_free(loader->reader);
    table_free(loader->table);
    free(loader);
}

bool dataset_loader_full(const struct dataset_loader *loader)
{
    return loader->filled == loader->rows;
}

static int load_text(struct target *target, const struct csv_field *field, struct fault *fault)
{
    size_t wanted = target->text_bytes + field->bytes;
    if (wanted > INT32_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "a text column of more than 2 GiB");
    if (wanted > target->text_room) {
        size_t room = target->text_room ? target->text_room * 2 : 4096;
        char *more = realloc(target->text, room < wanted ? wanted : room);
        if (!more)
            return no_memory(fault);
        target->text = more;
        target->text_room = room < wanted ? wanted : room;
    }
    if (field->bytes)
        memcpy(target->text + target->text_bytes, field->text, field->bytes);
    target->text_bytes = wanted;
    return 0;
}

static bool load_number(const struct csv_field *field, size_t room, double *out)
{
    bool whole;
    return (room >= field->bytes + NUMBER_ROOM_BYTES && number_quickly(field->text, field->bytes, &whole, out)) ||
           number_double(field->text, field->bytes, out);
}

/* @room: how many bytes from the field's text on may be read. */
static bool load_fixed(struct target *target, uint64_t at, const struct csv_field *field, size_t room)
{
    struct table_column *column = &target->column;
    bool truth = false;
    switch (target->type) {
    case DATASET_DOUBLE:
        return load_number(field, room, (double *)column->values + at);
    case DATASET_INTEGER:
        return number_integer(field->text, field->bytes, (int64_t *)column->values + at);
    case DATASET_DATE:
        return number_date(field->text, field->bytes, (int32_t *)column->values + at);
    case DATASET_BOOL:
        if (!number_bool(field->text, field->bytes, &truth))
            return false;
        ((uint8_t *)column->values)[at / 8] |= (uint8_t)(truth << at % 8);
        return true;
    default:
        return false;
    }
}

static int load_value(struct dataset_loader *loader, struct target *target, const struct csv_row *row,
                      struct fault *fault)
{
    uint64_t at = loader->filled;
    bool bare = dataset_is_bare(loader->schema, &row->fields[target->source]);
    struct csv_field field = bare ? row->fields[target->source] : dataset_trim(&row->fields[target->source]);
    bool absent = !bare && dataset_is_na(loader->schema, &field);
    target->null_count += absent;
    if (target->type == DATASET_TEXT) {
        int code = absent ? 0 : load_text(target, &row->fields[target->source], fault);
        if (code)
            return code;
        target->column.offsets[at + 1] = (int32_t)target->text_bytes;
    } else if (!absent && !load_fixed(target, at, &field, csv_field_room(row, &field))) {
        return fault_set(fault, MRPC_DATA_LOSS, "line %llu: the file does not agree with its schema",
                         (unsigned long long)row->line);
    }
    if (!absent && target->column.validity)
        target->column.validity[at / 8] |= (uint8_t)(1u << at % 8);
    return 0;
}

static int load_row(void *arg, const struct csv_row *row, struct fault *fault)
{
    struct dataset_loader *loader = arg;
    if (!loader->header_seen) {
        loader->header_seen = true;
        return 0;
    }
    if (loader->seen++ < loader->first_row || loader->filled == loader->rows)
        return 0;
    if (row->count != loader->schema->column_count)
        return fault_set(fault, MRPC_DATA_LOSS, "line %llu: the file does not agree with its schema",
                         (unsigned long long)row->line);
    for (size_t i = 0; i < loader->target_count; i++) {
        int code = load_value(loader, &loader->targets[i], row, fault);
        if (code)
            return code;
    }
    loader->filled++;
    return 0;
}

int dataset_loader_feed(struct dataset_loader *loader, const void *bytes, size_t size, struct fault *fault)
{
    return csv_reader_feed(loader->reader, bytes, size, fault);
}

int dataset_loader_finish(struct dataset_loader *loader, struct table **out, struct fault *fault)
{
    int code = dataset_loader_full(loader) ? 0 : csv_reader_finish(loader->reader, fault);
    if (!code && !dataset_loader_full(loader))
        code = fault_set(fault, MRPC_DATA_LOSS, "the file has fewer rows than when it was uploaded");
    for (size_t i = 0; !code && i < loader->target_count; i++) {
        const struct target *target = &loader->targets[i];
        table_set_null_count(loader->table, i, target->null_count);
        if (target->type == DATASET_TEXT)
            code = table_set_text(loader->table, i, target->text, target->text_bytes, fault);
    }
    if (code)
        return code;
    *out = loader->table;
    loader->table = NULL;
    return 0;
}

static int feed_file(int fd, const char *path, struct dataset_loader *loader, struct fault *fault)
{
    char *buffer = malloc(READ_BYTES);
    int code = buffer ? 0 : no_memory(fault);
    while (!code && !dataset_loader_full(loader)) {
        ssize_t got = read(fd, buffer, READ_BYTES);
        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        code = got < 0 ? fault_set(fault, MRPC_INTERNAL, "%s: %s", path, strerror(errno))
                       : dataset_loader_feed(loader, buffer, (size_t)got, fault);
    }
    free(buffer);
    return code;
}

static int load_csv(int fd, const char *path, const struct dataset_schema *schema, const struct dataset_wanted *wanted,
                    struct table **out, struct fault *fault)
{
    struct dataset_loader *loader = NULL;
    int code = dataset_loader_new(schema, wanted, &loader, fault);
    if (!code)
        code = feed_file(fd, path, loader, fault);
    if (!code)
        code = dataset_loader_finish(loader, out, fault);
    dataset_loader_free(loader);
    return code;
}

int dataset_load_file(const char *path, const struct dataset_schema *schema, const struct dataset_wanted *wanted,
                      struct table **out, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fault_set(fault, errno == ENOENT ? MRPC_NOT_FOUND : MRPC_INTERNAL, "%s", strerror(errno));
    int code = schema->format == DATASET_ARROW ? dataset_arrow_load_fd(fd, schema, wanted, out, fault)
                                               : load_csv(fd, path, schema, wanted, out, fault);
    close(fd);
    return code;
}
