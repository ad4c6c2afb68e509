/* SPDX-License-Identifier: Apache-2.0 */
/* Strategies on one asset. Source: Moskowitz, Ooi and Pedersen (2012), "Time series momentum"; Antonacci (2014), "Dual
 * Momentum Investing". */
#include "strategies.h"
#include "support/backtest.h"
#include "support/rolling.h"

void need_prices(struct call *call, const double *values, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(values[row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is not above 0", (long long)row);
}

/* What the positions in column @first earn; two columns follow it. */
static int32_t earn(struct call *call, size_t first)
{
    double cost = call_number_within(call, "cost", 0, 0.5);

    if (!call->status)
        backtest_run(call->in[0], call->out[first], call->rows, cost, call->out[first + 1], call->out[first + 2]);
    return call->status;
}

static int32_t fill_simple(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    double threshold = call_number_within(call, "threshold", 0, 1e6);

    need_prices(call, call->in[0], "close");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        call->out[0][row] = momentum_at(call->in[0], row, window);
        call->out[1][row] = side_of(call->out[0][row], threshold);
    }
    return earn(call, 1);
}

TABULAR(simple_momentum, .inputs = {"close"}, .outputs = {"momentum", "position", "earned", "equity"},
        .fill = fill_simple);

static int32_t fill_time_series(struct call *call)
{
    int64_t fast = call_window(call, "short_window", 1), slow = call_window(call, "long_window", 2);
    double threshold = call_number_within(call, "signal_threshold", 0, 1e6);

    if (!call->status && fast >= slow)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "short_window", "%lld is not below long_window, %lld",
                  (long long)fast, (long long)slow);
    need_prices(call, call->in[0], "close");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        call->out[0][row] = (momentum_at(call->in[0], row, fast) + momentum_at(call->in[0], row, slow)) / 2;
        call->out[1][row] = side_of(call->out[0][row], threshold);
    }
    return earn(call, 1);
}

TABULAR(time_series_momentum, .inputs = {"close"}, .outputs = {"momentum", "position", "earned", "equity"},
        .fill = fill_time_series);

static int32_t fill_risk_adjusted(struct call *call)
{
    int64_t window = call_window(call, "window", 1), volatility_window = call_window(call, "volatility_window", 2);
    double threshold = call_number_within(call, "momentum_threshold", 0, 1e6);
    double most = call_number_within(call, "volatility_threshold", 0, 1e6);
    double *returns = call_numbers(call, call->rows), *mean = call_numbers(call, call->rows);

    need_prices(call, call->in[0], "close");
    if (call->status)
        return call->status;
    for (int64_t row = 0; row < call->rows; row++)
        returns[row] = momentum_at(call->in[0], row, 1);
    rolling_deviation(returns, call->rows, volatility_window, 1, mean, call->out[1]);
    for (int64_t row = 0; row < call->rows; row++) {
        double momentum = momentum_at(call->in[0], row, window), volatility = call->out[1][row];
        call->out[0][row] = momentum;
        call->out[2][row] = volatility > 0 ? momentum / (volatility * sqrt((double)window)) : NAN;
        call->out[3][row] = volatility < most ? side_of(momentum, threshold) : 0;
    }
    return earn(call, 3);
}

TABULAR(risk_adjusted_momentum, .inputs = {"close"},
        .outputs = {"momentum", "volatility", "ratio", "position", "earned", "equity"}, .fill = fill_risk_adjusted);

static int32_t fill_volume_confirmed(struct call *call)
{
    int64_t window = call_window(call, "momentum_window", 1), volume_window = call_window(call, "volume_window", 1);
    double threshold = call_number_within(call, "momentum_threshold", 0, 1e6);
    double least = call_number_within(call, "volume_threshold", 0, 1e6);
    double *mean = call_numbers(call, call->rows);
    const double *volume = call->in[1];

    need_prices(call, call->in[0], "close");
    if (call->status)
        return call->status;
    rolling_mean(volume, call->rows, volume_window, mean);
    for (int64_t row = 0; row < call->rows; row++) {
        if (volume[row] < 0)
            return call_fail(call, MLTRAINER_INVALID_DATA, "volume", "row %lld (from 0) is negative", (long long)row);
        double usual = row > 0 ? mean[row - 1] : NAN;
        call->out[0][row] = momentum_at(call->in[0], row, window);
        call->out[1][row] = usual > 0 ? volume[row] / usual : isnan(usual) ? NAN : 0;
        call->out[2][row] = call->out[1][row] > least ? side_of(call->out[0][row], threshold) : 0;
    }
    return earn(call, 2);
}

TABULAR(volume_confirmed_momentum, .inputs = {"close", "volume"},
        .outputs = {"momentum", "relative_volume", "position", "earned", "equity"}, .fill = fill_volume_confirmed);

static int32_t fill_dual(struct call *call)
{
    int64_t own = call_window(call, "absolute_window", 1), other = call_window(call, "relative_window", 1);
    double own_least = call_number_within(call, "absolute_threshold", -1e6, 1e6);
    double other_least = call_number_within(call, "relative_threshold", -1e6, 1e6);

    need_prices(call, call->in[0], "close");
    need_prices(call, call->in[1], "reference");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double absolute = momentum_at(call->in[0], row, own);
        double relative = momentum_at(call->in[0], row, other) - momentum_at(call->in[1], row, other);
        call->out[0][row] = absolute;
        call->out[1][row] = relative;
        call->out[2][row] = absolute > own_least && relative > other_least;
    }
    return earn(call, 2);
}

TABULAR(dual_momentum, .inputs = {"close", "reference"},
        .outputs = {"absolute", "relative", "position", "earned", "equity"}, .fill = fill_dual);
