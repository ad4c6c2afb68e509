/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include <mltrainer/plugin_table.h>

#include "design.h"
#include "model.h"
#include "support/learner.h"
#include "support/weighted_sum.h"

/* What is not finite in a feature is not finite in the sum, whatever the coefficient: only then the columns are looked
 * at. They may all be right, and the sum too great. */
static int32_t find_wrong(const struct mltrainer_host *host, const struct linear_model *model,
                          const struct mltrainer_request *request, struct mltrainer_error *error)
{
    const double *column;

    for (size_t i = 0; i < model->feature_count; i++) {
        int32_t status = design_view_column(host, request, model->names[i], &column, error);
        if (status)
            return status;
    }
    return MLTRAINER_OK;
}

static int32_t apply(const struct mltrainer_host *host, const struct linear_model *model,
                     const struct mltrainer_request *request, double *out, struct mltrainer_error *error)
{
    const double **columns = host->alloc(host, model->feature_count * sizeof(*columns));
    int64_t rows = request->array->length;

    if (!columns)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the columns");
    for (size_t i = 0; i < model->feature_count; i++) {
        int64_t index = mltrainer_column_find(request, model->names[i]);
        if (index >= 0 && (columns[i] = mltrainer_column_view(request, index)))
            continue;
        int32_t status = design_view_column(host, request, model->names[i], &columns[i], error);
        if (status)
            return status;
    }
    weighted_sum(model->intercept, model->coefficients, columns, model->feature_count, rows, out);
    return mltrainer_not_finite(out, rows) < 0 ? MLTRAINER_OK : find_wrong(host, model, request, error);
}

static int32_t predict(const struct mltrainer_host *host, const void *model, const struct mltrainer_request *request,
                       struct mltrainer_output *output, struct mltrainer_error *error)
{
    int32_t status;

    if (!request->schema)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "there is no table to predict for");
    if ((status = mltrainer_output_start(host, output, request->array->length, 1, error)))
        return status;
    double *prediction = mltrainer_output_numbers(host, output, "prediction");
    if (!prediction)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the prediction");
    return apply(host, model, request, prediction, error);
}

static int32_t evaluate(const struct mltrainer_host *host, const void *model, const struct mltrainer_request *request,
                        struct mltrainer_error *error)
{
    double *truth, *weights = NULL;
    int32_t status;

    if (!request->schema || request->array->length == 0)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "the table has no rows");
    if (!request->target)
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "target", "the column to compare with is not named");
    if ((status = design_read_column(host, request, request->target, &truth, error)))
        return status;
    if (request->weight && (status = design_read_column(host, request, request->weight, &weights, error)))
        return status;
    double *prediction = host->alloc(host, (size_t)request->array->length * sizeof(double));
    if (!prediction)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the prediction");
    if ((status = apply(host, model, request, prediction, error)))
        return status;
    learner_report_numbers(host, prediction, truth, weights, request->array->length);
    return MLTRAINER_OK;
}

const struct mltrainer_predictable linear_predictable = {.size = sizeof(linear_predictable), .predict = predict};
const struct mltrainer_evaluable linear_evaluable = {.size = sizeof(linear_evaluable), .evaluate = evaluate};
