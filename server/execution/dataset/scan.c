/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/csv.h"
#include "execution/dataset/number.h"
#include "execution/dataset/number_quick.h"
#include "execution/dataset/scan.h"
#include "utf8/utf8.h"

/* Each value is of one kind; a column has the kinds of all its values. Whole numbers are numbers, every other mixture
 * is text. */
enum kind {
    KIND_INTEGER = 1 << 0,
    KIND_DOUBLE = 1 << 1,
    KIND_DATE = 1 << 2,
    KIND_BOOL = 1 << 3,
    KIND_TEXT = 1 << 4,
};

enum { GATHERED_MAX = 64 };

#define NUMBERS (unsigned)(KIND_INTEGER | KIND_DOUBLE)

struct column_state {
    unsigned kinds;
    unsigned numbers; /* the kinds of numbers that are nothing else here: none in a column of texts or dates */
    enum dataset_type required;
    uint64_t counted; /* values in the statistics */
    uint64_t longest_bytes;
    unsigned gathered; /* of `values`, which come into them together */
    double values[GATHERED_MAX];
};

struct dataset_scan {
    struct csv_reader *reader;
    struct dataset_schema *schema;
    const struct dataset_requirement *required;
    size_t required_count;
    struct column_state *states; /* one a column, once they are known */
    int code;                    /* why it failed; further calls repeat it */
};

static int scan_row(void *arg, const struct csv_row *row, struct fault *fault);

struct dataset_scan *dataset_scan_new(struct dataset_schema *schema, const struct dataset_requirement *required,
                                      size_t required_count)
{
    struct dataset_scan *scan = schema ? calloc(1, sizeof *scan) : NULL;
    struct csv_reader *reader = scan ? csv_reader_new(schema->delimiter, scan_row, scan) : NULL;
    if (!reader) {
        free(scan);
        dataset_schema_free(schema);
        return NULL;
    }
    *scan = (struct dataset_scan){
        .reader = reader, .schema = schema, .required = required, .required_count = required_count};
    return scan;
}

void dataset_scan_free(struct dataset_scan *scan)
{
    if (!scan)
        return;
    csv_reader_free(scan->reader);
    dataset_schema_free(scan->schema);
    free(scan->states);
    free(scan);
}

struct dataset_schema *dataset_scan_take(struct dataset_scan *scan)
{
    struct dataset_schema *schema = scan->schema;
    scan->schema = NULL;
    return schema;
}

/* The kinds that are of @required. */
static unsigned kinds_of(enum dataset_type required)
{
    static const unsigned allowed[] = {~0u, NUMBERS, KIND_INTEGER, ~0u, KIND_BOOL, KIND_DATE};
    return (unsigned)required < 6 ? allowed[required] : 0;
}

static int add_column(struct dataset_scan *scan, const struct csv_row *row, size_t index, bool named,
                      struct fault *fault)
{
    char numbered[24];
    snprintf(numbered, sizeof numbered, "c%zu", index + 1);
    struct csv_field field = dataset_trim(&row->fields[index]);
    if (!named || !field.bytes)
        field = (struct csv_field){.text = numbered, .bytes = strlen(numbered)};
    unsigned long long line = row->line;
    const char *wrong = dataset_name_fault(field.text, field.bytes);
    if (wrong)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "line %llu, column %zu: %s", line, index + 1, wrong);
    if (dataset_schema_find(scan->schema, field.text, field.bytes) >= 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "line %llu, column %zu: a second column \"%.*s\"", line,
                         index + 1, (int)field.bytes, field.text);
    if (!dataset_schema_add(scan->schema, field.text, field.bytes))
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    return 0;
}

static int require_columns(struct dataset_scan *scan, struct fault *fault)
{
    for (size_t i = 0; i < scan->required_count; i++) {
        const char *name = scan->required[i].name;
        long index = dataset_schema_find(scan->schema, name, strlen(name));
        if (index < 0)
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "the header has no column \"%s\"", name);
        enum dataset_type required = scan->required[i].type;
        scan->states[index].required = required;
        scan->states[index].numbers = required == DATASET_TEXT ? 0 : kinds_of(required) & NUMBERS;
    }
    return 0;
}

static int begin(struct dataset_scan *scan, const struct csv_row *row, struct fault *fault)
{
    for (size_t i = 0; i < row->count; i++) {
        int code = add_column(scan, row, i, !scan->schema->no_header, fault);
        if (code)
            return code;
    }
    scan->states = calloc(row->count, sizeof *scan->states);
    if (!scan->states)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    for (size_t i = 0; i < row->count; i++)
        scan->states[i].numbers = NUMBERS;
    return require_columns(scan, fault);
}

/* @seen: kinds of the column so far. A date is nothing else, so where dates stood it is looked for first. */
static enum kind classify(const struct csv_field *field, unsigned seen, double *value)
{
    int64_t integer;
    int32_t days;
    bool truth;
    if (seen == KIND_DATE && number_date(field->text, field->bytes, &days)) {
        *value = days;
        return KIND_DATE;
    }
    if (number_plain(field->text, field->bytes, &truth, value)) {
        *value += 0.0; /* a whole -0 is 0 */
        return truth ? KIND_INTEGER : KIND_DOUBLE;
    }
    if (number_integer(field->text, field->bytes, &integer)) {
        *value = (double)integer;
        return KIND_INTEGER;
    }
    if (number_double(field->text, field->bytes, value))
        return KIND_DOUBLE;
    if (number_date(field->text, field->bytes, &days)) {
        *value = days;
        return KIND_DATE;
    }
    if (number_bool(field->text, field->bytes, &truth)) {
        *value = truth;
        return KIND_BOOL;
    }
    return KIND_TEXT;
}

