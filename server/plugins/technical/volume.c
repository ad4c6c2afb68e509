/* SPDX-License-Identifier: Apache-2.0 */
/* What was traded, against what became of the price. */
#include "indicators.h"
#include "support/rolling.h"
#include "support/tabular.h"

static void need_volume(struct call *call, size_t input)
{
    call_need_no_negative(call, call->in[input], "volume");
}

/* Granville (1963): all of a row's volume belongs to the side that won it. */
static int32_t fill_on_balance_volume(struct call *call)
{
    const double *close = call->in[0], *volume = call->in[1];
    double *restrict out = call->out[0];
    int64_t rows = call->rows;

    need_volume(call, 1);
    if (call->status || rows == 0)
        return call->status;
    out[0] = volume[0];
    for (int64_t row = 1; row < rows; row++) {
        double traded = volume[row], change = close[row] - close[row - 1];
        double won = change > 0 ? traded : 0, lost = change < 0 ? traded : 0;
        out[row] = won - lost;
    }
    rolling_total(out, rows);
    return call->status;
}

TABULAR(on_balance_volume, .inputs = {"close", "volume"}, .outputs = {"obv"}, .fill = fill_on_balance_volume);

/* Chaikin: volume shared by where in its range the row closed. A row without range adds nothing. */
static int32_t fill_accumulation(struct call *call)
{
    const double *high = call->in[0], *low = call->in[1], *close = call->in[2], *volume = call->in[3];
    double *restrict out = call->out[0];
    int64_t rows = call->rows;

    need_volume(call, 3);
    for (int64_t row = 0; row < rows; row++) {
        double range = high[row] - low[row];
        double share = ((close[row] - low[row]) - (high[row] - close[row])) / range;
        out[row] = range > 0 ? volume[row] * share : 0;
    }
    rolling_total(out, rows);
    return call->status;
}

TABULAR(accumulation_distribution, .inputs = {"high", "low", "close", "volume"}, .outputs = {"line"},
        .fill = fill_accumulation);

static void need_positive_close(struct call *call, size_t input)
{
    call_need_positive(call, call->in[input], "close");
}

static int32_t fill_price_trend(struct call *call)
{
    const double *close = call->in[0], *volume = call->in[1];
    double *restrict out = call->out[0];
    int64_t rows = call->rows;

    need_positive_close(call, 0);
    need_volume(call, 1);
    if (call->status || rows == 0)
        return call->status;
    for (int64_t row = 1; row < rows; row++)
        out[row] = volume[row] * (close[row] / close[row - 1] - 1);
    rolling_total(out, rows);
    out[0] = NAN;
    return call->status;
}

TABULAR(volume_price_trend, .inputs = {"close", "volume"}, .outputs = {"trend"}, .fill = fill_price_trend);

/* Mean typical price of the window, weighted by volume; where nothing was traded, the row's own price. */
static void weighted_price(struct call *call, int64_t window, double *restrict out)
{
    const double *high = call->in[0], *low = call->in[1], *close = call->in[2], *volume = call->in[3];
    double *restrict turnover = call_numbers(call, call->rows), *restrict traded = call_numbers(call, call->rows);
    int64_t rows = call->rows;

    if (call->status)
        return;
    for (int64_t row = 0; row < rows; row++)
        turnover[row] = (high[row] + low[row] + close[row]) / 3 * volume[row];
    rolling_sum(turnover, rows, window, out);
    rolling_sum(volume, rows, window, traded);
    for (int64_t row = 0; row < rows; row++) {
        double mean = out[row] / traded[row];
        out[row] = traded[row] == 0 ? (high[row] + low[row] + close[row]) / 3 : mean;
    }
}

static int32_t fill_weighted_price(struct call *call)
{
    int64_t window = call_window(call, "window", 1);

    need_volume(call, 3);
    weighted_price(call, window, call->out[0]);
    return call->status;
}

