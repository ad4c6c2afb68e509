/* SPDX-License-Identifier: Apache-2.0 */
/* Regimes by rule, row by row: none looks at a later row. */
#include "regimes.h"
#include "support/rolling.h"

enum { BEAR, NEITHER, BULL };

/* ---- Levels of volatility ---- */

static int32_t fill_levels(struct call *call)
{
    int64_t window = call_window(call, "window", 2), levels = call_integer(call, "n_regimes", 1, 1000);
    double threshold = call_number_within(call, "volatility_threshold", 1e-9, 1e9);
    double *returns = regime_returns(call), *mean = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(returns, call->rows, window, 1, mean, call->out[1]);
    for (int64_t row = 0; row < call->rows; row++)
        call->out[0][row] = isnan(call->out[1][row])
                                ? NAN
                                : fmin(floor(call->out[1][row] / threshold), (double)(levels - 1));
    return call->status;
}

TABULAR(volatility_levels, .inputs = {"close"}, .outputs = {"regime", "volatility"}, .fill = fill_levels);

/* ---- Bull and bear: the market turns when it has moved by the threshold from the window's low or high. Lunde and
 * Timmermann (2004), "Duration dependence in stock prices", without their alternation of peaks and troughs ---- */

static int32_t fill_condition(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double threshold = call_number_within(call, "condition_threshold", 1e-9, 10), regime = NEITHER;
    double *high = call_numbers(call, call->rows), *low = call_numbers(call, call->rows);

    regime_returns(call); /* refuses prices that are none */
    if (call->status)
        return call->status;
    rolling_extreme(call->in[0], call->rows, window, 1, high);
    rolling_extreme(call->in[0], call->rows, window, -1, low);
    for (int64_t row = 0; row < call->rows; row++) {
        double fall = 1 - call->in[0][row] / high[row], rise = call->in[0][row] / low[row] - 1;
        if (rise >= threshold && rise > fall)
            regime = BULL;
        else if (fall >= threshold)
            regime = BEAR;
        call->out[0][row] = isnan(high[row]) ? NAN : regime;
        call->out[1][row] = fall;
        call->out[2][row] = rise;
    }
    return call->status;
}

TABULAR(market_condition, .inputs = {"close"}, .outputs = {"regime", "below_high", "above_low"},
        .fill = fill_condition);

/* ---- What a window earned ---- */

static int32_t fill_performance(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double threshold = call_number_within(call, "performance_threshold", 0, 10);
    double *returns = regime_returns(call), *mean = call_numbers(call, call->rows);
    const double *close = call->in[0];

    if (call->status)
        return call->status;
    rolling_deviation(returns, call->rows, window, 1, mean, call->out[2]);
    for (int64_t row = 0; row < call->rows; row++) {
        double deviation = call->out[2][row], earned = row >= window ? close[row] / close[row - window] - 1 : NAN;
        call->out[0][row] = isnan(earned) ? NAN : earned > threshold ? BULL : earned < -threshold ? BEAR : NEITHER;
        call->out[1][row] = earned;
        call->out[2][row] = deviation > 1e-12 ? mean[row] / deviation * sqrt(252) : NAN;
    }
    return call->status;
}

TABULAR(performance, .inputs = {"close"}, .outputs = {"regime", "earned", "ratio"}, .fill = fill_performance);

/* ---- Two windows after each other: Welch's t of their mean returns ---- */

static int32_t fill_shift(struct call *call)
{
    int64_t window = call_window(call, "window", 2), since = 0;
    double threshold = call_number_within(call, "change_threshold", 0, 1e9), regime = 0;
    double *returns = regime_returns(call), *mean = call_numbers(call, call->rows),
           *deviation = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(returns, call->rows, window, 1, mean, deviation);
    for (int64_t row = 0; row < call->rows; row++, since++) {
        if (row < 2 * window) {
            call->out[0][row] = call->out[1][row] = call->out[2][row] = NAN;
            continue;
        }
        double now = deviation[row], before = deviation[row - window];
        double width = sqrt((now * now + before * before) / (double)window);
        double t = width > 1e-15 ? (mean[row] - mean[row - window]) / width : 0;
        int changes = fabs(t) > threshold && since >= window;
        if (changes) {
            regime++;
            since = 0;
        }
        call->out[0][row] = regime;
        call->out[1][row] = t;
        call->out[2][row] = changes;
    }
    return call->status;
}

TABULAR(mean_shift, .inputs = {"close"}, .outputs = {"regime", "statistic", "is_change"}, .fill = fill_shift);

/* ---- z-score ---- */

static int32_t fill_zscore(struct call *call)
{
    int64_t window = call_window(call, "window_size", 2);
    double threshold = call_number_within(call, "threshold", 1e-9, 1e9);
    double *mean = call_numbers(call, call->rows), *deviation = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(call->in[0], call->rows, window, 1, mean, deviation);
    for (int64_t row = 0; row < call->rows; row++) {
        double apart = call->in[0][row] - mean[row];
        double z = deviation[row] <= 1e-12 * fabs(mean[row]) ? 0 : apart / deviation[row];
        call->out[0][row] = isnan(z) ? NAN : (z > threshold) - (z < -threshold);
        call->out[1][row] = z;
        call->out[2][row] = isnan(z) ? NAN : fmax(-1, fmin(1, z / threshold));
    }
    return call->status;
}

TABULAR(zscore, .inputs = {"close"}, .outputs = {"regime", "zscore", "score"}, .fill = fill_zscore);

/* ---- Trend and volatility ---- */

/* t of the slope of a line of least squares through the last @window logs of prices. */
static double slope_t(const double *logs, int64_t row, int64_t window)
{
    double n = (double)window, mean = 0, xy = 0, yy = 0, xx = n * (n * n - 1) / 12;

    for (int64_t i = row - window + 1; i <= row; i++)
        mean += logs[i] / n;
    for (int64_t i = row - window + 1; i <= row; i++) {
        double x = (double)(i - row + window - 1) - (n - 1) / 2;
        xy += x * (logs[i] - mean);
        yy += (logs[i] - mean) * (logs[i] - mean);
    }
    double slope = xy / xx, left = fmax(0, yy - slope * xy) / (n - 2);
    return left > 1e-24 ? slope / sqrt(left / xx) : 0;
}

static int32_t fill_trend(struct call *call)
{
    int64_t window = call_integer(call, "lookback", 3, 5000), known = 0;
    double limit = call_number_within(call, "trend_threshold", 0, 1e9), usual = 0;
    double *returns = regime_returns(call), *mean = call_numbers(call, call->rows),
           *logs = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(returns, call->rows, window, 1, mean, call->out[2]);
    for (int64_t row = 0; row < call->rows; row++)
        logs[row] = log(call->in[0][row] / call->in[0][0]);
    for (int64_t row = 0; row < call->rows; row++) {
        if ((row & 63) == 0 && call_step(call, (double)row, (double)call->rows))
            break;
        if (row < window) {
            call->out[0][row] = call->out[1][row] = call->out[3][row] = NAN;
            continue;
        }
        double t = slope_t(logs, row, window), volatility = call->out[2][row];
        usual += (volatility - usual) / (double)++known;
        int trend = t > limit ? BULL : t < -limit ? BEAR : NEITHER;
        call->out[0][row] = 2 * trend + (volatility > usual);
        call->out[1][row] = t;
        call->out[3][row] = usual;
    }
    return call->status;
}

TABULAR(trend_volatility, .inputs = {"close"}, .outputs = {"regime", "trend", "volatility", "usual_volatility"},
        .fill = fill_trend);
