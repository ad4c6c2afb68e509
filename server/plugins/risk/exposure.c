/* SPDX-License-Identifier: Apache-2.0 */
/* How much to hold, row by row, and what that earns: what is decided at a row is held over the next one. */
#include "measures.h"
#include "support/distribution.h"
#include "support/rolling.h"

/* Returns times the exposure of the row before, and what 1 has become. */
static void earn(struct call *call, const double *exposure, double *earned, double *equity)
{
    double capital = 1;

    for (int64_t row = 0; row < call->rows; row++) {
        earned[row] = row > 0 ? exposure[row - 1] * call->in[0][row] : 0;
        capital *= fmax(0, 1 + earned[row]);
        equity[row] = capital;
    }
}

/* Yearly volatility of the window; the target over it, at most max_leverage, kept for rebalance_window rows. */
static int32_t fill_target(struct call *call)
{
    double target = call_number_within(call, "target_volatility", 1e-6, 10);
    double most = call_number_within(call, "max_leverage", 0, 100), exposure = 0;
    int64_t window = call_window(call, "window", 2), hold = call_window(call, "rebalance_window", 1), since = 0;
    double *mean = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(call->in[0], call->rows, window, 1, mean, call->out[0]);
    for (int64_t row = 0; row < call->rows; row++) {
        double volatility = call->out[0][row] *= sqrt(PERIODS);
        if (!isnan(volatility) && since++ % hold == 0)
            exposure = volatility > 0 ? fmin(most, target / volatility) : most;
        call->out[1][row] = exposure;
    }
    earn(call, call->out[1], call->out[2], call->out[3]);
    return call->status;
}

TABULAR(volatility_target, .inputs = {"@column"}, .outputs = {"volatility", "exposure", "earned", "equity"},
        .fill = fill_target);

/* Compounded capital, its loss from the highest point of the last lookback rows, the deepest of those, and how long. */
static int32_t fill_drawdown(struct call *call)
{
    int64_t lookback = call_window(call, "lookback_window", 1), under = 0;
    double recovered = call_number_within(call, "recovery_threshold", 0, 1);
    double *capital = call_numbers(call, call->rows), *high = call_numbers(call, call->rows),
           *losses = call_numbers(call, call->rows), *deepest = call_numbers(call, call->rows), now = 1;

    measure_need_returns(call, call->in[0], "returns");
    if (call->status)
        return call->status;
    for (int64_t row = 0; row < call->rows; row++)
        capital[row] = now *= 1 + call->in[0][row];
    rolling_extreme(capital, call->rows, lookback, 1, high);
    for (int64_t row = 0; row < call->rows && row < lookback; row++) /* while there are fewer: all of them */
        high[row] = row > 0 ? fmax(high[row - 1], capital[row]) : capital[0];
    for (int64_t row = 0; row < call->rows; row++)
        losses[row] = 1 - capital[row] / high[row];
    rolling_extreme(losses, call->rows, lookback, 1, deepest);
    for (int64_t row = 0; row < call->rows && row < lookback; row++)
        deepest[row] = row > 0 ? fmax(deepest[row - 1], losses[row]) : losses[0];
    for (int64_t row = 0; row < call->rows; row++) {
        under = losses[row] > 0 ? under + 1 : 0;
        call->out[0][row] = losses[row];
        call->out[1][row] = deepest[row];
        call->out[2][row] = (double)under;
        call->out[3][row] = capital[row] >= recovered * high[row];
    }
    return call->status;
}

TABULAR(drawdown, .inputs = {"@column"}, .outputs = {"drawdown", "maximum_drawdown", "rows_under", "recovered"},
        .fill = fill_drawdown);

/* Out for protection_window rows once the drawdown reaches the threshold; the high begins anew with the return. */
static int32_t fill_protection(struct call *call)
{
    double threshold = call_number_within(call, "max_drawdown_threshold", -1, 0), capital = 1, high = 1;
    int64_t window = call_window(call, "protection_window", 1), out = 0;

    measure_need_returns(call, call->in[0], "returns");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        capital *= 1 + call->in[0][row];
        high = fmax(high, capital);
        call->out[0][row] = capital / high - 1;
        if (out > 0) {
            if (--out == 0)
                high = capital;
        } else if (capital / high - 1 <= threshold && threshold < 0) {
            out = window;
        }
        call->out[1][row] = out == 0;
    }
    if (!call->status)
        earn(call, call->out[1], call->out[2], call->out[3]);
    return call->status;
}

