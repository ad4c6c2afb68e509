/* SPDX-License-Identifier: Apache-2.0 */
#include "design.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include <mltrainer/plugin_table.h>

static int32_t no_memory(struct mltrainer_error *error)
{
    return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the input");
}

static int32_t check_finite(const double *values, size_t rows, const char *name, struct mltrainer_error *error)
{
    int64_t wrong = mltrainer_not_finite(values, (int64_t)rows);

    if (wrong < 0)
        return MLTRAINER_OK;
    return mltrainer_fail(error, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is absent or not a finite number",
                          (long long)wrong);
}

int32_t design_read_column(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           const char *name, double **out, struct mltrainer_error *error)
{
    double *values = NULL;
    int32_t status = mltrainer_column_numbers(host, request, name, &values, error);

    if (!status)
        status = check_finite(values, (size_t)request->array->length, name, error);
    if (!status)
        *out = values;
    return status;
}

int32_t design_view_column(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           const char *name, const double **out, struct mltrainer_error *error)
{
    int64_t index = mltrainer_column_find(request, name);
    const double *view = index < 0 ? NULL : mltrainer_column_view(request, index);
    double *copy = NULL;

    if (!view) {
        int32_t status = design_read_column(host, request, name, &copy, error);
        *out = copy;
        return status;
    }
    *out = view;
    return check_finite(view, (size_t)request->array->length, name, error);
}

static int is_named(const char *role, const char *name)
{
    return role && strcmp(role, name) == 0;
}

static int has_role(const struct mltrainer_request *request, const char *name)
{
    return is_named(request->target, name) || is_named(request->weight, name) || is_named(request->time, name) ||
           is_named(request->group, name);
}

/* The features that the caller names, else every numeric column without another role. */
static int32_t choose_features(const struct mltrainer_host *host, const struct mltrainer_request *request,
                               struct design *design, struct mltrainer_error *error)
{
    size_t most = request->feature_count ? request->feature_count : (size_t)request->schema->n_children;

    design->names = host->alloc(host, (most + 1) * sizeof(*design->names));
    if (!design->names)
        return no_memory(error);
    for (size_t i = 0; i < request->feature_count; i++) {
        if (is_named(request->target, request->features[i]))
            return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "features", "the target is among the features");
        design->names[design->features++] = request->features[i];
    }
    for (int64_t i = 0; request->feature_count == 0 && i < request->schema->n_children; i++) {
        const char *name = request->schema->children[i]->name;
        if (mltrainer_column_is_numeric(request, i) && !has_role(request, name))
            design->names[design->features++] = name;
    }
    if (design->features == 0)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "the table has no numeric column to learn from");
    return MLTRAINER_OK;
}

static int32_t read_features(const struct mltrainer_host *host, const struct mltrainer_request *request,
                             struct design *design, struct mltrainer_error *error)
{
    if (design->rows > INT_MAX || design->features > INT_MAX ||
        design->rows > SIZE_MAX / sizeof(double) / design->features)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "the table is larger than LAPACK can count");
    design->x = host->alloc(host, design->rows * design->features * sizeof(double));
    if (!design->x)
        return no_memory(error);
    for (size_t i = 0; i < design->features; i++) {
        int64_t index = mltrainer_column_find(request, design->names[i]);
        if (index < 0)
            return mltrainer_fail(error, MLTRAINER_INVALID_DATA, design->names[i], "the table has no such column");
        if (!mltrainer_column_is_numeric(request, index))
            return mltrainer_fail(error, MLTRAINER_INVALID_DATA, design->names[i], "the column is not numeric");
        mltrainer_column_copy(request, index, design->x + i * design->rows);
        int32_t status = check_finite(design->x + i * design->rows, design->rows, design->names[i], error);
        if (status)
            return status;
    }
    return MLTRAINER_OK;
}

static int32_t read_weights(const struct mltrainer_host *host, const struct mltrainer_request *request,
                            struct design *design, struct mltrainer_error *error)
{
    double sum = 0;

