/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"
#include "series.h"

static int32_t compute_sma(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           struct mltrainer_output *output, struct mltrainer_error *error)
{
    static const char *const names[] = {"sma"};
    struct series series;
    double *columns[1];
    int64_t window;
    int32_t status;

    if ((status = series_read_window(request, "window", 20, 1, &window, error)) ||
        (status = series_read(host, request, &series, error)) ||
        (status = series_output(host, &series, names, 1, columns, output, error)))
        return status;
    rolling_mean(series.values, series.rows, window, columns[0]);
    return MLTRAINER_OK;
}

static int32_t compute_ema(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           struct mltrainer_output *output, struct mltrainer_error *error)
{
    static const char *const names[] = {"ema"};
    struct series series;
    double *columns[1];
    int64_t span;
    int32_t status;

    if ((status = series_read_window(request, "span", 20, 1, &span, error)) ||
        (status = series_read(host, request, &series, error)) ||
        (status = series_output(host, &series, names, 1, columns, output, error)))
        return status;
    rolling_smooth(series.values, series.rows, rolling_span_weight(span), 1, columns[0]);
    return MLTRAINER_OK;
}

const struct mltrainer_computable sma_computable = {.size = sizeof(sma_computable), .compute = compute_sma};
const struct mltrainer_computable ema_computable = {.size = sizeof(ema_computable), .compute = compute_ema};
