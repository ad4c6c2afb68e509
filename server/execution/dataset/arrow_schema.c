/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/arrow_internal.h"

/* Slots of the tables of Schema.fbs, and the members of its union Type. */
enum { SCHEMA_ENDIANNESS = 0, SCHEMA_FIELDS = 1 };
enum { FIELD_NAME = 0, FIELD_TYPE_KIND = 2, FIELD_TYPE = 3, FIELD_DICTIONARY = 4 };
enum { DICTIONARY_ID = 0, DICTIONARY_INDEX = 1 };
enum { TYPE_NULL = 1, TYPE_INT, TYPE_FLOAT, TYPE_BINARY, TYPE_UTF8, TYPE_BOOL, TYPE_DECIMAL, TYPE_DATE, TYPE_TIME,
       TYPE_TIMESTAMP, TYPE_LARGE_UTF8 = 20 };

static const char *const type_names[] = {
    "none", "null", "int", "float", "binary", "text", "bool", "decimal", "date", "time of day",
    "timestamp", "interval", "list", "struct", "union", "fixed-size binary", "fixed-size list", "map", "duration",
    "large binary", "large text", "large list", "run-end encoded", "binary view", "text view", "list view",
    "large list view"};

int arrow_bad(struct fault *fault, const char *what)
{
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "Arrow: %s", what);
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static bool read_int(struct flat_table type, struct arrow_type *out)
{
    int64_t bits = flat_integer(type, 0, 4, 0);
    *out = (struct arrow_type){.kind = ARROW_INTEGER, .bits = (unsigned)bits, .is_signed = flat_integer(type, 1, 1, 0)};
    return bits == 8 || bits == 16 || bits == 32 || bits == 64;
}

static bool read_float(struct flat_table type, struct arrow_type *out)
{
    int64_t precision = flat_integer(type, 0, 2, 0);
    if (precision < 0 || precision > 2)
        return false;
    *out = (struct arrow_type){.kind = ARROW_FLOAT, .bits = 16u << precision};
    return true;
}

static bool read_date(struct flat_table type, struct arrow_type *out)
{
    int64_t unit = flat_integer(type, 0, 2, 1);
    *out = (struct arrow_type){
        .kind = ARROW_TIME, .bits = unit ? 64 : 32, .is_signed = true, .a_day = unit ? INT64_C(86400000) : 1};
    return unit == 0 || unit == 1;
}

/* Without a zone, or in UTC: an instant elsewhere may be of another day there than here. */
static bool read_timestamp(struct flat_table type, struct arrow_type *out)
{
    static const int64_t a_second[] = {1, 1000, 1000000, 1000000000};
    int64_t unit = flat_integer(type, 0, 2, 0);
    struct flat_text zone = flat_string(type, 1);
    if (unit < 0 || unit > 3 || (zone.bytes && !(zone.bytes == 3 && memcmp(zone.text, "UTC", 3) == 0)))
        return false;
    *out = (struct arrow_type){.kind = ARROW_TIME, .bits = 64, .is_signed = true, .a_day = 86400 * a_second[unit]};
    return true;
}

static bool read_type(struct flat_table field, int64_t kind, struct arrow_type *out)
{
    struct flat_table type = flat_child(field, FIELD_TYPE);
    switch (kind) {
    case TYPE_NULL:
        *out = (struct arrow_type){.kind = ARROW_NULL};
        return true;
    case TYPE_INT:
        return read_int(type, out);
    case TYPE_FLOAT:
        return read_float(type, out);
    case TYPE_BOOL:
        *out = (struct arrow_type){.kind = ARROW_BOOL, .bits = 1};
        return true;
    case TYPE_UTF8:
    case TYPE_LARGE_UTF8:
        *out = (struct arrow_type){.kind = ARROW_TEXT, .bits = kind == TYPE_UTF8 ? 32 : 64, .is_signed = true};
        return true;
    case TYPE_DATE:
        return read_date(type, out);
    case TYPE_TIMESTAMP:
        return read_timestamp(type, out);
    default:
        return false;
    }
}