    if (!request->weight)
        return MLTRAINER_OK;
    int32_t status = design_read_column(host, request, request->weight, &design->weights, error);
    if (status)
        return status;
    for (size_t row = 0; row < design->rows; row++) {
        if (design->weights[row] < 0)
            return mltrainer_fail(error, MLTRAINER_INVALID_DATA, request->weight, "row %zu (from 0) is negative", row);
        sum += design->weights[row];
    }
    if (!(sum > 0) || !isfinite(sum))
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, request->weight, "the weights sum to %g", sum);
    return MLTRAINER_OK;
}

int32_t design_read(const struct mltrainer_host *host, const struct mltrainer_request *request, struct design *design,
                    struct mltrainer_error *error)
{
    int32_t status;

    memset(design, 0, sizeof(*design));
    if (!request->schema || request->array->length == 0)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "the table has no rows");
    if (!request->target)
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "target", "the column to learn is not named");
    design->rows = (size_t)request->array->length;
    if ((status = design_read_column(host, request, request->target, &design->y, error)) ||
        (status = read_weights(host, request, design, error)) ||
        (status = choose_features(host, request, design, error)) ||
        (status = read_features(host, request, design, error)))
        return status;
    design->x_mean = host->alloc(host, design->features * sizeof(double));
    design->x_scale = host->alloc(host, design->features * sizeof(double));
    return design->x_mean && design->x_scale ? MLTRAINER_OK : no_memory(error);
}

static double weighted_mean(const double *values, const double *weights, size_t rows)
{
    double sum = 0, total = 0;

    for (size_t row = 0; row < rows; row++) {
        double weight = weights ? weights[row] : 1;
        sum += weight * values[row];
        total += weight;
    }
    return sum / total;
}

static double weighted_deviation(const double *values, const double *weights, size_t rows, double mean)
{
    double sum = 0, total = 0;

    for (size_t row = 0; row < rows; row++) {
        double weight = weights ? weights[row] : 1;
        sum += weight * (values[row] - mean) * (values[row] - mean);
        total += weight;
    }
    return sqrt(sum / total);
}

/* A column is constant when its deviation is rounding error of its mean. */
static double scale_of(const double *values, const double *weights, size_t rows)
{
    double mean = weighted_mean(values, weights, rows);
    double deviation = weighted_deviation(values, weights, rows, mean);

    return deviation > 10 * 2.220446049250313e-16 * fabs(mean) * sqrt((double)rows) ? deviation : 1.0;
}

static void shift_and_scale(double *values, const double *weights, size_t rows, double mean, double scale)
{
    for (size_t row = 0; row < rows; row++)
        values[row] = (values[row] - mean) / scale * (weights ? sqrt(weights[row]) : 1);
}

void design_prepare(struct design *design, int center, int scale, int normalize_weights)
{
    if (design->weights && normalize_weights) {
        double mean = weighted_mean(design->weights, NULL, design->rows);
        for (size_t row = 0; row < design->rows; row++)
            design->weights[row] /= mean;
    }
    for (size_t i = 0; i < design->features; i++) {
        double *column = design->x + i * design->rows;
        design->x_mean[i] = center ? weighted_mean(column, design->weights, design->rows) : 0;
        design->x_scale[i] = scale ? scale_of(column, design->weights, design->rows) : 1;
        shift_and_scale(column, design->weights, design->rows, design->x_mean[i], design->x_scale[i]);
    }
    design->y_mean = center ? weighted_mean(design->y, design->weights, design->rows) : 0;
    shift_and_scale(design->y, design->weights, design->rows, design->y_mean, 1);
}

int32_t design_finish(const struct design *design, enum linear_method method, const double *coefficients,
                      struct linear_model **out, struct mltrainer_error *error)
{
    struct linear_model *model = linear_model_new(method, design->features);

    if (!model)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    model->intercept = design->y_mean;
    for (size_t i = 0; i < design->features; i++) {
        model->coefficients[i] = coefficients[i] / design->x_scale[i];
        model->intercept -= model->coefficients[i] * design->x_mean[i];
        if (linear_model_set_name(model, i, design->names[i], strlen(design->names[i]))) {
            linear_model_free(model);
            return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
        }
        if (!isfinite(model->coefficients[i]) || !isfinite(model->intercept)) {
            linear_model_free(model);
            return mltrainer_fail(error, MLTRAINER_INVALID_DATA, design->names[i],
                                  "the values are too large: its coefficient is not finite");
        }
    }
    *out = model;
    return MLTRAINER_OK;
}
