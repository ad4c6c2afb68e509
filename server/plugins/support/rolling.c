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

/* Mean and sum of squared deviations of one window, in two passes. */
static void measure(const double *values, int64_t window, double *mean, double *squares)
{
    double sum = 0, rest = 0;

    for (int64_t i = 0; i < window; i++)
        sum += values[i] - values[0];
    *mean = values[0] + sum / (double)window;
    *squares = 0;
    for (int64_t i = 0; i < window; i++) {
        *squares += (values[i] - *mean) * (values[i] - *mean);
        rest += values[i] - *mean;
    }
    *mean += rest / (double)window;
}

void rolling_deviation(const double *values, int64_t rows, int64_t window, int lost, double *mean, double *deviation)
{
    double current = 0, squares = 0;
    int64_t first = leading_nans(values, rows);

    for (int64_t row = 0; row < rows; row++) {
        int64_t start = row - window + 1;
        if (start < first) {
            mean[row] = deviation[row] = NAN;
            continue;
        }
        if ((start - first) % window == 0) {
            measure(values + start, window, &current, &squares);
        } else {
            double in = values[row], out = values[start - 1], before = current;
            current += (in - out) / (double)window;
            squares += (in - out) * (in - current + out - before);
        }
        mean[row] = current;
        deviation[row] = sqrt(fmax(squares, 0) / (double)(window - lost));
    }
}

void rolling_mean(const double *values, int64_t rows, int64_t window, double *mean)
{
    double current = 0, squares;
    int64_t first = leading_nans(values, rows);

    for (int64_t row = 0; row < rows; row++) {
        int64_t start = row - window + 1;
        if (start < first) {
            mean[row] = NAN;
            continue;
        }
        if ((start - first) % window == 0)
            measure(values + start, window, &current, &squares);
        else
            current += (values[row] - values[start - 1]) / (double)window;
        mean[row] = current;
    }
}

void rolling_sum(const double *values, int64_t rows, int64_t window, double *sum)
{
    double current = 0;
    int64_t first = leading_nans(values, rows);

    for (int64_t row = 0; row < rows; row++) {
        int64_t start = row - window + 1;
        if (start < first) {
            sum[row] = NAN;
            continue;
        }
        if ((start - first) % window == 0) {
            current = 0;
            for (int64_t i = start; i <= row; i++)
                current += values[i];
        } else {
            current += values[row] - values[start - 1];
        }
        sum[row] = current;
    }
}

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

/* The queue holds rows whose values fall (for the greatest) from its head on: who is overtaken can never win again. */
void rolling_extreme(const double *values, int64_t rows, int64_t window, int sign, int64_t *queue, double *out)
{
    int64_t head = 0, tail = 0, first = leading_nans(values, rows);

    for (int64_t row = 0; row < rows; row++) {
        if (row < first) {
            out[row] = NAN;
            continue;
        }
        while (tail > head && sign * values[queue[tail - 1]] <= sign * values[row])
            tail--;
        queue[tail++] = row;
        if (queue[head] <= row - window)
            head++;
        out[row] = row - window + 1 < first ? NAN : values[queue[head]];
    }
}

void rolling_smooth(const double *values, int64_t rows, double weight, int64_t silent, double *out)
{
    double current = 0;
    int64_t seen = 0;

    for (int64_t row = 0; row < rows; row++) {
        double value = values[row];
        if (seen == 0 && isnan(value)) {
            out[row] = NAN;
            continue;
        }
        current = seen == 0 ? value : current + weight * (value - current);
        seen++;
        out[row] = seen < silent ? NAN : current;
    }
}
