/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/feature/features.h"
#include "execution/field_path.h"

enum { NAME_BYTES = 192 };

/* A transformed column, NaN where it is absent. */
struct series {
    double *values;
};

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static const char *transform_suffix(enum feature_transform transform)
{
    switch (transform) {
    case FEATURE_DIFFERENCE:
        return "_difference";
    case FEATURE_SIMPLE_RETURN:
        return "_simple_return";
    case FEATURE_LOG_RETURN:
        return "_log_return";
    default:
        return "";
    }
}

static void write_name(const struct feature_column *column, uint32_t lag, char *name, size_t size)
{
    snprintf(name, size, "%s%s_lag%u", column->column, transform_suffix(column->transform), lag);
}

static int check_column(const struct feature_column *column, const char *field, size_t index, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.features[%zu].lags", field, index);
    if (!column->lag_count || column->lag_count > FEATURE_LAGS_MAX)
        return fault_field(fault, path, "%zu lags, not 1 to %d", column->lag_count, FEATURE_LAGS_MAX);
    for (size_t i = 0; i < column->lag_count; i++) {
        if (column->lags[i] > FEATURE_LAG_MAX)
            return fault_field(fault, path, "%u is above %d", column->lags[i], FEATURE_LAG_MAX);
        for (size_t j = 0; j < i; j++)
            if (column->lags[j] == column->lags[i])
                return fault_field(fault, path, "%u stands there twice", column->lags[i]);
    }
    if (*column->column)
        return 0;
    field_path(path, "%s.features[%zu].column", field, index);
    return fault_field(fault, path, "a column is wanted");
}

int feature_spec_check(const struct feature_spec *spec, const char *field, struct fault *fault)
{
    char path[FIELD_PATH_BYTES];
    field_path(path, "%s.target_column", field);
    if (!*spec->target_column)
        return fault_field(fault, path, "a column is wanted");
    field_path(path, "%s.horizon", field);
    if (spec->horizon < 1 || spec->horizon > FEATURE_LAG_MAX)
        return fault_field(fault, path, "%u is not in 1 to %d", spec->horizon, FEATURE_LAG_MAX);
    field_path(path, "%s.features", field);
    if (!spec->column_count)
        return fault_field(fault, path, "at least one is wanted");
    size_t total = 0;
    for (size_t i = 0; i < spec->column_count; i++) {
        int code = check_column(&spec->columns[i], field, i, fault);
        if (code)
            return code;
        for (size_t j = 0; j < i; j++)
            if (strcmp(spec->columns[j].column, spec->columns[i].column) == 0 &&
                spec->columns[j].transform == spec->columns[i].transform)
                return fault_field(fault, path, "\"%.64s\" stands there twice with the same transform",
                                   spec->columns[i].column);
        total += spec->columns[i].lag_count;
    }
    return total <= FEATURE_COUNT_MAX
               ? 0
               : fault_field(fault, path, "%zu features, more than %d", total, FEATURE_COUNT_MAX);
}

static bool is_present(const struct table_column *column, int64_t row)
{
    return !column->validity || (column->validity[row / 8] >> row % 8 & 1);
}

static int read_levels(const struct table *source, const char *name, double *out, struct fault *fault)
{
    int64_t index = table_find(&source->schema, name);
    if (index < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "the data has no column \"%.64s\"", name);
    struct table_column column;
    table_column_view(&source->schema, &source->array, (size_t)index, &column);
    bool whole = strcmp(column.format, "l") == 0;
    if (!whole && strcmp(column.format, "g") != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.64s\" is not numeric", name);
    for (int64_t row = 0; row < column.length; row++) {
        double value = whole ? (double)((int64_t *)column.values)[row] : ((double *)column.values)[row];
        out[row] = is_present(&column, row) ? value : NAN;
    }
    return 0;
}

static double step(enum feature_transform transform, double before, double now)
{
    switch (transform) {
    case FEATURE_DIFFERENCE:
        return now - before;
    case FEATURE_SIMPLE_RETURN:
        return before != 0 ? now / before - 1 : NAN;
    case FEATURE_LOG_RETURN:
        return log(now) - log(before);
    default:
        return now;
    }
}

/* In place, from the end, so that each step still finds its predecessor's level. */
static int transform_levels(enum feature_transform transform, const char *name, double *values, int64_t rows,
                            struct fault *fault)
{
    if (transform == FEATURE_LEVEL || rows == 0)
        return 0;
    for (int64_t row = 0; transform == FEATURE_LOG_RETURN && row < rows; row++)
        if (values[row] <= 0)
            return fault_set(fault, MRPC_INVALID_ARGUMENT,
                             "column \"%.64s\", row %lld: %g is not positive, as a log return wants it", name,
                             (long long)row, values[row]);
    for (int64_t row = rows - 1; row > 0; row--)
        values[row] = step(transform, values[row - 1], values[row]);
    values[0] = NAN;
    return 0;
}

