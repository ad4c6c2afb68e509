/* SPDX-License-Identifier: Apache-2.0 */
/* Classical seasonal decomposition: the trend is a centred mean over one period (of an even one the ends count half),
 * the season is the mean of what is left in each phase. Source: Kendall and Stuart (1983), "The advanced theory of
 * statistics", vol. 3; what statsmodels calls seasonal_decompose. */
#include "support/tabular.h"

enum { TREND, SEASONAL, RESIDUAL };

static double centred_mean(const double *x, int64_t row, int64_t period)
{
    int64_t half = period / 2;
    double sum = 0;

    for (int64_t i = row - half; i <= row + half; i++)
        sum += x[i] * (period % 2 == 0 && (i == row - half || i == row + half) ? 0.5 : 1);
    return sum / (double)period;
}

static double without(double value, double part, int product)
{
    return product ? value / part : value - part;
}

/* Means of what the trend leaves, a phase each, made to be 0 (or 1) together. */
static void find_seasons(struct call *call, const double *x, int64_t period, int product, double *seasons)
{
    int64_t half = period / 2;
    double mean = 0;

    for (int64_t phase = 0; phase < period; phase++) {
        double sum = 0;
        int64_t count = 0;
        for (int64_t row = phase; row < call->rows - half; row += period) {
            if (row < half)
                continue;
            sum += without(x[row], call->out[TREND][row], product);
            count++;
        }
        seasons[phase] = sum / (double)count;
        mean += seasons[phase] / (double)period;
    }
    for (int64_t phase = 0; phase < period; phase++)
        seasons[phase] = without(seasons[phase], mean, product);
}

static int32_t fill(struct call *call)
{
    static const char *const models[] = {"additive", "multiplicative", NULL};
    int product = call_choice(call, "model", models) == 1;
    int64_t period = call_integer(call, "period", 2, 365), half = period / 2;
    double *seasons = call_numbers(call, period);
    const double *x = call->in[0];

    if (!call->status && call->rows < 2 * period)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than two periods of %lld",
                  (long long)call->rows, (long long)period);
    for (int64_t row = 0; product && !call->status && row < call->rows; row++)
        if (!(x[row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, call_text(call, "column"),
                      "row %lld (from 0) is %g: a product of parts needs numbers above 0", (long long)row, x[row]);
    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++)
        call->out[TREND][row] = row < half || row >= call->rows - half ? NAN : centred_mean(x, row, period);
    if (call->status)
        return call->status;
    find_seasons(call, x, period, product, seasons);
    for (int64_t row = 0; row < call->rows; row++) {
        call->out[SEASONAL][row] = seasons[row % period];
        call->out[RESIDUAL][row] =
            without(without(x[row], call->out[TREND][row], product), seasons[row % period], product);
    }
    return call->status;
}

TABULAR(moving_average, .inputs = {"@column"}, .outputs = {"trend", "seasonal", "residual"}, .fill = fill);
