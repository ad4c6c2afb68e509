/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/operation/prepare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execution/dataset/number.h"

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

static int read_transform(API(Transform) transform, const char *field, enum feature_transform *out, struct fault *fault)
{
    if ((int)transform < 0 || (int)transform > FEATURE_LOG_RETURN)
        return fault_field(fault, field, "%d is not a transform", (int)transform);
    *out = transform ? (enum feature_transform)transform : FEATURE_LEVEL;
    return 0;
}

int prepare_feature_spec(const API(FeatureSpec) * message, const char *field, struct mrpc_arena *arena,
                         struct feature_spec *out, struct fault *fault)
{
    struct feature_column *columns = mrpc_arena_calloc(arena, message->n_features + 1, sizeof *columns);
    if (!columns)
        return no_memory(fault);
    *out = (struct feature_spec){.target_column = message->target_column,
                                 .horizon = message->horizon ? message->horizon : 1,
                                 .columns = columns,
                                 .column_count = message->n_features};
    int code = read_transform(message->target_transform, field, &out->target_transform, fault);
    for (size_t i = 0; !code && i < message->n_features; i++) {
        const API(LaggedColumn) *from = message->features[i];
        columns[i] = (struct feature_column){.column = from->column, .lags = from->lags, .lag_count = from->n_lags};
        code = read_transform(from->transform, field, &columns[i].transform, fault);
    }
    return code ? code : feature_spec_check(out, field, fault);
}

/* ---- Which columns to read ---- */

struct names {
    const char **items;
    size_t count;
};

static void add_name(struct names *names, const char *name)
{
    if (!name || !*name)
        return;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return;
    names->items[names->count++] = name;
}

static int wanted_columns(struct operation *operation, const API(FeatureSpec) * spec,
                          const API(ColumnSelection) * selection, const char *time_column, bool with_target,
                          struct names *out, struct fault *fault)
{
    size_t most = 5 + (spec ? spec->n_features : selection->n_feature_columns);
    out->items = mrpc_arena_calloc(operation->arena, most, sizeof *out->items);
    if (!out->items)
        return no_memory(fault);
    if (selection && !selection->n_feature_columns)
        return 0; /* all of them */
    for (size_t i = 0; spec && i < spec->n_features; i++)
        add_name(out, spec->features[i]->column);
    for (size_t i = 0; selection && i < selection->n_feature_columns; i++)
        add_name(out, selection->feature_columns[i]);
    if (selection) {
        add_name(out, selection->weight_column);
        add_name(out, selection->group_column);
    }
    if (with_target)
        add_name(out, spec ? spec->target_column : selection->target_column);
    add_name(out, time_column);
    return 0;
}

/* ---- Time ---- */

static double time_at(const struct table_column *column, int64_t row)
{
    if (column->validity && !(column->validity[row / 8] >> row % 8 & 1))
        return NAN;
    if (strcmp(column->format, "g") == 0)
        return ((const double *)column->values)[row];
    if (strcmp(column->format, "l") == 0)
        return (double)((const int64_t *)column->values)[row];
    return ((const int32_t *)column->values)[row];
}

static bool find_time(const struct table *table, const char *name, struct table_column *out)
{
    int64_t index = name && *name ? table_find(&table->schema, name) : -1;
    if (index < 0)
        return false;
    table_column_view(&table->schema, &table->array, (size_t)index, out);
    return strcmp(out->format, "g") == 0 || strcmp(out->format, "l") == 0 || strcmp(out->format, "tdD") == 0;
}

void prepare_time_text(const struct table *input, const char *time_column, uint64_t row, char *out, size_t size)
{
    struct table_column column;
    *out = 0;
    if (size < 32 || !find_time(input, time_column, &column) || row >= (uint64_t)column.length)
        return;
    if (strcmp(column.format, "tdD") == 0)
        number_date_text(((const int32_t *)column.values)[row], out);
    else
        snprintf(out, size, "%.17g", time_at(&column, (int64_t)row));
}