static int make_series(const struct table *source, const char *name, enum feature_transform transform,
                       struct series *out, struct fault *fault)
{
    int64_t rows = table_rows(&source->array);
    out->values = malloc(((size_t)rows + 1) * sizeof *out->values);
    if (!out->values)
        return no_memory(fault);
    int code = read_levels(source, name, out->values, fault);
    return code ? code : transform_levels(transform, name, out->values, rows, fault);
}

struct maker {
    const struct feature_spec *spec;
    const struct table *source;
    int64_t source_rows;
    struct series *series; /* one a column of the specification, then the target's */
    bool with_target;
};

static bool row_complete(const struct maker *maker, int64_t row)
{
    for (size_t i = 0; i < maker->spec->column_count; i++) {
        const struct feature_column *column = &maker->spec->columns[i];
        for (size_t k = 0; k < column->lag_count; k++)
            if (row < column->lags[k] || !isfinite(maker->series[i].values[row - column->lags[k]]))
                return false;
    }
    int64_t led = row + maker->spec->horizon;
    return !maker->with_target ||
           (led < maker->source_rows && isfinite(maker->series[maker->spec->column_count].values[led]));
}

static int choose_rows(const struct maker *maker, struct feature_table *out, struct fault *fault)
{
    out->rows = malloc(((size_t)maker->source_rows + 1) * sizeof *out->rows);
    if (!out->rows)
        return no_memory(fault);
    for (int64_t row = 0; row < maker->source_rows; row++)
        if (row_complete(maker, row))
            out->rows[out->row_count++] = (uint64_t)row;
    return 0;
}

static int add_column(struct feature_table *out, const char *name, const double *values, int64_t shift,
                      struct fault *fault)
{
    struct table_column column;
    int code = table_add(out->table, name, "g", 0, 0, &column, fault);
    double *to = column.values;
    for (size_t i = 0; !code && i < out->row_count; i++)
        to[i] = values[(int64_t)out->rows[i] + shift];
    return code;
}

static int add_features(const struct maker *maker, struct feature_table *out, struct fault *fault)
{
    for (size_t i = 0; i < maker->spec->column_count; i++) {
        const struct feature_column *column = &maker->spec->columns[i];
        for (size_t k = 0; k < column->lag_count; k++) {
            char name[NAME_BYTES];
            write_name(column, column->lags[k], name, sizeof name);
            out->names[out->feature_count] = strdup(name);
            if (!out->names[out->feature_count])
                return no_memory(fault);
            int code = add_column(out, out->names[out->feature_count++], maker->series[i].values,
                                  -(int64_t)column->lags[k], fault);
            if (code)
                return code;
        }
    }
    return 0;
}

static int fill(const struct maker *maker, struct feature_table *out, struct fault *fault)
{
    const struct feature_spec *spec = maker->spec;
    size_t count = 0;
    for (size_t i = 0; i < spec->column_count; i++)
        count += spec->columns[i].lag_count;
    char target[NAME_BYTES];
    snprintf(target, sizeof target, "%s%s_lead%u", spec->target_column, transform_suffix(spec->target_transform),
             spec->horizon);
    out->target = strdup(target);
    out->names = calloc(count + 1, sizeof *out->names);
    out->table = table_new((int64_t)out->row_count);
    if (!out->target || !out->names || !out->table)
        return no_memory(fault);
    int code = add_features(maker, out, fault);
    if (!code && maker->with_target)
        code = add_column(out, target, maker->series[spec->column_count].values, spec->horizon, fault);
    return code;
}

int feature_table_make(const struct feature_spec *spec, const struct table *source, bool with_target,
                       struct feature_table *out, struct fault *fault)
{
    struct maker maker = {
        .spec = spec, .source = source, .source_rows = table_rows(&source->array), .with_target = with_target};
    struct feature_table made = {.table = NULL};
    maker.series = calloc(spec->column_count + 1, sizeof *maker.series);
    int code = maker.series ? 0 : no_memory(fault);
    for (size_t i = 0; !code && i < spec->column_count; i++)
        code = make_series(source, spec->columns[i].column, spec->columns[i].transform, &maker.series[i], fault);
    if (!code && with_target)
        code =
            make_series(source, spec->target_column, spec->target_transform, &maker.series[spec->column_count], fault);
    if (!code)
        code = choose_rows(&maker, &made, fault);
    if (!code)
        code = fill(&maker, &made, fault);
    for (size_t i = 0; maker.series && i <= spec->column_count; i++)
        free(maker.series[i].values);
    free(maker.series);
    if (code)
        feature_table_fini(&made);
    else
        *out = made;
    return code;
}

void feature_table_fini(struct feature_table *made)
{
    for (size_t i = 0; i < made->feature_count; i++)
        free(made->names[i]);
    free(made->names);
    free(made->target);
    free(made->rows);
    table_free(made->table);
    *made = (struct feature_table){.table = NULL};
}