TABULAR(drawdown_protection, .inputs = {"@column"}, .outputs = {"drawdown", "exposure", "earned", "equity"},
        .fill = fill_protection);

/* ---- Sizes ---- */

/* Kelly (1956), for normal returns: mean excess over variance, both of the window. */
static int32_t fill_kelly(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double free_rate = call_number_within(call, "risk_free_rate", -1, 1) / PERIODS;
    double *mean = call_numbers(call, call->rows), *deviation = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(call->in[0], call->rows, window, 1, mean, deviation);
    for (int64_t row = 0; row < call->rows; row++) {
        double variance = deviation[row] * deviation[row];
        double share = variance > 0 ? (mean[row] - free_rate) / variance : isnan(variance) ? NAN : 0;
        call->out[0][row] = share;
        call->out[1][row] = fmin(1, fmax(0, share / 2));
        if (isnan(share))
            call->out[1][row] = 0;
    }
    return call->status;
}

TABULAR(kelly, .inputs = {"@column"}, .outputs = {"kelly", "size"}, .fill = fill_kelly);

/* The share for the lower bound of the mean's one-sided posterior interval (normal returns, flat prior, variance as
 * measured), between 0 and the most. */
static int32_t fill_cautious(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double level = call_number_within(call, "confidence_level", 0.5, 0.9999);
    double most = call_number_within(call, "max_position", 0, 100);
    double *mean = call_numbers(call, call->rows), *deviation = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    double z = distribution_normal_quantile(level);
    rolling_deviation(call->in[0], call->rows, window, 1, mean, deviation);
    for (int64_t row = 0; row < call->rows; row++) {
        double lower = mean[row] - z * deviation[row] / sqrt((double)window),
               variance = deviation[row] * deviation[row];
        double share = variance > 0 ? lower / variance : isnan(variance) ? NAN : 0;
        call->out[0][row] = lower;
        call->out[1][row] = share;
        call->out[2][row] = isnan(share) ? 0 : fmin(most, fmax(0, share));
    }
    return call->status;
}

TABULAR(kelly_cautious, .inputs = {"@column"}, .outputs = {"lower_mean", "kelly", "size"}, .fill = fill_cautious);

/* base (1 + momentum_weight tanh(t) + volatility_weight tanh(slow/fast - 1)), between 0 and the most: t is the t-value
 * of the window's mean, fast and slow the deviations of the window and of four times as many rows. */
static int32_t fill_dynamic(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double base = call_number_within(call, "base_size", 0, 100), most = call_number_within(call, "max_size", 0, 100);
    double momentum = call_number_within(call, "momentum_weight", 0, 10);
    double calm = call_number_within(call, "volatility_weight", 0, 10);
    double *mean = call_numbers(call, call->rows), *fast = call_numbers(call, call->rows),
           *slow = call_numbers(call, call->rows), *other = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(call->in[0], call->rows, window, 1, mean, fast);
    rolling_deviation(call->in[0], call->rows, 4 * window, 1, other, slow);
    for (int64_t row = 0; row < call->rows; row++) {
        double t = fast[row] > 0 ? mean[row] * sqrt((double)window) / fast[row] : 0;
        double ratio = fast[row] > 0 && slow[row] > 0 ? slow[row] / fast[row] - 1 : 0;
        call->out[0][row] = tanh(t);
        call->out[1][row] = tanh(ratio);
        call->out[2][row] = fmin(most, fmax(0, base * (1 + momentum * tanh(t) + calm * tanh(ratio))));
    }
    return call->status;
}

TABULAR(dynamic_size, .inputs = {"@column"}, .outputs = {"momentum", "calm", "size"}, .fill = fill_dynamic);
