/* SPDX-License-Identifier: Apache-2.0 */
#include "series.h"

int32_t series_read(const struct mltrainer_host *host, const struct mltrainer_request *request, struct series *series,
                    struct mltrainer_error *error)
{
    const char *column = mltrainer_parameter_text(request, "column", "close");

    if (!request->schema)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "there is no table to compute from");
    int64_t index = mltrainer_column_find(request, column);
    series->rows = request->array->length;
    series->values = index < 0 ? NULL : mltrainer_column_view(request, index);
    if (!series->values) {
        double *copy = NULL;
        int32_t status = mltrainer_column_numbers(host, request, column, &copy, error);
        if (status)
            return status;
        series->values = copy;
    }
    int64_t wrong = mltrainer_not_finite(series->values, series->rows);
    if (wrong >= 0)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, column,
                              "row %lld (from 0) is absent or not a finite number", (long long)wrong);
    if (host->cancelled(host))
        return mltrainer_fail(error, MLTRAINER_CANCELLED, "", "cancelled");
    return MLTRAINER_OK;
}

int32_t series_read_window(const struct mltrainer_request *request, const char *name, int64_t fallback, int64_t least,
                           int64_t *out, struct mltrainer_error *error)
{
    int64_t window = mltrainer_parameter_integer(request, name, fallback);

    if (window < least)
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, name, "%lld is less than %lld", (long long)window,
                              (long long)least);
    *out = window;
    return MLTRAINER_OK;
}

int32_t series_output(const struct mltrainer_host *host, const struct series *series, const char *const *names,
                      size_t count, double **columns, struct mltrainer_output *output, struct mltrainer_error *error)
{
    int32_t status = mltrainer_output_start(host, output, series->rows, count, error);

    for (size_t i = 0; !status && i < count; i++) {
        columns[i] = mltrainer_output_numbers(host, output, names[i]);
        if (!columns[i])
            status = mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the output");
    }
    return status;
}
