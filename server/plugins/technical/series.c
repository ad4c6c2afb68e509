/* SPDX-License-Identifier: Apache-2.0 */
#include "series.h"

int32_t series_read(const struct mltrainer_host *host, const struct mltrainer_request *request, struct series *series,
                    struct mltrainer_error *error)
{
    const char *column = mltrainer_parameter_text(request, "column", "close");

    if (!request->schema)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "", "there is no table to compute from");
    int32_t status = mltrainer_column_numbers(host, request, column, &series->values, error);
    if (status)
        return status;
    series->rows = request->array->length;
    for (int64_t row = 0; row < series->rows; row++)
        if (!isfinite(series->values[row]))
            return mltrainer_fail(error, MLTRAINER_INVALID_DATA, column,
                                  "row %lld (from 0) is absent or not a finite number", (long long)row);
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

/* Mean and sum of squared deviations of one window, in two passes. */
static void measure(const double *values, int64_t window, double *mean, double *squares)
{
    double sum = 0, rest = 0;

    for (int64_t i = 0; i < window; i++)
        sum += values[i] - values[0];
    *mean = values[0] + sum / (double)window;
    *squares = 0;
    for (int64_t i = 0; i < window; i++) {
        *squares += (values[i] - *mean) * (values[i] - *mean);
        rest += values[i] - *mean;
    }
    *mean += rest / (double)window;
}

/* Slides in constant time a row; once a window it is measured anew, so that rounding cannot pile up. */
void series_rolling_deviation(const double *values, int64_t rows, int64_t window, double *mean, double *deviation)
{
    double current = 0, squares = 0;

    for (int64_t row = 0; row < rows; row++) {
        int64_t start = row - window + 1;
        if (start < 0) {
            mean[row] = deviation[row] = NAN;
            continue;
        }
        if (start % window == 0) {
            measure(values + start, window, &current, &squares);
        } else {
            double in = values[row], out = values[start - 1], before = current;
            current += (in - out) / (double)window;
            squares += (in - out) * (in - current + out - before);
        }
        mean[row] = current;
        deviation[row] = sqrt(fmax(squares, 0) / (double)window);
    }
}

void series_rolling_mean(const double *values, int64_t rows, int64_t window, double *mean)
{
    double current = 0, squares;

    for (int64_t row = 0; row < rows; row++) {
        int64_t start = row - window + 1;
        if (start < 0) {
            mean[row] = NAN;
            continue;
        }
        if (start % window == 0)
            measure(values + start, window, &current, &squares);
        else
            current += (values[row] - values[start - 1]) / (double)window;
        mean[row] = current;
    }
}

void series_smooth(const double *values, int64_t rows, double weight, int64_t silent, double *out)
{
    double current = 0;
    int64_t seen = 0;

    for (int64_t row = 0; row < rows; row++) {
        double value = values[row];
        if (seen == 0 && isnan(value)) {
            out[row] = NAN;
            continue;
        }
        current = seen == 0 ? value : current + weight * (value - current);
        seen++;
        out[row] = seen < silent ? NAN : current;
    }
}
