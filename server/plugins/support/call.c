/* SPDX-License-Identifier: Apache-2.0 */
#include "support/call.h"

int32_t call_fail(struct call *call, enum mltrainer_status status, const char *subject, const char *format, ...)
{
    va_list args;

    if (call->status)
        return call->status;
    call->status = (int32_t)status;
    va_start(args, format);
    vsnprintf(call->error->text, sizeof(call->error->text), format, args);
    va_end(args);
    snprintf(call->error->subject, sizeof(call->error->subject), "%s", subject);
    return call->status;
}

/* ---- Parameters ---- */

static const struct mltrainer_parameter *parameter_of(struct call *call, const char *name, uint32_t kind,
                                                      uint32_t or_kind)
{
    const struct mltrainer_parameter *parameter = mltrainer_parameter_find(call->request, name);

    if (parameter && (parameter->kind == kind || parameter->kind == or_kind))
        return parameter;
    call_fail(call, MLTRAINER_INVALID_PARAMETER, name, parameter ? "it is of another kind" : "it is missing");
    return NULL;
}

double call_number_within(struct call *call, const char *name, double least, double most)
{
    const struct mltrainer_parameter *parameter = parameter_of(call, name, MLTRAINER_NUMBER, MLTRAINER_INTEGER);

    if (!parameter)
        return isfinite(least) ? least : 0;
    double value = parameter->kind == MLTRAINER_NUMBER ? parameter->number : (double)parameter->integer;
    if (value >= least && value <= most)
        return value;
    call_fail(call, MLTRAINER_INVALID_PARAMETER, name, "%g is not between %g and %g", value, least, most);
    return isfinite(least) ? least : 0;
}

double call_number(struct call *call, const char *name)
{
    return call_number_within(call, name, -1.7976931348623157e308, 1.7976931348623157e308);
}

int64_t call_integer(struct call *call, const char *name, int64_t least, int64_t most)
{
    const struct mltrainer_parameter *parameter = parameter_of(call, name, MLTRAINER_INTEGER, MLTRAINER_INTEGER);

    if (!parameter)
        return least;
    if (parameter->integer >= least && parameter->integer <= most)
        return parameter->integer;
    call_fail(call, MLTRAINER_INVALID_PARAMETER, name, "%lld is not between %lld and %lld",
              (long long)parameter->integer, (long long)least, (long long)most);
    return least;
}

int64_t call_window(struct call *call, const char *name, int64_t least)
{
    return call_integer(call, name, least, INT32_MAX);
}

int call_flag(struct call *call, const char *name)
{
    const struct mltrainer_parameter *parameter = parameter_of(call, name, MLTRAINER_BOOL, MLTRAINER_BOOL);

    return parameter && parameter->integer != 0;
}

const char *call_text(struct call *call, const char *name)
{
    const struct mltrainer_parameter *parameter = parameter_of(call, name, MLTRAINER_TEXT, MLTRAINER_TEXT);

    return parameter ? parameter->text : "";
}

size_t call_choice(struct call *call, const char *name, const char *const *choices)
{
    const char *text = call_text(call, name);

    for (size_t i = 0; choices[i]; i++)
        if (strcmp(choices[i], text) == 0)
            return i;
    call_fail(call, MLTRAINER_INVALID_PARAMETER, name, "\"%.40s\" is not one of its choices", text);
    return 0;
}

static int list_fits(struct call *call, const char *name, const struct mltrainer_parameter *parameter, size_t most)
{
    if (parameter->count >= 1 && parameter->count <= most)
        return 1;
    call_fail(call, MLTRAINER_INVALID_PARAMETER, name, "it has %zu entries: 1 to %zu are allowed", parameter->count,
              most);
    return 0;
}

const double *call_list(struct call *call, const char *name, size_t most, size_t *count)
{
    const struct mltrainer_parameter *parameter = parameter_of(call, name, MLTRAINER_NUMBERS, MLTRAINER_NUMBERS);

    *count = 0;
    if (!parameter || !list_fits(call, name, parameter, most))
        return NULL;
    *count = parameter->count;
    return parameter->numbers;
}

const char *const *call_texts(struct call *call, const char *name, size_t most, size_t *count)
{
    const struct mltrainer_parameter *parameter = parameter_of(call, name, MLTRAINER_TEXTS, MLTRAINER_TEXTS);

    *count = 0;
    if (!parameter || !list_fits(call, name, parameter, most))
        return NULL;
    *count = parameter->count;
    return parameter->texts;
}

/* ---- Memory ---- */

void *call_memory(struct call *call, size_t count, size_t bytes_each)
{
    size_t bytes;

    if (call->status)
        return NULL;
    void *memory = __builtin_mul_overflow(count, bytes_each, &bytes) ? NULL : call->host->alloc(call->host, bytes);
    if (!memory)
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for %zu numbers or records", count);
    return memory;
}

double *call_numbers(struct call *call, int64_t count)
{
    return call_memory(call, (size_t)(count > 0 ? count : 0), sizeof(double));
}

/* ---- Columns ---- */

/* The table's own memory where that can be read as it is. */
static const double *read_column(struct call *call, int64_t index, const char *name)
{
    const double *values = mltrainer_column_view(call->request, index);

    if (!values) {
        double *copy = call_numbers(call, call->rows);
        if (!copy)
            return NULL;
        mltrainer_column_copy(call->request, index, copy);
        values = copy;
    }
    int64_t wrong = mltrainer_not_finite(values, call->rows);
    if (wrong < 0)
        return values;
    call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is absent or not a finite number",
              (long long)wrong);
    return NULL;
}

