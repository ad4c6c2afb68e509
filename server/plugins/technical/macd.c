/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"
#include "series.h"

/* Appel's moving average convergence and divergence. A mean counts from the row on that completes its span; the signal
 * line starts at the first macd. */

static void take_away(const double *from, const double *what, int64_t rows, double *out)
{
    for (int64_t row = 0; row < rows; row++)
        out[row] = from[row] - what[row];
}

static int32_t compute(const struct mltrainer_host *host, const struct mltrainer_request *request,
                       struct mltrainer_output *output, struct mltrainer_error *error)
{
    static const char *const names[] = {"macd", "signal", "histogram"};
    int64_t fast, slow, sign;
    struct series series;
    double *columns[3];
    int32_t status;

    if ((status = series_read_window(request, "window_fast", 12, 1, &fast, error)) ||
        (status = series_read_window(request, "window_slow", 26, 1, &slow, error)) ||
        (status = series_read_window(request, "window_sign", 9, 1, &sign, error)))
        return status;
    if (fast >= slow)
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "window_fast", "%lld is not below window_slow, %lld",
                              (long long)fast, (long long)slow);
    if ((status = series_read(host, request, &series, error)) ||
        (status = series_output(host, &series, names, 3, columns, output, error)))
        return status;
    rolling_smooth(series.values, series.rows, rolling_span_weight(fast), fast, columns[0]);
    rolling_smooth(series.values, series.rows, rolling_span_weight(slow), slow, columns[2]);
    take_away(columns[0], columns[2], series.rows, columns[0]);
    rolling_smooth(columns[0], series.rows, rolling_span_weight(sign), sign, columns[1]);
    take_away(columns[0], columns[1], series.rows, columns[2]);
    return MLTRAINER_OK;
}

const struct mltrainer_computable macd_computable = {.size = sizeof(macd_computable), .compute = compute};
