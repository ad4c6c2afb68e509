/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/csv.h"
#include "execution/dataset/schema.h"
#include "utf8/utf8.h"

const char *dataset_type_name(enum dataset_type type)
{
    static const char *const names[] = {"value", "number", "whole number", "text", "truth value", "date"};
    return (unsigned)type < 6 ? names[type] : "value";
}

const char *dataset_type_format(enum dataset_type type)
{
    static const char *const formats[] = {"", "g", "l", "u", "b", "tdD"};
    return (unsigned)type < 6 ? formats[type] : "";
}

static bool copy_na(struct dataset_schema *schema, const char *const *values, size_t count)
{
    schema->na_values = calloc(count, sizeof *schema->na_values);
    if (!schema->na_values)
        return false;
    for (; schema->na_count < count; schema->na_count++)
        if (!(schema->na_values[schema->na_count] = strdup(values[schema->na_count])))
            return false;
    for (size_t i = 0; i < count; i++)
        schema->na_first[(unsigned char)*schema->na_values[i]] = true;
    return true;
}

struct dataset_schema *dataset_schema_new(char delimiter, bool no_header, char *const *na_values, size_t na_count)
{
    static const char *const usual[] = {"", "NA", "N/A", "NaN", "nan", "null", "NULL"};
    struct dataset_schema *schema = calloc(1, sizeof *schema);
    if (!schema)
        return NULL;
    schema->format = DATASET_CSV;
    schema->delimiter = delimiter;
    schema->no_header = no_header;
    if (!(na_count ? copy_na(schema, (const char *const *)na_values, na_count)
                   : copy_na(schema, usual, sizeof usual / sizeof *usual))) {
        dataset_schema_free(schema);
        return NULL;
    }
    return schema;
}

void dataset_schema_free(struct dataset_schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < schema->na_count; i++)
        free(schema->na_values[i]);
    for (size_t i = 0; i < schema->column_count; i++)
        free(schema->columns[i].name);
    free(schema->na_values);
    free(schema->columns);
    free(schema);
}

struct dataset_column *dataset_schema_add(struct dataset_schema *schema, const char *name, size_t bytes)
{
    size_t count = schema->column_count;
    if ((count & (count - 1)) == 0) {
        struct dataset_column *more = realloc(schema->columns, (count ? count * 2 : 1) * sizeof *more);
        if (!more)
            return NULL;
        schema->columns = more;
    }
    struct dataset_column *column = &schema->columns[count];
    *column = (struct dataset_column){.name = strndup(name, bytes)};
    if (!column->name)
        return NULL;
    schema->column_count++;
    return column;
}

const char *dataset_name_fault(const char *name, size_t bytes)
{
    if (bytes > DATASET_NAME_BYTES_MAX)
        return "a name of more than 128 bytes";
    if (!utf8_valid(name, bytes))
        return "the name is not UTF-8";
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return "a control character in the name";
    return NULL;
}

/* Both in four sums, so that none waits for the one before. */
static double sum_of(const double *values, size_t count)
{
    double sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (size_t k = 0; k < 4; k++)
            sums[k] += values[i + k];
    for (; i < count; i++)
        sums[0] += values[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static double squares_of(const double *values, size_t count, double mean)
{
    double sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (size_t k = 0; k < 4; k++)
            sums[k] += (values[i + k] - mean) * (values[i + k] - mean);
    for (; i < count; i++)
        sums[0] += (values[i] - mean) * (values[i] - mean);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Mean and squares of these alone, in two passes, and then both together: as exact as one by one, without a division a
 * value. Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances". */
void dataset_column_count_all(struct dataset_column *column, uint64_t counted, const double *values, size_t count)
{
    double minimum = counted ? column->minimum : values[0], maximum = counted ? column->maximum : values[0];
    for (size_t i = 0; i < count; i++) {
        minimum = values[i] < minimum ? values[i] : minimum;
        maximum = values[i] > maximum ? values[i] : maximum;
    }
    double mean = sum_of(values, count) / (double)count;
    double delta = mean - column->mean, all = (double)(counted + count);
    column->minimum = minimum;
    column->maximum = maximum;
    column->mean += delta * ((double)count / all);
    column->squares += squares_of(values, count, mean) + delta * delta * ((double)counted * (double)count / all);
}

long dataset_schema_find(const struct dataset_schema *schema, const char *name, size_t bytes)
{
    for (size_t i = 0; i < schema->column_count; i++)
        if (strncmp(schema->columns[i].name, name, bytes) == 0 && !schema->columns[i].name[bytes])
            return (long)i;
    return -1;
}

struct csv_field dataset_trim(const struct csv_field *field)
{
    struct csv_field trimmed = *field;
    while (trimmed.bytes && (*trimmed.text == ' ' || *trimmed.text == '\t')) {
        trimmed.text++;
        trimmed.bytes--;
    }
    while (trimmed.bytes && (trimmed.text[trimmed.bytes - 1] == ' ' || trimmed.text[trimmed.bytes - 1] == '\t'))
        trimmed.bytes--;
    return trimmed;
}

bool dataset_is_na(const struct dataset_schema *schema, const struct csv_field *field)
{
    if (!field->bytes)
        return true;
    if (field->quoted || !schema->na_first[(unsigned char)*field->text])
        return false;
    for (size_t i = 0; i < schema->na_count; i++) {
        const char *na = schema->na_values[i];
        if (*na == *field->text && strlen(na) == field->bytes && memcmp(na, field->text, field->bytes) == 0)
            return true;
    }
    return false;
}
