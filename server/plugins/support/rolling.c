/* SPDX-License-Identifier: Apache-2.0 */
#include "support/rolling.h"

#include <math.h>

static int64_t leading_nans(const double *values, int64_t rows)
{
    int64_t count = 0;

    while (count < rows && isnan(values[count]))
        count++;
    return count;
}

/* A window that ends at a row holds one row whose distance from the first is a multiple of @window, the joint. Its sums
 * are those from its start up to the joint, which are made backwards when the joint is reached and wait in the rows
 * that will ask for them, and those from the joint on. So nothing is ever subtracted again: no rounding piles up, and a
 * great value leaves no trace once it has left. Source: van Herk (1992) and Gil and Werman (1993), for extremes.
 *
 *     first        joint        joint        joint
 *       |····[······|·····]      |            |           [ ] the window of one row
 */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Rows before the first whole window. */
static int64_t blank(int64_t first, int64_t rows, int64_t window, double *out)
{
    int64_t start = least(first + window - 1, rows);

    for (int64_t row = 0; row < start; row++)
        out[row] = NAN;
    return start;
}

/* Against the joint's own value: what is squared and summed is of the window's size, whatever the level. */
void rolling_deviation(const double *values, int64_t rows, int64_t window, int lost, double *mean, double *deviation)
{
    int64_t first = leading_nans(values, rows);
    double count = (double)window, share = (double)(window - lost);

    blank(first, rows, window, mean);
    blank(first, rows, window, deviation);
    for (int64_t joint = first; joint < rows; joint += window) {
        double sum = 0, squares = 0, pivot = values[joint];
        int64_t end = least(joint + window, rows);
        /* the window's start moves back */
        for (int64_t row = joint + window - 2; joint > first && row >= joint; row--) {
            double away = values[row - window + 1] - pivot;
            sum += away;
            squares += away * away;
            if (row < rows) {
                mean[row] = sum;
                deviation[row] = squares;
            }
        }
        if (joint > first && joint + window - 1 < rows)
            mean[joint + window - 1] = deviation[joint + window - 1] = 0;
        sum = squares = 0;
        for (int64_t row = joint; row < end; row++) {
            double away = values[row] - pivot;
            sum += away;
            squares += away * away;
            if (joint == first && row < joint + window - 1)
                continue;
            double all = joint == first ? sum : mean[row] + sum,
                   all_squares = joint == first ? squares : deviation[row] + squares;
            mean[row] = pivot + all / count;
            deviation[row] = sqrt(fmax(all_squares - all * all / count, 0) / share);
        }
    }
}

void rolling_sum(const double *values, int64_t rows, int64_t window, double *sum)
{
    int64_t first = leading_nans(values, rows);

    blank(first, rows, window, sum);
    for (int64_t joint = first; joint < rows; joint += window) {
        int64_t end = least(joint + window, rows);
        double part = 0;
        for (int64_t row = joint + window - 2; joint > first && row >= joint; row--) {
            part += values[row - window + 1];
            if (row < rows)
                sum[row] = part;
        }
        if (joint > first && joint + window - 1 < rows)
            sum[joint + window - 1] = 0;
        part = 0;
        for (int64_t row = joint; row < end; row++) {
            part += values[row];
            if (joint > first)
                sum[row] += part;
        }
        if (joint == first && first + window <= rows)
            sum[first + window - 1] = part;
    }
}

void rolling_mean(const double *values, int64_t rows, int64_t window, double *mean)
{
    double count = (double)window;

    rolling_sum(values, rows, window, mean);
    for (int64_t row = 0; row < rows; row++)
        mean[row] /= count;
}

/* ---- Two series ---- */

/* Sum of products of deviations of one window. */
static double co_squares(const double *x, const double *y, int64_t window, double x_mean, double y_mean)
{
    double sum = 0;

    for (int64_t i = 0; i < window; i++)
        sum += (x[i] - x_mean) * (y[i] - y_mean);
    return sum;
}