const double *call_column(struct call *call, const char *name)
{
    int64_t index = mltrainer_column_find(call->request, name);

    if (call->status)
        return NULL;
    if (index < 0) {
        call_fail(call, MLTRAINER_INVALID_DATA, name, "the table has no such column");
        return NULL;
    }
    if (!mltrainer_column_is_numeric(call->request, index)) {
        call_fail(call, MLTRAINER_INVALID_DATA, name, "the column is not numeric");
        return NULL;
    }
    return read_column(call, index, name);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Whether a sign is set is asked of all rows at once; which row's it is, and whether it is only that of -0, then. */
void call_need_no_negative(struct call *call, const double *values, const char *name)
{
    int64_t rows = call->status ? 0 : call->rows;
    uint64_t signs = 0;

    for (int64_t row = 0; row < rows; row++)
        signs |= bits_of(values[row]);
    for (int64_t row = 0; signs >> 63 && row < rows; row++)
        if (values[row] < 0) {
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is negative", (long long)row);
            return;
        }
}

/* 0 less 1 has a sign, too. */
void call_need_positive(struct call *call, const double *values, const char *name)
{
    int64_t rows = call->status ? 0 : call->rows;
    uint64_t signs = 0;

    for (int64_t row = 0; row < rows; row++)
        signs |= bits_of(values[row]) | (bits_of(values[row]) - 1);
    for (int64_t row = 0; signs >> 63 && row < rows; row++)
        if (!(values[row] > 0)) {
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is not above 0", (long long)row);
            return;
        }
}

static int has_other_role(const struct mltrainer_request *request, const char *name)
{
    const char *const roles[] = {request->target, request->weight, request->time, request->group};

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (roles[i] && strcmp(roles[i], name) == 0)
            return 1;
    return 0;
}

static void choose_features(struct call *call)
{
    const struct mltrainer_request *request = call->request;

    for (size_t i = 0; i < request->feature_count; i++)
        call->feature_names[call->feature_count++] = request->features[i];
    if (request->feature_count > 0)
        return;
    for (int64_t i = 0; i < request->schema->n_children; i++)
        if (mltrainer_column_is_numeric(request, i) && !has_other_role(request, request->schema->children[i]->name))
            call->feature_names[call->feature_count++] = request->schema->children[i]->name;
    if (call->feature_count == 0)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the table has no numeric column to use as a feature");
}

void call_read_features(struct call *call)
{
    if (call->status)
        return;
    if (!call->request->schema) {
        call_fail(call, MLTRAINER_INVALID_DATA, "", "there is no table");
        return;
    }
    size_t most = call->request->feature_count + (size_t)call->request->schema->n_children;
    call->feature_names = call_memory(call, most, sizeof(*call->feature_names));
    call->features = call_memory(call, most, sizeof(*call->features));
    if (call->status)
        return;
    choose_features(call);
    for (size_t i = 0; i < call->feature_count && !call->status; i++)
        call->features[i] = call_column(call, call->feature_names[i]);
}

void call_read_target(struct call *call)
{
    if (!call->request->target)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "target", "the column to learn is not named");
    else
        call->target = call_column(call, call->request->target);
}

void call_read_weights(struct call *call)
{
    double total = 0;

    if (!call->request->weight || !(call->weights = call_column(call, call->request->weight)))
        return;
    for (int64_t row = 0; row < call->rows; row++) {
        if (call->weights[row] < 0)
            call_fail(call, MLTRAINER_INVALID_DATA, call->request->weight, "row %lld (from 0) is negative",
                      (long long)row);
        total += call->weights[row];
    }
    if (!(total > 0))
        call_fail(call, MLTRAINER_INVALID_DATA, call->request->weight, "no row has a weight above 0");
}

#define ROWS_TOGETHER 32 /* whose lines stay in the cache while one feature after the other is put into them */

void call_copy_rows(const struct call *call, double *rows)
{
    size_t features = call->feature_count, count = (size_t)call->rows;

    for (size_t first = 0; first < count; first += ROWS_TOGETHER) {
        size_t end = first + ROWS_TOGETHER < count ? first + ROWS_TOGETHER : count;
        for (size_t i = 0; i < features; i++)
            for (size_t row = first; row < end; row++)
                rows[row * features + i] = call->features[i][row];
    }
}

double *call_feature_rows(struct call *call)
{
    double *rows = call_memory(call, (size_t)call->rows * call->feature_count, sizeof(double));

    if (rows)
        call_copy_rows(call, rows);
    return rows;
}

void call_part(struct call *call, double from, double to)
{
    call->part_from = from;
    call->part_width = to - from;
}

int call_step(struct call *call, double done, double whole)
{
    double share = whole > 0 ? fmin(fmax(done / whole, 0), 1) : 1;

    if (call->part_width > 0)
        share = call->part_from + call->part_width * share;
    call->told = fmax(call->told, share);
    call->host->progress(call->host, call->told);
    if (call->host->cancelled(call->host))
        call_fail(call, MLTRAINER_CANCELLED, "", "cancelled");
    return call->status != 0;
}
