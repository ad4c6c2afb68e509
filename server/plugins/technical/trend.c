/* SPDX-License-Identifier: Apache-2.0 */
/* Where the price is going: levels, breakouts, turns. Signals are 1 up, -1 down, 0 neither. */
#include "indicators.h"
#include "support/rolling.h"
#include "support/tabular.h"

static void need_positive(struct call *call, const double *values, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(values[row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is not above 0", (long long)row);
}

/* Beyond every close of the @lookback rows before, and by more than the threshold since the first of them. */
static int32_t fill_breakout(struct call *call)
{
    int64_t lookback = call_window(call, "lookback", 1);
    double threshold = call_number_within(call, "threshold", 0, 1e6);
    double *highest = call_numbers(call, call->rows), *lowest = call_numbers(call, call->rows);
    const double *close = call->in[0];

    need_positive(call, close, "close");
    if (call->status)
        return call->status;
    rolling_extreme(close, call->rows, lookback, 1, highest);
    rolling_extreme(close, call->rows, lookback, -1, lowest);
    for (int64_t row = 0; row < call->rows; row++) {
        int known = row >= lookback;
        double momentum = known ? close[row] / close[row - lookback] - 1 : NAN;
        call->out[0][row] = momentum;
        call->out[1][row] = known ? highest[row - 1] : NAN;
        call->out[2][row] = known ? lowest[row - 1] : NAN;
        if (known)
            call->out[3][row] = (close[row] > highest[row - 1] && momentum > threshold) -
                                (close[row] < lowest[row - 1] && momentum < -threshold);
    }
    return call->status;
}

TABULAR(momentum_breakout, .inputs = {"close"}, .outputs = {"momentum", "upper", "lower", "signal"},
        .fill = fill_breakout);

/* ---- Parabolic stop and reverse ---- */

struct parabola {
    double start, step, most; /* of the acceleration */
    double acceleration, extreme, stop;
    int is_long;
};

/* The stop may not stand inside this row's range or the last one's. */
static double kept_outside(double stop, int is_long, const double *high, const double *low, int64_t row)
{
    return is_long ? fmin(stop, fmin(low[row - 1], low[row])) : fmax(stop, fmax(high[row - 1], high[row]));
}

/* The stop of @row, and what is known for the next. Gives the stop. */
static double follow(struct parabola *p, const double *high, const double *low, int64_t row)
{
    int64_t before = row > 1 ? row - 1 : row; /* the first row stands for the one before it, as in TA-Lib */
    double two_high[] = {high[before], high[row]}, two_low[] = {low[before], low[row]};
    double shown = p->stop;
    int reached = p->is_long ? low[row] <= p->stop : high[row] >= p->stop;

    if (reached) {
        p->is_long = !p->is_long;
        shown = kept_outside(p->extreme, p->is_long, two_high, two_low, 1);
        p->acceleration = p->start;
        p->extreme = p->is_long ? high[row] : low[row];
    } else if (p->is_long ? high[row] > p->extreme : low[row] < p->extreme) {
        p->extreme = p->is_long ? high[row] : low[row];
        p->acceleration = fmin(p->acceleration + p->step, p->most);
    }
    p->stop = kept_outside(shown + p->acceleration * (p->extreme - shown), p->is_long, two_high, two_low, 1);
    return shown;
}

/* Wilder (1978), section II; the first direction by the first two rows' directional movement, as TA-Lib has it. */
static int32_t fill_parabolic(struct call *call)
{
    struct parabola p = {.start = call_number_within(call, "af_start", 1e-6, 10),
                         .step = call_number_within(call, "af_increment", -1, 10),
                         .most = call_number_within(call, "af_max", 1e-6, 10)};
    const double *high = call->in[0], *low = call->in[1];

    if (p.step < 0)
        p.step = p.start;
    if (!call->status && p.start > p.most)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "af_start", "%g is above af_max, %g", p.start, p.most);
    if (call->status)
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        if (row == 0) {
            call->out[0][0] = NAN;
            continue;
        }
        if (row == 1) {
            double fall = low[0] - low[1], rise = high[1] - high[0];
            p.is_long = !(fall > 0 && fall > rise);
            p.extreme = p.is_long ? high[1] : low[1];
            p.stop = p.is_long ? low[0] : high[0];
            p.acceleration = p.start;
        }
        call->out[0][row] = follow(&p, high, low, row);
        call->out[1][row] = p.is_long ? 1 : -1;
    }
    return call->status;
}

TABULAR(parabolic_sar, .inputs = {"high", "low"}, .outputs = {"sar", "direction"}, .fill = fill_parabolic);

/* ---- Levels ---- */

/* Highest high and lowest low of the window, where the close is between them, and near which of them. */
static int32_t fill_levels(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    double threshold = call_number_within(call, "level_threshold", 0, 10);
    const double *close = call->in[2];

    need_positive(call, call->in[1], "low");
    if (call->status)
        return call->status;
    rolling_extreme(call->in[1], call->rows, window, -1, call->out[0]);
    rolling_extreme(call->in[0], call->rows, window, 1, call->out[1]);
    for (int64_t row = 0; row < call->rows; row++) {
        double support = call->out[0][row], resistance = call->out[1][row];
        call->out[2][row] = resistance == support ? 0.5 : (close[row] - support) / (resistance - support);
        call->out[3][row] = (close[row] <= support * (1 + threshold)) - (close[row] >= resistance * (1 - threshold));
    }
    return call->status;
}

