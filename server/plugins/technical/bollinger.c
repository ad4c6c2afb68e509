/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"
#include "series.h"

enum { MIDDLE, UPPER, LOWER, PERCENT_B, BANDWIDTH, SIGNAL, COLUMNS };

static const char *const names[COLUMNS] = {"middle", "upper", "lower", "percent_b", "bandwidth", "signal"};

/* Five columns are written together. @columns: UPPER has the deviation. */
static void fill_bands(const struct series *series, double width, double **columns)
{
    const double *values = series->values, *middle = columns[MIDDLE];
    double *restrict upper = columns[UPPER], *restrict lower = columns[LOWER];
    double *restrict percent = columns[PERCENT_B], *restrict bandwidth = columns[BANDWIDTH];
    int64_t rows = series->rows;

    for (int64_t row = 0; row < rows; row++) {
        double half = width * upper[row];
        upper[row] = middle[row] + half;
        lower[row] = middle[row] - half;
        percent[row] = (values[row] - lower[row]) / (2 * half); /* NaN in a flat window */
        bandwidth[row] = 200 * half / middle[row];
    }
}

static int32_t bands(const struct mltrainer_host *host, const struct mltrainer_request *request, size_t count,
                     struct series *series, double **columns, struct mltrainer_output *output,
                     struct mltrainer_error *error)
{
    double width = mltrainer_parameter_number(request, "window_dev", 2);
    int64_t window;
    int32_t status;

    if (!(width >= 0) || isinf(width))
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "window_dev", "%g is not a finite number >= 0",
                              width);
    if ((status = series_read_window(request, "window", 20, 2, &window, error)) ||
        (status = series_read(host, request, series, error)) ||
        (status = series_output(host, series, names, count, columns, output, error)))
        return status;
    rolling_deviation(series->values, series->rows, window, 0, columns[MIDDLE], columns[UPPER]);
    fill_bands(series, width, columns);
    return MLTRAINER_OK;
}

static int32_t compute_bands(const struct mltrainer_host *host, const struct mltrainer_request *request,
                             struct mltrainer_output *output, struct mltrainer_error *error)
{
    struct series series;
    double *columns[COLUMNS];

    return bands(host, request, SIGNAL, &series, columns, output, error);
}

static int32_t compute_signal(const struct mltrainer_host *host, const struct mltrainer_request *request,
                              struct mltrainer_output *output, struct mltrainer_error *error)
{
    struct series series;
    double *columns[COLUMNS];
    int32_t status = bands(host, request, COLUMNS, &series, columns, output, error);

    if (status)
        return status;
    for (int64_t row = 0; row < series.rows; row++)
        columns[SIGNAL][row] =
            (series.values[row] > columns[UPPER][row]) - (series.values[row] < columns[LOWER][row]);
    return MLTRAINER_OK;
}

const struct mltrainer_computable bollinger_computable = {.size = sizeof(bollinger_computable),
                                                          .compute = compute_bands};
const struct mltrainer_computable bollinger_signal_computable = {.size = sizeof(bollinger_signal_computable),
                                                                 .compute = compute_signal};
