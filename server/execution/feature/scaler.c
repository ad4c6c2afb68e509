/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/feature/scaler.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static double value_at(const struct table_column *column, int64_t row)
{
    if (column->validity && !(column->validity[row / 8] >> row % 8 & 1))
        return NAN;
    return strcmp(column->format, "l") == 0 ? (double)((const int64_t *)column->values)[row]
                                            : ((const double *)column->values)[row];
}

static int view(const struct table *table, const char *name, struct table_column *out, struct fault *fault)
{
    int64_t index = table_find(&table->schema, name);
    if (index < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "there is no column \"%.64s\"", name);
    table_column_view(&table->schema, &table->array, (size_t)index, out);
    if (strcmp(out->format, "g") == 0 || strcmp(out->format, "l") == 0)
        return 0;
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.64s\" is not numeric", name);
}

/* ---- Learning ---- */

static int by_value(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* Linear between neighbours, as numpy.quantile does it. @values ascend. */
static double quantile(const double *values, size_t count, double share)
{
    double at = share * (double)(count - 1);
    size_t below = (size_t)at;
    return below + 1 < count ? values[below] + (at - (double)below) * (values[below + 1] - values[below])
                             : values[below];
}

static double mean_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

static double deviation_of(const double *values, size_t count, double mean)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return sqrt(squares / (double)count);
}

static double fill_of(const double *sorted, size_t count, enum scaler_fill fill)
{
    switch (fill) {
    case SCALER_FILL_MEAN:
        return mean_of(sorted, count);
    case SCALER_FILL_MEDIAN:
        return quantile(sorted, count, 0.5);
    case SCALER_FILL_ZERO:
        return 0;
    default:
        return NAN;
    }
}

static void scale_of(const double *sorted, size_t count, enum scaler_scale scale, struct scaler_column *out)
{
    out->offset = 0;
    out->scale = 1;
    if (scale == SCALER_SCALE_STANDARD) {
        out->offset = mean_of(sorted, count);
        out->scale = deviation_of(sorted, count, out->offset);
    } else if (scale == SCALER_SCALE_MIN_MAX) {
        out->offset = sorted[0];
        out->scale = sorted[count - 1] - sorted[0];
    } else if (scale == SCALER_SCALE_ROBUST) {
        out->offset = quantile(sorted, count, 0.5);
        out->scale = quantile(sorted, count, 0.75) - quantile(sorted, count, 0.25);
    }
    /* A constant has no scale; what rounding leaves of one is none either. */
    if (!(out->scale > 1e-12 * fabs(out->offset)) || !isfinite(out->scale))
        out->scale = 1;
}

/* Filled values are rows like others when the scale is learnt: that is what the model will see. */
static size_t read_values(const struct table_column *column, double fill, double *out)
{
    size_t count = 0;
    for (int64_t row = 0; row < column->length; row++) {
        double value = value_at(column, row);
        if (isnan(value))
            value = fill;
        if (isfinite(value))
            out[count++] = value;
    }
    qsort(out, count, sizeof *out, by_value);
    return count;
}

static int fit_column(const struct table_column *column, enum scaler_fill fill, enum scaler_scale scale, double *room,
                      struct scaler_column *out, struct fault *fault)
{
    size_t count = read_values(column, NAN, room);
    if (!count)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.64s\" has no value to learn a scale from",
                         out->name);
    out->fill = fill_of(room, count, fill);
    if (count < (size_t)column->length && isfinite(out->fill))
        count = read_values(column, out->fill, room);
    scale_of(room, count, scale, out);
    return 0;
}

int scaler_fit(const struct table *table, const char *const *names, size_t count, enum scaler_fill fill,
               enum scaler_scale scale, struct scaler_column *out, struct fault *fault)
{
    double *room = malloc(((size_t)table_rows(&table->array) + 1) * sizeof *room);
    int code = room ? 0 : no_memory(fault);
    for (size_t i = 0; !code && i < count; i++) {
        struct table_column column;
        out[i].name = names[i];
        code = view(table, names[i], &column, fault);
        if (!code)
            code = fit_column(&column, fill, scale, room, &out[i], fault);
    }
    free(room);
    return code;
}

/* ---- Applying ---- */

static int add_ready(struct table *to, const struct table_column *from, const struct scaler_column *how,
                     struct fault *fault)
{
    struct table_column column;
    bool gaps = from->validity && isnan(how->fill);
    int code = table_add(to, how->name, "g", 0, gaps, &column, fault);
    for (int64_t row = 0; !code && row < from->length; row++) {
        double value = value_at(from, row);
        if (isnan(value) && !isnan(how->fill))
            value = how->fill;
        ((double *)column.values)[row] = (value - how->offset) / how->scale;
    }
    if (code || !gaps)
        return code;
    memcpy(column.validity, from->validity, ((size_t)from->length + 7) / 8);
    table_set_null_count(to, table_columns(&to->array) - 1, from->null_count);
    return 0;
}

static const struct scaler_column *find_how(const struct scaler_column *columns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(columns[i].name, name) == 0)
            return &columns[i];
    return NULL;
}

static int add_as_it_was(struct table *to, const struct table_column *from, struct fault *fault)
{
    struct table_column column;
    size_t text = from->offsets ? (size_t)from->offsets[from->length] : 0;
    int code = table_add(to, from->name, from->format, text, from->validity != NULL, &column, fault);
    if (code)
        return code;
    if (column.values_bytes)
        memcpy(column.values, from->values, column.values_bytes);
    if (from->offsets)
        memcpy(column.offsets, from->offsets, ((size_t)from->length + 1) * sizeof *column.offsets);
    if (from->validity) {
        memcpy(column.validity, from->validity, ((size_t)from->length + 7) / 8);
        table_set_null_count(to, table_columns(&to->array) - 1, from->null_count);
    }
    return 0;
}

int scaler_apply(const struct table *table, const struct scaler_column *columns, size_t count, struct table **out,
                 struct fault *fault)
{
    struct table *made = table_new(table_rows(&table->array));
    struct table_column column;
    int code = made ? 0 : no_memory(fault);
    for (size_t i = 0; !code && i < count; i++)
        code = view(table, columns[i].name, &column, fault);
    for (size_t i = 0; !code && i < table_columns(&table->array); i++) {
        table_column_view(&table->schema, &table->array, i, &column);
        const struct scaler_column *how = find_how(columns, count, column.name);
        code = how ? add_ready(made, &column, how, fault) : add_as_it_was(made, &column, fault);
    }
    if (code)
        table_free(made);
    else
        *out = made;
    return code;
}