TABULAR(support_resistance_levels, .inputs = {"high", "low", "close"},
        .outputs = {"support", "resistance", "position", "near"}, .fill = fill_levels);

/* ---- Trend of two means ---- */

static int32_t fill_trend(struct call *call)
{
    int64_t fast = call_window(call, "short_window", 1), slow = call_window(call, "long_window", 2);
    double threshold = call_number_within(call, "trend_threshold", 0, 1e6);

    if (!call->status && fast >= slow)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "short_window", "%lld is not below long_window, %lld",
                  (long long)fast, (long long)slow);
    need_positive(call, call->in[0], "close");
    if (call->status)
        return call->status;
    rolling_mean(call->in[0], call->rows, fast, call->out[0]);
    rolling_mean(call->in[0], call->rows, slow, call->out[1]);
    for (int64_t row = 0; row < call->rows; row++) {
        double strength = call->out[0][row] / call->out[1][row] - 1;
        call->out[2][row] = strength;
        call->out[3][row] = (strength > threshold) - (strength < -threshold);
    }
    return call->status;
}

TABULAR(trend_analysis, .inputs = {"close"}, .outputs = {"short", "long", "strength", "trend"}, .fill = fill_trend);

/* ---- Turns ---- */

/* Position of the extreme in the window that ends at @row; of equal ones the last. */
static int64_t place_of_extreme(const double *values, int64_t row, int64_t window, int sign)
{
    int64_t best = row;

    for (int64_t i = row - 1; i > row - window; i--)
        if (sign * values[i] > sign * values[best])
            best = i;
    return best;
}

/* Retreat from the window's highest close and rebound from its lowest; a turn is one of at least min_swing after the
 * later of the two. */
static int32_t fill_swing(struct call *call)
{
    int64_t lookback = call_integer(call, "lookback", 2, 10000);
    double least = call_number_within(call, "min_swing", 0, 1e6);
    const double *close = call->in[0];

    need_positive(call, close, "close");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (call_step_row(call, row, call->rows) || row < lookback - 1) {
            call->out[0][row] = call->out[1][row] = NAN;
            continue;
        }
        int64_t top = place_of_extreme(close, row, lookback, 1), bottom = place_of_extreme(close, row, lookback, -1);
        double retreat = close[row] / close[top] - 1, rebound = close[row] / close[bottom] - 1;
        call->out[0][row] = retreat;
        call->out[1][row] = rebound;
        call->out[2][row] = (bottom > top && rebound >= least) - (top > bottom && retreat <= -least);
    }
    return call->status;
}

TABULAR(trend_reversal, .inputs = {"close"}, .outputs = {"retreat", "rebound", "signal"}, .fill = fill_swing);

/* A zigzag that knows no later row: the trend turns when the close has stood more than 1/sensitivity average true
 * ranges from the trend's extreme for @confirmation_period rows together. */
static int32_t fill_zigzag(struct call *call)
{
    double sensitivity = call_number_within(call, "sensitivity", 1e-3, 1e3);
    int64_t confirmation = call_window(call, "confirmation_period", 1), against = 0;
    double *range = call_numbers(call, call->rows), trend = 1, extreme = 0;
    const double *close = call->in[2];

    if (call->status)
        return call->status;
    rolling_true_range(call->in[0], call->in[1], close, call->rows, 14, range);
    for (int64_t row = 0; row < call->rows; row++) {
        if (row == 0 || trend * close[row] > trend * extreme)
            extreme = close[row];
        against = trend * (extreme - close[row]) > range[row] / sensitivity ? against + 1 : 0;
        if (against >= confirmation) {
            trend = -trend;
            extreme = close[row];
            against = 0;
            call->out[2][row] = trend;
        }
        call->out[0][row] = trend;
        call->out[1][row] = extreme;
    }
    return call->status;
}

TABULAR(trend_zigzag, .inputs = {"high", "low", "close"}, .outputs = {"trend", "extreme", "signal"},
        .fill = fill_zigzag);

/* ---- Momentum by regime ---- */

/* While volatility (an exponential mean of squared returns) is at most its own mean so far the momentum is followed,
 * above it is faded. */
static int32_t fill_switching(struct call *call)
{
    static const char *const methods[] = {"volatility_clustering", NULL};
    int64_t lookback = call_window(call, "momentum_lookback", 1);
    double weight = call_number_within(call, "adaptation_speed", 1e-6, 1), variance = 0, usual = 0;
    const double *close = call->in[0];

    call_choice(call, "regime_detection_method", methods);
    need_positive(call, close, "close");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double change = row > 0 ? close[row] / close[row - 1] - 1 : 0;
        double momentum = row >= lookback ? close[row] / close[row - lookback] - 1 : NAN;
        if (row == 1)
            variance = change * change;
        else if (row > 1)
            variance += weight * (change * change - variance);
        if (row > 0)
            usual += (variance - usual) / (double)row;
        call->out[0][row] = momentum;
        call->out[1][row] = sqrt(variance);
        call->out[2][row] = variance > usual * (1 + 1e-12);
        call->out[3][row] = ((momentum > 0) - (momentum < 0)) * (call->out[2][row] != 0 ? -1 : 1);
    }
    return call->status;
}

TABULAR(regime_switching_momentum, .inputs = {"close"}, .outputs = {"momentum", "volatility", "turbulent", "signal"},
        .fill = fill_switching);