int prepare_check_order(const struct table *input, const char *time_column, struct fault *fault)
{
    struct table_column column;
    /* one row has no order, and a prediction of one no need for a date */
    if (!*time_column || input->array.length <= 1)
        return 0;
    if (!find_time(input, time_column, &column))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "time column \"%.64s\" is neither a date nor a number",
                         time_column);
    for (int64_t row = 0; row < column.length; row++) {
        double now = time_at(&column, row);
        if (isnan(now) || (row && now < time_at(&column, row - 1)))
            return fault_set(fault, MRPC_INVALID_ARGUMENT, "row %lld is not in the order of time column \"%.64s\"",
                             (long long)row, time_column);
    }
    return 0;
}

/* ---- Roles ---- */

static const char *or_null(const char *name)
{
    return name && *name ? name : NULL;
}

static bool has_other_role(const struct operation *operation, const char *name)
{
    const char *const roles[] = {operation->target, operation->time, operation->weight, operation->group};
    for (size_t i = 0; i < 4; i++)
        if (roles[i] && strcmp(roles[i], name) == 0)
            return true;
    return false;
}

static int every_numeric_column(struct operation *operation, struct fault *fault)
{
    size_t columns = table_columns(&operation->input->array);
    const char **names = mrpc_arena_calloc(operation->arena, columns + 1, sizeof *names);
    if (!names)
        return no_memory(fault);
    for (size_t i = 0; i < columns; i++) {
        struct table_column column;
        table_column_view(&operation->input->schema, &operation->input->array, i, &column);
        bool numeric = strcmp(column.format, "g") == 0 || strcmp(column.format, "l") == 0;
        if (numeric && !has_other_role(operation, column.name))
            names[operation->feature_count++] = column.name;
    }
    operation->feature_names = names;
    return operation->feature_count ? 0
                                    : fault_set(fault, MRPC_INVALID_ARGUMENT, "the data has no numeric feature column");
}

static int select_columns(struct operation *operation, const API(ColumnSelection) * selection, bool with_target,
                          struct fault *fault)
{
    operation->table = operation->input;
    operation->target = with_target ? or_null(selection->target_column) : NULL;
    operation->weight = or_null(selection->weight_column);
    operation->group = or_null(selection->group_column);
    operation->feature_names = (const char *const *)selection->feature_columns;
    operation->feature_count = selection->n_feature_columns;
    return operation->feature_count ? 0 : every_numeric_column(operation, fault);
}

static int make_features(struct operation *operation, const API(FeatureSpec) * message, bool with_target,
                         struct fault *fault)
{
    struct feature_spec spec;
    int code = prepare_feature_spec(message, "features", operation->arena, &spec, fault);
    if (!code)
        code = feature_table_make(&spec, operation->input, with_target, &operation->features, fault);
    if (code)
        return code;
    if (!operation->features.row_count)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "no row of %lld has all its features",
                         (long long)table_rows(&operation->input->array));
    operation->time = NULL; /* the table that models see has features alone, in time order */
    operation->table = operation->features.table;
    operation->target = with_target ? operation->features.target : NULL;
    operation->feature_names = (const char *const *)operation->features.names;
    operation->feature_count = operation->features.feature_count;
    return 0;
}

int prepare_table(struct operation *operation, const API(FeatureSpec) * spec, const API(ColumnSelection) * selection,
                  const char *time_column, bool with_target, struct fault *fault)
{
    struct names names = {NULL, 0};
    int code = wanted_columns(operation, spec, selection, time_column, with_target, &names, fault);
    if (!code)
        code = source_load(&operation->source, names.items, names.count, &operation->input, fault);
    if (!code)
        code = prepare_check_order(operation->input, time_column ? time_column : "", fault);
    if (code)
        return code;
    operation->time = or_null(time_column);
    return spec ? make_features(operation, spec, with_target, fault)
                : select_columns(operation, selection, with_target, fault);
}

int prepare_numbers(const struct table *table, const char *name, double **out, struct fault *fault)
{
    int64_t index = table_find(&table->schema, name);
    if (index < 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "there is no column \"%.64s\"", name);
    struct table_column column;
    table_column_view(&table->schema, &table->array, (size_t)index, &column);
    if (strcmp(column.format, "g") != 0 && strcmp(column.format, "l") != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "column \"%.64s\" is not numeric", name);
    double *numbers = malloc(((size_t)column.length + 1) * sizeof *numbers);
    if (!numbers)
        return no_memory(fault);
    for (int64_t row = 0; row < column.length; row++)
        numbers[row] = time_at(&column, row);
    *out = numbers;
    return 0;
}