TABULAR(volume_weighted_price, .inputs = {"high", "low", "close", "volume"}, .outputs = {"vwap"},
        .fill = fill_weighted_price);

/* Volume over the mean of the @window rows before; NaN until there are so many, 0 where those traded nothing. */
static void relative_volume(struct call *call, const double *volume, int64_t window, double *out)
{
    double *mean = call_numbers(call, call->rows);

    if (call->status)
        return;
    rolling_mean(volume, call->rows, window, mean);
    for (int64_t row = 0; row < call->rows; row++) {
        double before = row > 0 ? mean[row - 1] : NAN;
        out[row] = before > 0 ? volume[row] / before : isnan(before) ? NAN : 0;
    }
}

/* The side of the weighted price that the close is on, when the volume speaks for it. */
static int32_t fill_weighted_signal(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    double threshold = call_number_within(call, "volume_threshold", 0, 1e6);

    need_volume(call, 3);
    weighted_price(call, window, call->out[0]);
    relative_volume(call, call->in[3], window, call->out[1]);
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double close = call->in[2][row], vwap = call->out[0][row];
        call->out[2][row] = call->out[1][row] > threshold ? (close > vwap) - (close < vwap) : 0;
    }
    return call->status;
}

TABULAR(volume_weighted, .inputs = {"high", "low", "close", "volume"},
        .outputs = {"vwap", "relative_volume", "signal"}, .fill = fill_weighted_signal);

static int32_t fill_spike(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    double threshold = call_number_within(call, "threshold", 0, 1e6);

    need_volume(call, 0);
    relative_volume(call, call->in[0], window, call->out[0]);
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        call->out[1][row] = call->out[0][row] > threshold;
    return call->status;
}

TABULAR(volume_spike, .inputs = {"volume"}, .outputs = {"relative_volume", "spike"}, .fill = fill_spike);

static int32_t fill_volume_momentum(struct call *call)
{
    int64_t fast = call_window(call, "short_window", 1), slow = call_window(call, "long_window", 2);
    double threshold = call_number_within(call, "momentum_threshold", 0, 1e6);
    double *slow_mean = call_numbers(call, call->rows);

    need_volume(call, 0);
    if (fast >= slow)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "short_window", "%lld is not below long_window, %lld",
                  (long long)fast, (long long)slow);
    if (call->status)
        return call->status;
    rolling_mean(call->in[0], call->rows, fast, call->out[0]);
    rolling_mean(call->in[0], call->rows, slow, slow_mean);
    for (int64_t row = 0; row < call->rows; row++) {
        double *momentum = &call->out[0][row];
        *momentum = slow_mean[row] > 0 ? *momentum / slow_mean[row] - 1 : isnan(slow_mean[row]) ? NAN : 0;
        call->out[1][row] = (*momentum > threshold) - (*momentum < -threshold);
    }
    return call->status;
}

TABULAR(volume_momentum, .inputs = {"volume"}, .outputs = {"momentum", "signal"}, .fill = fill_volume_momentum);

/* Correlation of a window's prices with its volumes. */
static int32_t fill_relationship(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double threshold = call_number_within(call, "relationship_threshold", 0, 1);
    double *scratch = call_numbers(call, 4 * call->rows);

    need_volume(call, 1);
    if (call->status)
        return call->status;
    rolling_correlation(call->in[0], call->in[1], call->rows, window, scratch, call->out[0]);
    for (int64_t row = 0; row < call->rows; row++)
        call->out[1][row] = (call->out[0][row] > threshold) - (call->out[0][row] < -threshold);
    return call->status;
}

TABULAR(volume_price_relationship, .inputs = {"close", "volume"}, .outputs = {"correlation", "relationship"},
        .fill = fill_relationship);

