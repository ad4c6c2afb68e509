/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"
#include "series.h"

enum { FAST, SLOW, POSITION, SIGNAL, COLUMNS };

static void fill_sides(double **columns, int64_t rows)
{
    double side = 0; /* the last that was not 0 */

    for (int64_t row = 0; row < rows; row++) {
        double now = (columns[FAST][row] > columns[SLOW][row]) - (columns[FAST][row] < columns[SLOW][row]);
        columns[POSITION][row] = now;
        columns[SIGNAL][row] = side != 0 && now == -side ? now : 0;
        if (now != 0)
            side = now;
    }
}

static int32_t read_periods(const struct mltrainer_request *request, int64_t fast_default, int64_t slow_default,
                            int64_t *fast, int64_t *slow, struct mltrainer_error *error)
{
    int32_t status;

    if ((status = series_read_window(request, "fast_period", fast_default, 1, fast, error)) ||
        (status = series_read_window(request, "slow_period", slow_default, 2, slow, error)))
        return status;
    if (*fast >= *slow)
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "fast_period", "%lld is not below slow_period, %lld",
                              (long long)*fast, (long long)*slow);
    return MLTRAINER_OK;
}

static int32_t start(const struct mltrainer_host *host, const struct mltrainer_request *request, struct series *series,
                     double **columns, struct mltrainer_output *output, struct mltrainer_error *error)
{
    static const char *const names[COLUMNS] = {"fast", "slow", "position", "signal"};
    int32_t status = series_read(host, request, series, error);

    return status ? status : series_output(host, series, names, COLUMNS, columns, output, error);
}

static int32_t compute_sma(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           struct mltrainer_output *output, struct mltrainer_error *error)
{
    struct series series;
    double *columns[COLUMNS];
    int64_t fast, slow;
    int32_t status;

    if ((status = read_periods(request, 10, 20, &fast, &slow, error)) ||
        (status = start(host, request, &series, columns, output, error)))
        return status;
    rolling_mean(series.values, series.rows, fast, columns[FAST]);
    rolling_mean(series.values, series.rows, slow, columns[SLOW]);
    fill_sides(columns, series.rows);
    return MLTRAINER_OK;
}

static int32_t compute_ema(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           struct mltrainer_output *output, struct mltrainer_error *error)
{
    struct series series;
    double *columns[COLUMNS];
    int64_t fast, slow;
    int32_t status;

    if ((status = read_periods(request, 12, 26, &fast, &slow, error)) ||
        (status = start(host, request, &series, columns, output, error)))
        return status;
    rolling_smooth(series.values, series.rows, rolling_span_weight(fast), fast, columns[FAST]);
    rolling_smooth(series.values, series.rows, rolling_span_weight(slow), slow, columns[SLOW]);
    fill_sides(columns, series.rows);
    return MLTRAINER_OK;
}

const struct mltrainer_computable sma_crossover_computable = {.size = sizeof(sma_crossover_computable),
                                                              .compute = compute_sma};
const struct mltrainer_computable ema_crossover_computable = {.size = sizeof(ema_crossover_computable),
                                                              .compute = compute_ema};
