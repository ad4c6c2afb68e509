/* SPDX-License-Identifier: Apache-2.0 */
/* close against reference: the distance is what is left of a line of least squares through the last rows, measured in
 * its standard deviations. In against it from the entry on, out within the exit. One unit of the position is half of
 * the capital in each leg. Sources: Gatev, Goetzmann and Rouwenhorst (2006), "Pairs trading"; Engle and Granger (1987);
 * MacKinnon (1994) for the p-value. */
#include "strategies.h"
#include "support/distribution.h"

enum { BETA, DISTANCE, POSITION, EARNED, EQUITY, P_VALUE };

struct line {
    double slope, level, deviation; /* of the residuals, over rows - 2 */
};

/* reference explains close over the @window rows that end at @row. */
static struct line fit(const double *y, const double *x, int64_t row, int64_t window)
{
    double n = (double)window, mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;

    for (int64_t i = row - window + 1; i <= row; i++) {
        mean_x += x[i] / n;
        mean_y += y[i] / n;
    }
    for (int64_t i = row - window + 1; i <= row; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    double slope = xx > 0 ? xy / xx : 0;
    return (struct line){.slope = slope,
                         .level = mean_y - slope * mean_x,
                         .deviation = sqrt(fmax(0, yy - slope * xy) / (n - 2))};
}

/* The t of the residuals' return to 0: their changes on their levels, without lags or a constant. */
static double residual_t(const double *y, const double *x, int64_t row, int64_t window, const struct line *line)
{
    double xx = 0, xy = 0, yy = 0, before = NAN;

    for (int64_t i = row - window + 1; i <= row; i++) {
        double e = y[i] - line->level - line->slope * x[i];
        if (i > row - window + 1) {
            xx += before * before;
            xy += before * (e - before);
            yy += (e - before) * (e - before);
        }
        before = e;
    }
    double b = xy / xx, squares = fmax(0, yy - b * xy);
    return xx > 0 && squares > 0 ? b / sqrt(squares / (double)(window - 2) / xx) : NAN;
}

/* MacKinnon (1994), tables 3 and 4: two series, with a constant. */
static double cointegration_p(double tau)
{
    if (isnan(tau) || tau > 0.92)
        return 1;
    if (tau < -18.86)
        return 0;
    if (tau <= -2.62)
        return distribution_normal(2.92 + tau * (1.5012 + tau * 0.039796));
    return distribution_normal(2.1945 + tau * (0.64695 + tau * (-0.29198 + tau * -0.042377)));
}

static void earn(struct call *call, double cost)
{
    const double *y = call->in[0], *x = call->in[1], *position = call->out[POSITION];
    double capital = 1;

    for (int64_t row = 0; row < call->rows; row++) {
        double held = row > 0 ? position[row - 1] : 0, before = row > 1 ? position[row - 2] : 0;
        double spread = row > 0 ? (y[row] / y[row - 1] - x[row] / x[row - 1]) / 2 : 0;
        call->out[EARNED][row] = held * spread - cost * fabs(held - before);
        capital *= 1 + call->out[EARNED][row];
        call->out[EQUITY][row] = capital;
    }
}

/* @level: p-value from which on there is no new position; NAN: not asked. */
static int32_t trade(struct call *call, double level)
{
    int64_t window = call_integer(call, "lookback", 5, 5000);
    double entry = call_number_within(call, "entry_z", 0, 100), way_out = call_number_within(call, "exit_z", 0, 100);
    double cost = call_number_within(call, "cost", 0, 0.5), position = 0;
    const double *y = call->in[0], *x = call->in[1];

    if (!call->status && way_out >= entry)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "exit_z", "%g is not below entry_z, %g", way_out, entry);
    strategy_need_prices(call, y, "close");
    strategy_need_prices(call, x, "reference");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if ((row & 63) == 0 && call_step(call, (double)row, (double)call->rows))
            break;
        if (row < window - 1) {
            call->out[BETA][row] = call->out[DISTANCE][row] = NAN;
            if (!isnan(level))
                call->out[P_VALUE][row] = NAN;
            continue;
        }
        struct line line = fit(y, x, row, window);
        double left = y[row] - line.level - line.slope * x[row], p = 0;
        double z = line.deviation > 1e-12 * fabs(y[row]) ? left / line.deviation : 0;
        if (!isnan(level))
            p = call->out[P_VALUE][row] = cointegration_p(residual_t(y, x, row, window, &line));
        if (position != 0 && (fabs(z) <= way_out || z * position > 0)) /* there, or past it */
            position = 0;
        if (position == 0 && fabs(z) >= entry && (isnan(level) || p <= level))
            position = z > 0 ? -1 : 1;
        call->out[BETA][row] = line.slope;
        call->out[DISTANCE][row] = z;
        call->out[POSITION][row] = position;
    }
    if (!call->status)
        earn(call, cost);
    return call->status;
}

static int32_t fill_pairs(struct call *call)
{
    return trade(call, NAN);
}

static int32_t fill_cointegrated(struct call *call)
{
    double level = call_number_within(call, "cointegration_threshold", 0, 1);

    return trade(call, level);
}

TABULAR(pairs, .inputs = {"close", "reference"}, .outputs = {"beta", "zscore", "position", "earned", "equity"},
        .fill = fill_pairs);
TABULAR(pairs_cointegrated, .inputs = {"close", "reference"},
        .outputs = {"beta", "zscore", "position", "earned", "equity", "p_value"}, .fill = fill_cointegrated);
