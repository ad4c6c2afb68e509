/* SPDX-License-Identifier: Apache-2.0 */
/* How far the price has gone, measured against its own past. */
#include "indicators.h"
#include "support/rolling.h"
#include "support/tabular.h"

static int32_t fill_rate_of_change(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    int64_t rows = call->rows;
    const double *values = call->in[0];
    double *restrict out = call->out[0];
    uint64_t zeros = 0;

    for (int64_t row = 0; row < window && row < rows; row++)
        out[row] = NAN;
    for (int64_t row = window; row < rows; row++) {
        zeros += values[row - window] == 0;
        out[row] = 100 * (values[row] / values[row - window] - 1);
    }
    for (int64_t row = 0; zeros && !call->status; row++)
        if (values[row] == 0)
            call_fail(call, MLTRAINER_INVALID_DATA, call_text(call, "column"),
                      "row %lld (from 0) is 0: there is no rate of change from it", (long long)row);
    return call->status;
}

TABULAR(rate_of_change, .inputs = {"@column"}, .outputs = {"roc"}, .fill = fill_rate_of_change);

static int32_t fill_momentum(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    int64_t rows = call->rows;
    const double *values = call->in[0];
    double *restrict out = call->out[0];

    for (int64_t row = 0; row < window && row < rows; row++)
        out[row] = NAN;
    for (int64_t row = window; row < rows; row++)
        out[row] = values[row] - values[row - window];
    return call->status;
}

TABULAR(momentum, .inputs = {"@column"}, .outputs = {"momentum"}, .fill = fill_momentum);

/* Highest high and lowest low of the window, for columns high, low, close. */
static int read_range(struct call *call, int64_t window, double **highest, double **lowest)
{
    *highest = call_numbers(call, call->rows);
    *lowest = call_numbers(call, call->rows);
    if (call->status)
        return call->status;
    rolling_extreme(call->in[0], call->rows, window, 1, *highest);
    rolling_extreme(call->in[1], call->rows, window, -1, *lowest);
    return call->status;
}

/* Where between the two; the middle when they are one. */
static double place(double close, double highest, double lowest)
{
    double share = (close - lowest) / (highest - lowest);

    return highest == lowest ? 0.5 : share;
}

/* Lane: where in the window's range the price closed, and the mean of that. */
static int32_t fill_stochastic(struct call *call)
{
    int64_t window = call_window(call, "window", 1), smooth = call_window(call, "smooth_window", 1);
    double *highest, *lowest, *restrict out = call->out[0];
    const double *close = call->in[2];
    int64_t rows = call->rows;

    if (read_range(call, window, &highest, &lowest))
        return call->status;
    for (int64_t row = 0; row < rows; row++)
        out[row] = 100 * place(close[row], highest[row], lowest[row]);
    rolling_mean(out, rows, smooth, call->out[1]);
    return call->status;
}

TABULAR(stochastic, .inputs = {"high", "low", "close"}, .outputs = {"k", "d"}, .fill = fill_stochastic);

static int32_t fill_williams(struct call *call)
{
    int64_t window = call_window(call, "lbp", 1);
    double *highest, *lowest, *restrict out = call->out[0];
    const double *close = call->in[2];
    int64_t rows = call->rows;

    if (read_range(call, window, &highest, &lowest))
        return call->status;
    for (int64_t row = 0; row < rows; row++)
        out[row] = -100 * (1 - place(close[row], highest[row], lowest[row]));
    return call->status;
}

TABULAR(williams_r, .inputs = {"high", "low", "close"}, .outputs = {"r"}, .fill = fill_williams);

/* Lambert (1980): distance of the typical price from its mean, in mean absolute distances times @constant. 0 in a flat
 * window. @scratch: 2 * rows. */
static void channel_index(struct call *call, int64_t window, double constant, double *scratch, double *out)
{
    double *price = scratch, *mean = scratch + call->rows;

    for (int64_t row = 0; row < call->rows; row++)
        price[row] = (call->in[0][row] + call->in[1][row] + call->in[2][row]) / 3;
    rolling_mean(price, call->rows, window, mean);
    for (int64_t row = 0; row < call->rows; row++) {
        double distance = 0;
        out[row] = NAN;
        if (call_step_row(call, row, call->rows))
            return;
        if (row < window - 1)
            continue;
        for (int64_t i = row - window + 1; i <= row; i++)
            distance += fabs(price[i] - mean[row]);
        distance /= (double)window;
        out[row] = distance > 1e-14 * fabs(mean[row]) ? (price[row] - mean[row]) / (constant * distance) : 0;
    }
}

static int32_t fill_channel_index(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    double constant = call_number_within(call, "constant", 1e-9, 1e9);
    double *scratch = call_numbers(call, 2 * call->rows);

    if (!call->status)
        channel_index(call, window, constant, scratch, call->out[0]);
    return call->status;
}

TABULAR(commodity_channel_index, .inputs = {"high", "low", "close"}, .outputs = {"cci"}, .fill = fill_channel_index);

/* The index over several windows: their mean, the mean of their votes, and the side on which all of them are. */
static int32_t fill_channel_ensemble(struct call *call)
{
    size_t count;
    const double *windows = call_list(call, "periods", 16, &count);
    double threshold = call_number_within(call, "threshold", 0, 1e9);
    double *scratch = call_numbers(call, 2 * call->rows), *one = call_numbers(call, call->rows);

    for (size_t i = 0; i < count && !call->status; i++) {
        if (windows[i] != floor(windows[i]) || windows[i] < 1 || windows[i] > 1e6)
            return call_fail(call, MLTRAINER_INVALID_PARAMETER, "periods", "%g is no length in rows", windows[i]);
        channel_index(call, (int64_t)windows[i], 0.015, scratch, one);
        for (int64_t row = 0; row < call->rows; row++) {
            call->out[0][row] += one[row] / (double)count;
            call->out[1][row] += (double)((one[row] > threshold) - (one[row] < -threshold)) / (double)count;
        }
    }
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        call->out[2][row] = (call->out[1][row] > 1 - 1e-9) - (call->out[1][row] < -1 + 1e-9);
    return call->status;
}

TABULAR(cci_ensemble, .inputs = {"high", "low", "close"}, .outputs = {"cci", "vote", "signal"},
        .fill = fill_channel_ensemble);

/* Distance from the window's mean in its deviations (of the sample); far from it, back towards it. */
static int32_t fill_mean_reversion(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double threshold = call_number_within(call, "threshold", 0, 1e6);
    double *deviation = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(call->in[0], call->rows, window, 1, call->out[0], deviation);
    for (int64_t row = 0; row < call->rows; row++) {
        double distance = call->in[0][row] - call->out[0][row];
        double z = deviation[row] > 1e-13 * fabs(call->out[0][row]) ? distance / deviation[row]
                   : isnan(deviation[row])                          ? NAN
                                                                    : 0;
        call->out[1][row] = z;
        call->out[2][row] = (z < -threshold) - (z > threshold);
    }
    return call->status;
}

TABULAR(rolling_mean_reversion, .inputs = {"@column"}, .outputs = {"mean", "zscore", "signal"},
        .fill = fill_mean_reversion);
