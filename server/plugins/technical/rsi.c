/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"
#include "series.h"

/* Wilder's relative strength index: 100 - 100 / (1 + U/D) = 100 U / (U + D), U and D being the smoothed rises and
 * falls, each new one with weight 1/window. How the smoothing starts is where programs differ:
 *   mean   at the mean of the first window changes, as Wilder did (first value at row window)
 *   zero   at 0 in row 0, as the Python package ta does (first value at row window - 1)
 * Without falls it is 100; without any change at all it is 50, neither of the two.
 * Source: Wilder (1978), "New Concepts in Technical Trading Systems", section VI. */

static void part_changes(const double *values, int64_t rows, double *restrict up, double *restrict down)
{
    for (int64_t row = 1; row < rows; row++) {
        double change = values[row] - values[row - 1];
        up[row] = change > 0 ? change : 0;
        down[row] = change < 0 ? -change : 0;
    }
}

/* What comes before row @window becomes its mean there: smoothing begins where NaNs end. */
static void begin_at_mean(double *part, int64_t rows, int64_t window)
{
    double sum = 0;

    for (int64_t row = 0; row < window && row < rows; row++) {
        sum += part[row];
        part[row] = NAN;
    }
    if (window < rows)
        part[window] = (sum + part[window]) / (double)window;
}

/* @out: the falls. */
static void share_of_rises(const double *restrict up, int64_t rows, double *restrict out)
{
    for (int64_t row = 0; row < rows; row++) {
        double both = up[row] + out[row], index = 100 * up[row] / both;
        out[row] = both == 0 ? 50 : index;
    }
}

static int32_t fill(const struct mltrainer_host *host, const struct mltrainer_request *request,
                    const struct series *series, int64_t window, double *out, struct mltrainer_error *error)
{
    const char *start = mltrainer_parameter_text(request, "start", "mean");
    double *up = host->alloc(host, (size_t)series->rows * sizeof(double)), *down = out, weight = 1 / (double)window;
    int64_t rows = series->rows;
    int at_mean = strcmp(start, "mean") == 0;

    if (!up)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the changes");
    if (!at_mean && strcmp(start, "zero") != 0)
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "start", "\"%.40s\" is neither mean nor zero", start);
    part_changes(series->values, rows, up, down);
    if (at_mean) {
        begin_at_mean(up, rows, window);
        begin_at_mean(down, rows, window);
    }
    rolling_smooth(up, rows, weight, at_mean ? 1 : window, up);
    rolling_smooth(down, rows, weight, at_mean ? 1 : window, down);
    share_of_rises(up, rows, out);
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
    return fill(host, request, &series, window, columns[0], error);
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
        (status = fill(host, request, &series, window, columns[0], error)))
        return status;
    for (int64_t row = 0; row < series.rows; row++)
        columns[1][row] = (columns[0][row] < oversold) - (columns[0][row] > overbought);
    return MLTRAINER_OK;
}

const struct mltrainer_computable rsi_computable = {.size = sizeof(rsi_computable), .compute = compute_rsi};
const struct mltrainer_computable rsi_signal_computable = {.size = sizeof(rsi_signal_computable),
                                                           .compute = compute_rsi_signal};