void rolling_correlation(const double *x, const double *y, int64_t rows, int64_t window, double *scratch, double *out)
{
    double *x_mean = scratch, *x_deviation = scratch + rows, *y_mean = scratch + 2 * rows,
           *y_deviation = scratch + 3 * rows, products = 0;
    int64_t x_first = leading_nans(x, rows), y_first = leading_nans(y, rows),
            first = x_first > y_first ? x_first : y_first;

    rolling_deviation(x, rows, window, 0, x_mean, x_deviation);
    rolling_deviation(y, rows, window, 0, y_mean, y_deviation);
    for (int64_t row = 0; row < rows; row++) {
        int64_t start = row - window + 1;
        if (start < first) {
            out[row] = NAN;
            continue;
        }
        if ((start - first) % window == 0)
            products = co_squares(x + start, y + start, window, x_mean[row], y_mean[row]);
        else /* what comes in against the new mean of x, and what goes out against the old one of y */
            products += (x[row] - x_mean[row]) * (y[row] - y_mean[row - 1]) -
                        (x[start - 1] - x_mean[row]) * (y[start - 1] - y_mean[row - 1]);
        double both = x_deviation[row] * y_deviation[row] * (double)window;
        out[row] = both > 0 ? fmax(-1, fmin(1, products / both)) : NAN;
    }
}

static inline double further(double a, double b, int sign)
{
    return (sign > 0 ? a > b : a < b) ? a : b;
}

static inline void extremes(const double *values, int64_t rows, int64_t window, int sign, double *out)
{
    int64_t first = leading_nans(values, rows);

    blank(first, rows, window, out);
    for (int64_t joint = first; joint < rows; joint += window) {
        int64_t end = least(joint + window, rows);
        double best = values[joint];
        for (int64_t row = joint + window - 2; joint > first && row >= joint; row--) {
            best = further(values[row - window + 1], best, sign);
            if (row < rows)
                out[row] = best;
        }
        if (joint > first && joint + window - 1 < rows)
            out[joint + window - 1] = values[joint];
        best = values[joint];
        for (int64_t row = joint; row < end; row++) {
            best = further(values[row], best, sign);
            if (joint > first)
                out[row] = further(out[row], best, sign);
        }
        if (joint == first && first + window <= rows)
            out[first + window - 1] = best;
    }
}

void rolling_extreme(const double *values, int64_t rows, int64_t window, int sign, double *out)
{
    if (sign > 0)
        extremes(values, rows, window, 1, out);
    else
        extremes(values, rows, window, -1, out);
}

/* Four rows at a time, each from the value before them, so that a row need not wait for the one before: with q = 1 -
 * weight, y[t+2] = y[t] + q weight (x[t+1] - y[t]) + weight (x[t+2] - y[t]), and so on. */
void rolling_smooth(const double *values, int64_t rows, double weight, int64_t silent, double *out)
{
    int64_t first = leading_nans(values, rows);
    double q = 1 - weight, share[4] = {weight, q * weight, q * q * weight, q * q * q * weight};

    for (int64_t row = 0; row < first; row++)
        out[row] = NAN;
    if (first == rows)
        return;
    double current = out[first] = values[first];
    for (int64_t row = first + 1; row < rows; row += 4) {
        double away[4] = {0}, made[4];
        int64_t count = least(4, rows - row);
        for (int64_t i = 0; i < count; i++)
            away[i] = values[row + i] - current;
        made[0] = current + share[0] * away[0];
        made[1] = current + (share[1] * away[0] + share[0] * away[1]);
        made[2] = current + (share[2] * away[0] + share[1] * away[1] + share[0] * away[2]);
        made[3] = current + ((share[3] * away[0] + share[2] * away[1]) + (share[1] * away[2] + share[0] * away[3]));
        for (int64_t i = 0; i < count; i++)
            out[row + i] = made[i];
        current = made[3];
    }
    for (int64_t row = first; row < least(first + silent - 1, rows); row++)
        out[row] = NAN;
}

void rolling_true_range(const double *high, const double *low, const double *close, int64_t rows, int64_t window,
                        double *out)
{
    double mean = 0;

    for (int64_t row = 0; row < rows; row++) {
        double range = high[row] - low[row];
        if (row > 0)
            range = fmax(range, fmax(fabs(high[row] - close[row - 1]), fabs(low[row] - close[row - 1])));
        mean += row < window ? range / (double)window : (range - mean) / (double)window;
        out[row] = row < window - 1 ? NAN : mean;
    }
}