static int use_dictionary(struct arrow_reader *reader, struct arrow_field *field, int64_t id, struct fault *fault)
{
    for (size_t i = 0; i < reader->dictionary_count; i++)
        if (reader->dictionaries[i].id == id) {
            field->dictionary = i;
            return memcmp(&reader->dictionaries[i].type, &field->type, sizeof field->type) == 0
                       ? 0
                       : arrow_bad(fault, "columns of different types share a dictionary");
        }
    field->dictionary = reader->dictionary_count++;
    reader->dictionaries[field->dictionary] = (struct arrow_dictionary){.id = id, .type = field->type};
    return 0;
}

static int read_dictionary(struct arrow_reader *reader, struct flat_table table, struct arrow_field *field,
                           struct fault *fault)
{
    struct flat_table encoding = flat_child(table, FIELD_DICTIONARY);
    if (!encoding.at)
        return 0;
    struct flat_table index = flat_child(encoding, DICTIONARY_INDEX);
    field->by_dictionary = true;
    field->index = (struct arrow_type){.kind = ARROW_INTEGER, .bits = 32, .is_signed = true};
    if (index.at && !read_int(index, &field->index))
        return arrow_bad(fault, "a dictionary's index of an unknown width");
    if (field->type.kind == ARROW_NULL)
        return arrow_bad(fault, "a dictionary of nothing");
    return use_dictionary(reader, field, flat_integer(encoding, DICTIONARY_ID, 8, 0), fault);
}

static int read_name(struct arrow_reader *reader, struct flat_table table, struct arrow_field *field, size_t index,
                     struct fault *fault)
{
    struct flat_text name = flat_string(table, FIELD_NAME);
    const char *wrong = name.bytes ? dataset_name_fault(name.text, name.bytes) : "no name";
    if (wrong)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "Arrow: column %zu: %s", index + 1, wrong);
    field->name = strndup(name.text, name.bytes);
    if (!field->name)
        return no_memory(fault);
    for (size_t i = 0; i < index; i++)
        if (strcmp(reader->fields[i].name, field->name) == 0)
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "Arrow: column %zu: a second column \"%s\"", index + 1,
                             field->name);
    return 0;
}

static int read_field(struct arrow_reader *reader, struct flat_table table, size_t index, struct fault *fault)
{
    struct arrow_field *field = &reader->fields[reader->field_count++];
    int code = read_name(reader, table, field, index, fault);
    if (code)
        return code;
    int64_t kind = flat_integer(table, FIELD_TYPE_KIND, 1, 0);
    if (!read_type(table, kind, &field->type)) {
        bool known = kind > 0 && (size_t)kind < sizeof type_names / sizeof *type_names;
        return fault_set(fault, MRPC_INVALID_ARGUMENT,
                         "Arrow: column \"%s\": a %s of this kind is not held: whole numbers, numbers, texts, truth "
                         "values, dates, and timestamps in UTC or without a zone are",
                         field->name, known ? type_names[kind] : "type");
    }
    code = read_dictionary(reader, table, field, fault);
    field->buffer = reader->buffer_count;
    reader->buffer_count += arrow_buffer_count(field->by_dictionary ? field->index : field->type);
    return code;
}

int arrow_schema_read(struct arrow_reader *reader, struct flat_table schema, struct fault *fault)
{
    struct flat_vector fields = flat_items(schema, SCHEMA_FIELDS, 4);
    if (flat_integer(schema, SCHEMA_ENDIANNESS, 2, 0) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "Arrow: big-endian data is not read");
    if (fields.count == 0)
        return arrow_bad(fault, "no columns");
    if (fields.count > ARROW_COLUMNS_MAX)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "Arrow: more than %d columns", ARROW_COLUMNS_MAX);
    reader->fields = calloc(fields.count, sizeof *reader->fields);
    reader->dictionaries = calloc(fields.count, sizeof *reader->dictionaries);
    if (!reader->fields || !reader->dictionaries)
        return no_memory(fault);
    for (uint32_t i = 0; i < fields.count; i++) {
        int code = read_field(reader, flat_item(fields, i), i, fault);
        if (code)
            return schema.in->bad ? arrow_bad(fault, "a broken schema") : code;
    }
    return schema.in->bad ? arrow_bad(fault, "a broken schema") : 0;
}