static int wrong_type(const struct dataset_scan *scan, const struct csv_row *row, size_t index, struct fault *fault)
{
    char shown[48];
    const struct csv_field *field = &row->fields[index];
    int bytes = field->bytes < 40 ? (int)field->bytes : 40;
    while (bytes && !utf8_valid(field->text, (size_t)bytes))
        bytes--;
    snprintf(shown, sizeof shown, "%.*s", bytes, field->text);
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "line %llu, column %zu (%s): \"%s\" is not a %s",
                     (unsigned long long)row->line, index + 1, scan->schema->columns[index].name, shown,
                     dataset_type_name(scan->states[index].required));
}

static void count_gathered(struct dataset_column *column, struct column_state *state)
{
    if (state->gathered)
        dataset_column_count_all(column, state->counted, state->values, state->gathered);
    state->counted += state->gathered;
    state->gathered = 0;
}

static void count_value(struct dataset_column *column, struct column_state *state, double value)
{
    state->values[state->gathered++] = value;
    if (state->gathered == GATHERED_MAX)
        count_gathered(column, state);
}

/* As nearly all values are: a number among numbers. False: it is for scan_value(). */
static inline bool scan_number(const struct dataset_scan *scan, const struct csv_row *row, size_t index)
{
    const struct csv_field *field = &row->fields[index];
    struct column_state *state = &scan->states[index];
    double value;
    bool whole;
    if (!field->bytes || scan->schema->na_first[(unsigned char)*field->text] ||
        csv_field_room(row, field) < field->bytes + NUMBER_ROOM_BYTES ||
        !number_quickly(field->text, field->bytes, &whole, &value))
        return false;
    unsigned kind = whole ? KIND_INTEGER : KIND_DOUBLE;
    if (!(kind & state->numbers))
        return false;
    state->kinds |= kind;
    state->longest_bytes = field->bytes > state->longest_bytes ? field->bytes : state->longest_bytes;
    count_value(&scan->schema->columns[index], state, value + 0.0); /* a whole -0 is 0 */
    return true;
}

static int scan_value(struct dataset_scan *scan, const struct csv_row *row, size_t index, struct fault *fault)
{
    struct dataset_column *column = &scan->schema->columns[index];
    struct column_state *state = &scan->states[index];
    bool bare = dataset_is_bare(scan->schema, &row->fields[index]);
    struct csv_field field = bare ? row->fields[index] : dataset_trim(&row->fields[index]);
    if (!bare && dataset_is_na(scan->schema, &field)) {
        column->null_count++;
        return 0;
    }
    bool text_already = (state->kinds & KIND_TEXT) || state->required == DATASET_TEXT;
    double value = 0;
    enum kind kind = text_already ? KIND_TEXT : classify(&field, state->kinds, &value);
    if (!(kinds_of(state->required) & kind))
        return wrong_type(scan, row, index, fault);
    state->kinds |= kind;
    if (kind & ~NUMBERS)
        state->numbers = 0;
    if (row->fields[index].bytes > state->longest_bytes)
        state->longest_bytes = row->fields[index].bytes;
    if (kind == KIND_TEXT && !utf8_valid(row->fields[index].text, row->fields[index].bytes))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "line %llu, column %zu (%s): not UTF-8",
                         (unsigned long long)row->line, index + 1, column->name);
    if (kind != KIND_TEXT)
        count_value(column, state, value);
    return 0;
}

static int scan_row(void *arg, const struct csv_row *row, struct fault *fault)
{
    struct dataset_scan *scan = arg;
    if (!scan->states) {
        int code = begin(scan, row, fault);
        if (code || !scan->schema->no_header)
            return code;
    }
    if (row->count != scan->schema->column_count)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "line %llu: %zu %s where the %s has %zu",
                         (unsigned long long)row->line, row->count, row->count == 1 ? "field" : "fields",
                         scan->schema->no_header ? "first row" : "header", scan->schema->column_count);
    for (size_t i = 0; i < row->count; i++) {
        int code = scan_number(scan, row, i) ? 0 : scan_value(scan, row, i, fault);
        if (code)
            return code;
    }
    scan->schema->row_count++;
    return 0;
}

int dataset_scan_feed(struct dataset_scan *scan, const void *bytes, size_t size, struct fault *fault)
{
    if (!scan->code)
        scan->code = csv_reader_feed(scan->reader, bytes, size, fault);
    return scan->code;
}

static enum dataset_type decide(const struct column_state *state)
{
    if (state->required)
        return state->required;
    switch (state->kinds) {
    case 0:
    case KIND_DOUBLE:
    case KIND_DOUBLE | KIND_INTEGER:
        return DATASET_DOUBLE;
    case KIND_INTEGER:
        return DATASET_INTEGER;
    case KIND_DATE:
        return DATASET_DATE;
    case KIND_BOOL:
        return DATASET_BOOL;
    default:
        return DATASET_TEXT;
    }
}

int dataset_scan_finish(struct dataset_scan *scan, struct fault *fault)
{
    if (!scan->code)
        scan->code = csv_reader_finish(scan->reader, fault);
    if (scan->code)
        return scan->code;
    if (!scan->states)
        return scan->code = fault_set(fault, MRPC_INVALID_ARGUMENT, "the file has no columns");
    scan->schema->delimiter = csv_reader_delimiter(scan->reader);
    for (size_t i = 0; i < scan->schema->column_count; i++) {
        struct dataset_column *column = &scan->schema->columns[i];
        count_gathered(column, &scan->states[i]);
        column->value_count = scan->schema->row_count - column->null_count;
        column->type = decide(&scan->states[i]);
        if (column->type == DATASET_TEXT)
            column->longest_bytes = scan->states[i].longest_bytes;
    }
    return 0;
}
