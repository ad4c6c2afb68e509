/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_ROLLING_H
#define PLUGIN_SUPPORT_ROLLING_H

#include <stdint.h>

/* Sliding windows over series. Result row r speaks of rows r - window + 1 to r of the input and of no later one; it is
 * NaN while there are fewer. Inputs may begin with NaNs, which do not count as rows; after them all values are finite.
 * Rounding does not pile up: no sum is made by taking away. Multiplying the input by a power of
 * two multiplies the result exactly. Pure; of rows times the window's digits in base 2; outputs do not overlap inputs.
 */

void rolling_mean(const double *values, int64_t rows, int64_t window, double *mean);
void rolling_sum(const double *values, int64_t rows, int64_t window, double *sum);
/** Mean, and the standard deviation over window - @lost (0: the population's; 1: the sample's). */
void rolling_deviation(const double *values, int64_t rows, int64_t window, int lost, double *mean, double *deviation);
/** Correlation of two series; NaN where either is flat. @scratch: 4 * rows numbers. */
void rolling_correlation(const double *x, const double *y, int64_t rows, int64_t window, double *scratch, double *out);
/** Greatest (@sign 1) or least (-1) value. */
void rolling_extreme(const double *values, int64_t rows, int64_t window, int sign, double *out);

/** y[t] = y[t-1] + weight (x[t] - y[t-1]), from the first value that is not NaN on; the first @silent - 1 results after
 *  that start are NaN (pandas' min_periods). In place is fine. */
void rolling_smooth(const double *values, int64_t rows, double weight, int64_t silent, double *out);

/** Every value becomes the sum of all up to it. */
void rolling_total(double *values, int64_t rows);

/** Wilder's average true range: the mean of the first @window rows' ranges, to the close before where that lies
 *  outside; then moved by a window's part of each range. */
void rolling_true_range(const double *high, const double *low, const double *close, int64_t rows, int64_t window,
                        double *out);

/** The weight of an exponential mean of @span rows. */
static inline double rolling_span_weight(int64_t span)
{
    return 2.0 / ((double)span + 1);
}

#endif
