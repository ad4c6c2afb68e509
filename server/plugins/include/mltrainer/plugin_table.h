/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTRAINER_PLUGIN_TABLE_H
#define MLTRAINER_PLUGIN_TABLE_H

/* For plugins in C: reading columns as numbers and building the table to give back. Inline; no part of the ABI. */

#include <math.h>

#include <mltrainer/plugin.h>
#include <mltrainer/plugin_parameters.h>

/** Position of column @name in the request's table, or -1. */
static inline int64_t mltrainer_column_find(const struct mltrainer_request *request, const char *name)
{
    if (!request->schema || !name)
        return -1;
    for (int64_t i = 0; i < request->schema->n_children; i++)
        if (strcmp(request->schema->children[i]->name, name) == 0)
            return i;
    return -1;
}

/** Can column @index be read as numbers? Booleans, text, dates and timestamps cannot. */
static inline int mltrainer_column_is_numeric(const struct mltrainer_request *request, int64_t index)
{
    const char *format = request->schema->children[index]->format;

    return format[0] && !format[1] && strchr("gfli", format[0]);
}

/** Is row @row of @column there? */
static inline int mltrainer_column_has(const struct ArrowArray *column, int64_t row)
{
    const uint8_t *validity = (const uint8_t *)column->buffers[0];

    return !validity || (validity[(row + column->offset) / 8] >> ((row + column->offset) % 8) & 1);
}

/** The values of a column of doubles none of which is absent, as they lie in the table; NULL for every other column,
 *  which has to be copied. */
static inline const double *mltrainer_column_view(const struct mltrainer_request *request, int64_t index)
{
    const struct ArrowArray *column = request->array->children[index];

    if (request->schema->children[index]->format[0] != 'g' || column->buffers[0])
        return NULL;
    return (const double *)column->buffers[1] + column->offset;
}

/** Copy a numeric column into @out[rows], absent values as NaN. */
static inline void mltrainer_column_copy(const struct mltrainer_request *request, int64_t index, double *out)
{
    const struct ArrowArray *column = request->array->children[index];
    const double *view = mltrainer_column_view(request, index);
    int64_t from = column->offset;

    if (view) {
        memcpy(out, view, (size_t)column->length * sizeof(double));
        return;
    }
    for (int64_t row = 0; row < column->length; row++) {
        if (!mltrainer_column_has(column, row)) {
            out[row] = NAN;
            continue;
        }
        switch (request->schema->children[index]->format[0]) {
        case 'g':
            out[row] = ((const double *)column->buffers[1])[from + row];
            break;
        case 'f':
            out[row] = (double)((const float *)column->buffers[1])[from + row];
            break;
        case 'l':
            out[row] = (double)((const int64_t *)column->buffers[1])[from + row];
            break;
        default:
            out[row] = (double)((const int32_t *)column->buffers[1])[from + row];
        }
    }
}

/** The first of @rows values that is not a finite number, or -1. */
static inline int64_t mltrainer_not_finite(const double *values, int64_t rows)
{
    double parts[16] = {0}; /* sums: whatever is not finite stays in them */
    int64_t row = 0;

    for (; row + 16 <= rows; row += 16)
        for (int i = 0; i < 16; i++)
            parts[i] += values[row + i];
    for (int i = 1; i < 16; i++)
        parts[0] += parts[i];
    row = isfinite(parts[0]) ? row : 0; /* or the sum was too great */
    for (; row < rows; row++)
        if (!isfinite(values[row]))
            return row;
    return -1;
}

/** Column @name as doubles in host memory, absent values as NaN. Errors: MLTRAINER_INVALID_DATA when it is not there or
 *  not numeric, MLTRAINER_OUT_OF_MEMORY. */
static inline int32_t mltrainer_column_numbers(const struct mltrainer_host *host,
                                               const struct mltrainer_request *request, const char *name, double **out,
                                               struct mltrainer_error *error)
{
    int64_t index = mltrainer_column_find(request, name);

    if (index < 0)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, name, "the table has no such column");
    if (!mltrainer_column_is_numeric(request, index))
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, name, "the column is not numeric");
    double *values = (double *)host->alloc(host, (size_t)request->array->length * sizeof(double));
    if (!values)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for a column of the input");
    mltrainer_column_copy(request, index, values);
    *out = values;
    return MLTRAINER_OK;
}

/* Output memory is the host's, which frees it as a whole; Arrow still asks for release callbacks. */
static inline void mltrainer_release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static inline void mltrainer_release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

/** Begin a table of @rows rows with room for @columns columns. Errors: MLTRAINER_OUT_OF_MEMORY. */
static inline int32_t mltrainer_output_start(const struct mltrainer_host *host, struct mltrainer_output *output,
                                             int64_t rows, size_t columns, struct mltrainer_error *error)
{
    struct ArrowSchema **schemas = (struct ArrowSchema **)host->alloc(host, columns * sizeof(*schemas));
    struct ArrowArray **arrays = (struct ArrowArray **)host->alloc(host, columns * sizeof(*arrays));
    const void **buffers = (const void **)host->alloc(host, sizeof(*buffers));

    if (!schemas || !arrays || !buffers)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the output");
    memset(&output->schema, 0, sizeof(output->schema));
    memset(&output->array, 0, sizeof(output->array));
    output->schema.format = "+s";
    output->schema.name = "";
    output->schema.children = schemas;
    output->schema.release = mltrainer_release_schema;
    output->array.length = rows;
    output->array.n_buffers = 1;
    output->array.buffers = buffers;
    output->array.children = arrays;
    output->array.release = mltrainer_release_array;
    return MLTRAINER_OK;
}

/** Append a column of doubles named @name (static text) and give its values to fill in. NaN stays NaN. NULL when out of
 *  memory; no more columns than mltrainer_output_start() was told. */
static inline double *mltrainer_output_numbers(const struct mltrainer_host *host, struct mltrainer_output *output,
                                               const char *name)
{
    struct ArrowSchema *schema = (struct ArrowSchema *)host->alloc(host, sizeof(*schema));
    struct ArrowArray *array = (struct ArrowArray *)host->alloc(host, sizeof(*array));
    const void **buffers = (const void **)host->alloc(host, 2 * sizeof(*buffers));
    double *values = (double *)host->alloc(host, (size_t)output->array.length * sizeof(double));

    if (!schema || !array || !buffers || !values)
        return NULL;
    buffers[1] = values;
    schema->format = "g";
    schema->name = name;
    schema->release = mltrainer_release_schema;
    array->length = output->array.length;
    array->n_buffers = 2;
    array->buffers = buffers;
    array->release = mltrainer_release_array;
    output->schema.children[output->schema.n_children++] = schema;
    output->array.children[output->array.n_children++] = array;
    return values;
}

#endif