/* Correlation of the window's returns with the changes in volume. */
static int32_t fill_price_analysis(struct call *call)
{
    int64_t window = call_window(call, "correlation_window", 2);
    double *returns = call_numbers(call, call->rows), *changes = call_numbers(call, call->rows),
           *scratch = call_numbers(call, 4 * call->rows);

    need_positive_close(call, 0);
    need_volume(call, 1);
    if (call->status)
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        returns[row] = row > 0 ? call->in[0][row] / call->in[0][row - 1] - 1 : NAN;
        changes[row] = row > 0 ? call->in[1][row] - call->in[1][row - 1] : NAN;
    }
    rolling_correlation(returns, changes, call->rows, window, scratch, call->out[0]);
    relative_volume(call, call->in[1], window, call->out[1]);
    return call->status;
}

TABULAR(volume_price_analysis, .inputs = {"close", "volume"}, .outputs = {"correlation", "relative_volume"},
        .fill = fill_price_analysis);

/* The price went one way over the window while on-balance volume moved against it. */
static int32_t fill_divergence(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double threshold = call_number_within(call, "divergence_threshold", 0, 1);
    double *balance = call_numbers(call, call->rows), *scratch = call_numbers(call, 4 * call->rows);
    const double *close = call->in[0];

    if (call->status)
        return call->status;
    double *out = call->out[0];
    call->out[0] = balance;
    fill_on_balance_volume(call);
    call->out[0] = out;
    rolling_correlation(close, balance, call->rows, window, scratch, out);
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double moved = row >= window - 1 ? close[row] - close[row - window + 1] : 0;
        call->out[1][row] = out[row] < -threshold ? (moved < 0) - (moved > 0) : 0;
    }
    return call->status;
}

TABULAR(volume_divergence, .inputs = {"close", "volume"}, .outputs = {"correlation", "signal"},
        .fill = fill_divergence);

/* A large step of the price on much volume. */
static int32_t fill_confirmed_breakout(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    double volume_threshold = call_number_within(call, "volume_threshold", 0, 1e6);
    double price_threshold = call_number_within(call, "price_threshold", 0, 1e6);
    const double *close = call->in[0];

    need_positive_close(call, 0);
    need_volume(call, 1);
    relative_volume(call, call->in[1], window, call->out[1]);
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double change = row > 0 ? close[row] / close[row - 1] - 1 : NAN;
        call->out[0][row] = change;
        call->out[2][row] = call->out[1][row] > volume_threshold && fabs(change) > price_threshold
                                ? (change > 0) - (change < 0)
                                : 0;
    }
    return call->status;
}

TABULAR(volume_confirmed_breakout, .inputs = {"close", "volume"}, .outputs = {"change", "relative_volume", "signal"},
        .fill = fill_confirmed_breakout);

/* Share of the window's values that are not above the last. */
static double share_not_above(const double *values, int64_t window)
{
    int64_t count = 0;

    for (int64_t i = 0; i < window; i++)
        count += values[i] <= values[window - 1];
    return (double)count / (double)window;
}

/* Wyckoff's effort (volume) and result (range), each as its rank in the window. Effort without result speaks against
 * the side that made it. */
static int32_t fill_effort(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double threshold = call_number_within(call, "effort_threshold", 0, 1);
    const double *high = call->in[0], *low = call->in[1], *close = call->in[2], *volume = call->in[3];
    double *range = call_numbers(call, call->rows);

    need_volume(call, 3);
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        range[row] = high[row] - low[row];
        if (call_step_row(call, row, call->rows) || row < window - 1) {
            call->out[0][row] = call->out[1][row] = NAN;
            continue;
        }
        double effort = share_not_above(volume + row - window + 1, window);
        double result = share_not_above(range + row - window + 1, window);
        double change = row > 0 ? close[row] - close[row - 1] : 0;
        call->out[0][row] = effort;
        call->out[1][row] = result;
        call->out[2][row] = effort > threshold && result < 1 - threshold ? (change < 0) - (change > 0) : 0;
    }
    return call->status;
}

TABULAR(effort_result, .inputs = {"high", "low", "close", "volume"}, .outputs = {"effort", "result", "signal"},
        .fill = fill_effort);
