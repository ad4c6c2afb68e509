/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"
#include "series.h"

/* Wilder's relative strength index: 100 - 100 / (1 + U/D), U and D being the smoothed rises and falls, each new one
 * with weight 1/window. How the smoothing starts is where programs differ:
 *   mean   at the mean of the first window changes, as Wilder did (first value at row window)
 *   zero   at 0 in row 0, as the Python package ta does (first value at row window - 1)
 * Without falls it is 100; without any change at all it is 50, neither of the two.
 * Source: Wilder (1978), "New Concepts in Technical Trading Systems", section VI. */

static double rise(const double *values, int64_t row)
{
    return fmax(values[row] - values[row - 1], 0);
}

static double fall(const double *values, int64_t row)
{
    return fmax(values[row - 1] - values[row], 0);
}

static double index_of(double up, double down)
{
    if (down == 0)
        return up == 0 ? 50 : 100;
    return 100 - 100 / (1 + up / down);
}

static void from_zero(const struct series *series, int64_t window, double *out)
{
    double up = 0, down = 0;

    for (int64_t row = 0; row < series->rows; row++) {
        if (row > 0) {
            up += (rise(series->values, row) - up) / (double)window;
            down += (fall(series->values, row) - down) / (double)window;
        }
        out[row] = row < window - 1 ? NAN : index_of(up, down);
    }
}

static void from_mean(const struct series *series, int64_t window, double *out)
{
    double up = 0, down = 0;

    for (int64_t row = 0; row < series->rows; row++) {
        if (row > window) {
            up += (rise(series->values, row) - up) / (double)window;
            down += (fall(series->values, row) - down) / (double)window;
        } else if (row > 0) {
            up += rise(series->values, row) / (double)window;
            down += fall(series->values, row) / (double)window;
        }
        out[row] = row < window ? NAN : index_of(up, down);
    }
}

static int32_t fill(const struct mltrainer_request *request, const struct series *series, int64_t window, double *out,
                    struct mltrainer_error *error)
{
    const char *start = mltrainer_parameter_text(request, "start", "mean");

    if (strcmp(start, "mean") == 0)
        from_mean(series, window, out);
    else if (strcmp(start, "zero") == 0)
        from_zero(series, window, out);
    else
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "start", "\"%.40s\" is neither mean nor zero", start);
    return MLTRAINER_OK;
}

static int32_t compute_rsi(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           struct mltrainer_output *output, struct mltrainer_error *error)
{
    static const char *const names[] = {"rsi"};
    struct series series;
    double *columns[1];
    int64_t window;
    int32_t status;

    if ((status = series_read_window(request, "window", 14, 1, &window, error)) ||
        (status = series_read(host, request, &series, error)) ||
        (status = series_output(host, &series, names, 1, columns, output, error)))
        return status;
    return fill(request, &series, window, columns[0], error);
}

static int32_t compute_rsi_signal(const struct mltrainer_host *host, const struct mltrainer_request *request,
                                  struct mltrainer_output *output, struct mltrainer_error *error)
{
    static const char *const names[] = {"rsi", "signal"};
    double overbought = mltrainer_parameter_number(request, "overbought", 70);
    double oversold = mltrainer_parameter_number(request, "oversold", 30);
    struct series series;
    double *columns[2];
    int64_t window;
    int32_t status;

    if (!(oversold < overbought))
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "oversold", "%g is not below overbought, %g",
                              oversold, overbought);
    if ((status = series_read_window(request, "window", 14, 1, &window, error)) ||
        (status = series_read(host, request, &series, error)) ||
        (status = series_output(host, &series, names, 2, columns, output, error)) ||
        (status = fill(request, &series, window, columns[0], error)))
        return status;
    for (int64_t row = 0; row < series.rows; row++)
        columns[1][row] = (columns[0][row] < oversold) - (columns[0][row] > overbought);
    return MLTRAINER_OK;
}

const struct mltrainer_computable rsi_computable = {.size = sizeof(rsi_computable), .compute = compute_rsi};
const struct mltrainer_computable rsi_signal_computable = {.size = sizeof(rsi_signal_computable),
                                                           .compute = compute_rsi_signal};
