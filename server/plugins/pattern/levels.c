/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges, and what leaves them. */
#include "patterns.h"
#include "support/rolling.h"

static int32_t fill_breakout(struct call *call)
{
    int64_t lookback = call_window(call, "lookback", 1);
    double threshold = call_number_within(call, "threshold", 0, 10);
    double *highest = call_numbers(call, call->rows), *lowest = call_numbers(call, call->rows);
    const double *close = call->in[2];

    pattern_need_prices(call, 1, "low");
    if (call->status)
        return call->status;
    rolling_extreme(call->in[0], call->rows, lookback, 1, highest);
    rolling_extreme(call->in[1], call->rows, lookback, -1, lowest);
    for (int64_t row = 0; row < call->rows; row++) {
        double upper = row > 0 ? highest[row - 1] : NAN, lower = row > 0 ? lowest[row - 1] : NAN;
        call->out[0][row] = upper;
        call->out[1][row] = lower;
        call->out[2][row] = close[row] > upper   ? close[row] / upper - 1
                            : close[row] < lower ? close[row] / lower - 1
                            : isnan(upper)       ? NAN
                                                 : 0;
        call->out[3][row] = (call->out[2][row] > threshold) - (call->out[2][row] < -threshold);
    }
    return call->status;
}

TABULAR(breakout, .inputs = {"high", "low", "close"}, .outputs = {"upper", "lower", "excess", "signal"},
        .fill = fill_breakout);

/* Touches of a level: rows of the window whose extreme comes within the tolerance of it. */
static int32_t fill_levels(struct call *call)
{
    int64_t window = call_integer(call, "window", 1, 10000);
    double tolerance = call_number_within(call, "tolerance", 0, 10);
    const double *high = call->in[0], *low = call->in[1], *close = call->in[2];

    pattern_need_prices(call, 1, "low");
    if (call->status)
        return call->status;
    rolling_extreme(low, call->rows, window, -1, call->out[0]);
    rolling_extreme(high, call->rows, window, 1, call->out[1]);
    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        double support = call->out[0][row], resistance = call->out[1][row];
        call->out[2][row] = call->out[3][row] = isnan(support) ? NAN : 0;
        for (int64_t i = row - window + 1; i >= 0 && i <= row; i++) {
            call->out[2][row] += low[i] <= support * (1 + tolerance);
            call->out[3][row] += high[i] >= resistance * (1 - tolerance);
        }
        call->out[4][row] = (close[row] <= support * (1 + tolerance)) - (close[row] >= resistance * (1 - tolerance));
    }
    return call->status;
}

TABULAR(support_resistance, .inputs = {"high", "low", "close"},
        .outputs = {"support", "resistance", "support_touches", "resistance_touches", "near"}, .fill = fill_levels);

/* The pole is the rise from the lowest low of the @pole_duration rows before the flag to the highest high of those rows
 * and the flag; the flag, the last flag_duration rows, may not fall back by more than flag_depth of the price. */
static int32_t fill_flag(struct call *call)
{
    int64_t flag = call_window(call, "flag_duration", 1), pole = call_window(call, "pole_duration", 1);
    double height = call_number_within(call, "pole_height", 0, 100),
           depth = call_number_within(call, "flag_depth", 0, 1);
    double *top = call_numbers(call, call->rows), *flag_low = call_numbers(call, call->rows),
           *pole_low = call_numbers(call, call->rows), *flag_high = call_numbers(call, call->rows);
    const double *close = call->in[2];

    pattern_need_prices(call, 1, "low");
    if (call->status)
        return call->status;
    rolling_extreme(call->in[0], call->rows, flag + pole, 1, top);
    rolling_extreme(call->in[0], call->rows, flag, 1, flag_high);
    rolling_extreme(call->in[1], call->rows, flag, -1, flag_low);
    rolling_extreme(call->in[1], call->rows, pole, -1, pole_low);
    for (int64_t row = 0; row < call->rows; row++) {
        int known = row >= flag + pole - 1;
        call->out[0][row] = known ? top[row] / pole_low[row - flag] - 1 : NAN;
        call->out[1][row] = known ? 1 - flag_low[row] / top[row] : NAN;
        call->out[2][row] = call->out[0][row] >= height && call->out[1][row] <= depth;
        call->out[3][row] = row > 0 && call->out[2][row - 1] != 0 && close[row] > flag_high[row - 1];
    }
    return call->status;
}

TABULAR(high_tight_flag, .inputs = {"high", "low", "close"}, .outputs = {"pole", "depth", "flag", "signal"},
        .fill = fill_flag);
