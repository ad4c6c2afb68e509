/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_SCHEMA_H
#define MLT_EXECUTION_DATASET_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mrpc/attributes.h>

#include "execution/dataset/csv.h"

/* What a dataset looks like: its dialect, its columns with their types and statistics. The numbers of the types are
 * those of mltrainer.execution.v1.ColumnType. */

enum dataset_type {
    DATASET_UNKNOWN = 0,
    DATASET_DOUBLE = 1,
    DATASET_INTEGER = 2,
    DATASET_TEXT = 3,
    DATASET_BOOL = 4,
    DATASET_DATE = 5,
};

/** How the bytes are read; the numbers are those of mltrainer.execution.v1.DatasetFormat. */
enum dataset_format {
    DATASET_CSV = 1,
    DATASET_ARROW = 2,
};

/** "number", "whole number", "text", "truth value", "date". */
const char *dataset_type_name(enum dataset_type type);
/** The column format of server/table: "g", "l", "u", "b", "tdD". */
const char *dataset_type_format(enum dataset_type type);

enum { DATASET_NAME_BYTES_MAX = 128, DATASET_NA_MAX = 64 };

struct dataset_column {
    char *name;
    enum dataset_type type;
    uint64_t null_count;
    uint64_t value_count; /* not null */
    double minimum;       /* of numbers and dates; meaningless when value_count is 0 */
    double maximum;
    double mean;            /* of numbers */
    double squares;         /* sum of squared deviations from the mean */
    uint64_t longest_bytes; /* of texts */
};

struct dataset_schema {
    enum dataset_format format;
    char delimiter; /* and what follows to na_count: of CSV */
    bool no_header;
    char **na_values; /* na_count of them, never none */
    bool na_first[256]; /* what one of them begins with */
    size_t na_count;
    struct dataset_column *columns;
    size_t column_count;
    uint64_t row_count;
};

/** A schema of a CSV file, without columns. @na_values: na_count of them, copied; 0 means the default list. NULL: out
 *  of memory. */
struct dataset_schema *dataset_schema_new(char delimiter, bool no_header, char *const *na_values,
                                          size_t na_count) MRPC_MUST_USE;
void dataset_schema_free(struct dataset_schema *schema);

/** Append a column without a type. Returns NULL when out of memory. */
struct dataset_column *dataset_schema_add(struct dataset_schema *schema, const char *name, size_t bytes);
/** What is wrong with a column's name; NULL: nothing. */
const char *dataset_name_fault(const char *name, size_t bytes);
/** @count more values for the statistics, which have @counted so far. */
void dataset_column_count_all(struct dataset_column *column, uint64_t counted, const double *values, size_t count);
/** Position of the column called @name, or -1. */
long dataset_schema_find(const struct dataset_schema *schema, const char *name, size_t bytes);

/** As nearly all fields are: no blank at its ends, and nothing like what stands for an absent value. So it need be
 *  neither trimmed nor compared. */
static inline bool dataset_is_bare(const struct dataset_schema *schema, const struct csv_field *field)
{
    return field->bytes && (unsigned char)field->text[0] > ' ' && (unsigned char)field->text[field->bytes - 1] > ' ' &&
           !schema->na_first[(unsigned char)field->text[0]];
}
/** The field without blanks at its ends. */
struct csv_field dataset_trim(const struct csv_field *field);
/** Does @field (trimmed) mean that the value is absent? */
bool dataset_is_na(const struct dataset_schema *schema, const struct csv_field *field);

#endif
