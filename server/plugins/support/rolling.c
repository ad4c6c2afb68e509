/* SPDX-License-Identifier: Apache-2.0 */
#include "support/rolling.h"

#include <math.h>
#include <string.h>

#include "support/wide.h"

static int64_t leading_nans(const double *values, int64_t rows)
{
    int64_t count = 0;

    while (count < rows && isnan(values[count]))
        count++;
    return count;
}

/* A window's result is made of two windows' of half its length, as far as one value more: with the digits of the length
 * in base 2 from the first on, 20 = 10100 is 1, 2, 5, 10, 20. In every step no row waits for another, so that it
 * vectorises; a length of 20 takes four. So nothing is ever subtracted again: no rounding piles up, a great value
 * leaves no trace once it has left, and a window's result depends on its own rows alone.
 * Steps are made in place, from the last row back, and a tile after the other, so that they stay in the nearest cache;
 * windows that are too long for that take all rows as one tile, in the output itself. */

#define TILE 1024        /* rows */
#define WINDOW_NEAR 1024 /* the longest that tiles are for */
#define LANES 4

typedef double lanes __attribute__((vector_size(8 * LANES)));
typedef int64_t chosen __attribute__((vector_size(8 * LANES))); /* all bits of a lane, or none */
typedef double lanes_at __attribute__((vector_size(8 * LANES), aligned(8), may_alias)); /* in memory */

#define AT(pointer) (*(lanes_at *)(pointer))
#define FROM(pointer) (*(const lanes_at *)(pointer))
#define INLINE static inline __attribute__((always_inline))

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Rows before the first whole window. */
static void blank(int64_t first, int64_t rows, int64_t window, double *out)
{
    for (int64_t row = 0; row < least(first + window - 1, rows); row++)
        out[row] = NAN;
}

/* The second digit of @window in base 2, as a number. */
static int64_t second_digit(int64_t window)
{
    return ((int64_t)1 << (63 - __builtin_clzll((unsigned long long)window))) / 2;
}

/* ---- Sums ---- */

/* @from[i] is the sum of the @half values up to i, @to[i] will be that of twice as many, and one @more. */
INLINE void sum_twice(const double *values, const double *from, double *to, int64_t count, int64_t half, int more)
{
    int64_t lead = 2 * half - 1 + more, i = count;

    for (; i - LANES >= lead; i -= LANES) {
        lanes both = FROM(from + i - LANES) + FROM(from + i - LANES - half);
        AT(to + i - LANES) = more ? both + FROM(values + i - LANES - 2 * half) : both;
    }
    for (i--; i >= lead; i--)
        to[i] = from[i] + from[i - half] + (more ? values[i - 2 * half] : 0);
}

/* @sum gets all but the first window - 1; @tile: what is between. Either may be the other. */
WIDE static void sum_windows(const double *values, double *tile, double *sum, int64_t count, int64_t window)
{
    const double *from = values;
    int64_t half = 1;

    for (int64_t digit = second_digit(window); digit > 0; digit /= 2) {
        double *to = digit == 1 ? sum : tile;
        if (window & digit)
            sum_twice(values, from, to, count, half, 1);
        else
            sum_twice(values, from, to, count, half, 0);
        half = 2 * half + ((window & digit) != 0);
        from = to;
    }
    if (window == 1)
        memcpy(sum, values, (size_t)count * sizeof(double));
}

static void sum_over(const double *values, int64_t rows, int64_t window, double divisor, double *sum)
{
    int64_t first = leading_nans(values, rows), step = window > WINDOW_NEAR ? rows : TILE;
    double near[TILE + WINDOW_NEAR];

    for (int64_t row = first + window - 1; row < rows; row += step) {
        int64_t base = row - window + 1, end = least(row + step, rows);
        sum_windows(values + base, window > WINDOW_NEAR ? sum + base : near, sum + base, end - base, window);
        for (int64_t i = row; divisor != 1 && i < end; i++)
            sum[i] /= divisor;
    }
    blank(first, rows, window, sum);
}

void rolling_sum(const double *values, int64_t rows, int64_t window, double *sum)
{
    sum_over(values, rows, window, 1, sum);
}

void rolling_mean(const double *values, int64_t rows, int64_t window, double *mean)
{
    sum_over(values, rows, window, (double)window, mean);
}

/* ---- Means and deviations ---- */

/* Of the values up to a row: their mean, and the squares of their distances from it. */
struct spread {
    double *mean, *squares;
};

/* As sum_twice(). @from of single values has no squares. Source: Chan, Golub and LeVeque (1983), "Algorithms for
 * computing the sample variance". */
INLINE void spread_twice(const double *values, struct spread from, struct spread to, int64_t count, int64_t half,
                         int more, int single)
{
    double pair = (double)half / 2, share = 1 / (double)(2 * half + 1), weight = (double)(2 * half) * share;
    int64_t lead = 2 * half - 1 + more, i = count;

    for (; i - LANES >= lead; i -= LANES) {
        lanes own = FROM(from.mean + i - LANES), apart = FROM(from.mean + i - LANES - half) - own;
        lanes middle = own + apart * 0.5, all = apart * apart * pair;
        if (!single)
            all += FROM(from.squares + i - LANES) + FROM(from.squares + i - LANES - half);
        if (more) {
            apart = FROM(values + i - LANES - 2 * half) - middle;
            middle += apart * share;
            all += apart * apart * weight;
        }
        AT(to.mean + i - LANES) = middle;
        AT(to.squares + i - LANES) = all;
    }
    for (i--; i >= lead; i--) {
        double apart = from.mean[i - half] - from.mean[i], middle = from.mean[i] + apart * 0.5;
        double all = apart * apart * pair + (single ? 0 : from.squares[i] + from.squares[i - half]);
        apart = more ? values[i - 2 * half] - middle : 0;
        to.mean[i] = middle + apart * share;
        to.squares[i] = all + apart * apart * weight;
    }
}

/* As sum_windows(), of two values at least. */
WIDE static void spread_windows(const double *values, struct spread tile, struct spread out, int64_t count,
                                int64_t window)
{
    int64_t half = 1;

    for (int64_t digit = second_digit(window); digit > 0; digit /= 2) {
        struct spread to = digit == 1 ? out : tile, single = {.mean = (double *)values};
        if (half == 1 && window & digit)
            spread_twice(values, single, to, count, half, 1, 1);
        else if (half == 1)
            spread_twice(values, single, to, count, half, 0, 1);
        else if (window & digit)
            spread_twice(values, tile, to, count, half, 1, 0);
        else
            spread_twice(values, tile, to, count, half, 0, 0);
        half = 2 * half + ((window & digit) != 0);
    }
}

void rolling_deviation(const double *values, int64_t rows, int64_t window, int lost, double *mean, double *deviation)
{
    int64_t first = leading_nans(values, rows), step = window > WINDOW_NEAR ? rows : TILE;
    double near_mean[TILE + WINDOW_NEAR], near_squares[TILE + WINDOW_NEAR], share = 1 / (double)(window - lost);

    for (int64_t row = first + window - 1; row < rows; row += step) {
        int64_t base = row - window + 1, end = least(row + step, rows);
        struct spread out = {mean + base, deviation + base}, near = {near_mean, near_squares};
        if (window == 1)
            memcpy(mean + row, values + row, (size_t)(end - row) * sizeof(double));
        spread_windows(values + base, window > WINDOW_NEAR ? out : near, out, end - base, window);
        for (int64_t i = row; i < end; i++)
            deviation[i] = window == 1 ? 0 * share : sqrt(deviation[i] * share);
    }
    blank(first, rows, window, mean);
    blank(first, rows, window, deviation);
}

/* ---- Two series ---- */

/* Windows that are summed anew in each row: that costs as little as moving the sum on, and what moving it loses is much
 * of a sum of so few. */
#define AFRESH_MAX 8

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
        if (window <= AFRESH_MAX || (start - first) % window == 0)
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

/* ---- Extremes ---- */

/* Two windows may share values. */
INLINE void extreme_twice(const double *from, double *to, int64_t count, int64_t half, int64_t apart, int sign)
{
    int64_t lead = half - 1 + apart, i = count;

    for (; i - LANES >= lead; i -= LANES) {
        lanes own = FROM(from + i - LANES), other = FROM(from + i - LANES - apart);
        chosen further_is = sign > 0 ? other > own : other < own;
        AT(to + i - LANES) = (lanes)(((chosen)other & further_is) | ((chosen)own & ~further_is));
    }
    for (i--; i >= lead; i--)
        to[i] = further(from[i - apart], from[i], sign);
}

/* As sum_windows(); the last step is as long as it has to be. */
INLINE void extreme_windows(const double *values, double *tile, double *out, int64_t count, int64_t window, int sign)
{
    const double *from = values;

    for (int64_t half = 1; half < window; half *= 2) {
        double *to = 2 * half < window ? tile : out;
        extreme_twice(from, to, count, half, least(half, window - half), sign);
        from = to;
    }
    if (window == 1)
        memcpy(out, values, (size_t)count * sizeof(double));
}

WIDE static void greatest_windows(const double *values, double *tile, double *out, int64_t count, int64_t window)
{
    extreme_windows(values, tile, out, count, window, 1);
}

WIDE static void least_windows(const double *values, double *tile, double *out, int64_t count, int64_t window)
{
    extreme_windows(values, tile, out, count, window, -1);
}

void rolling_extreme(const double *values, int64_t rows, int64_t window, int sign, double *out)
{
    int64_t first = leading_nans(values, rows), step = window > WINDOW_NEAR ? rows : TILE;
    double near[TILE + WINDOW_NEAR];

    for (int64_t row = first + window - 1; row < rows; row += step) {
        int64_t base = row - window + 1, count = least(row + step, rows) - base;
        double *tile = window > WINDOW_NEAR ? out + base : near;
        if (sign > 0)
            greatest_windows(values + base, tile, out + base, count, window);
        else
            least_windows(values + base, tile, out + base, count, window);
    }
    blank(first, rows, window, out);
}

/* ---- Smoothing, and running sums ---- */

#define RUN (2 * LANES) /* rows that are made together, each from the value before all of them */

/* A row does not wait for the one before: with q = 1 - weight, from a pivot p near by,
 * y[t+k] - p = q^k (y[t] - p) + weight (x[t+k] - p) + q weight (x[t+k-1] - p) + … + q^(k-1) weight (x[t+1] - p).
 * Where nothing changes nothing is added: a flat series stays what it is. */
struct smoother {
    double left[RUN];        /* q^(k+1) */
    double share[RUN][RUN];  /* of row j's value in row k: [j][k] */
};

static void smoother_init(struct smoother *s, double weight)
{
    double q = 1 - weight;

    for (int j = 0; j < RUN; j++) {
        double part = weight;
        s->left[j] = j ? s->left[j - 1] * q : q;
        for (int k = 0; k < RUN; k++) {
            s->share[j][k] = k < j ? 0 : part;
            part = k < j ? part : part * q;
        }
    }
}

/* Whole runs of RUN rows; gives the last row's result. */
WIDE static double smooth_runs(const struct smoother *s, const double *values, int64_t runs, double current,
                               double *out)
{
    for (; runs > 0; runs--, values += RUN, out += RUN) {
        double pivot = values[0], away = current - pivot;
        lanes near = {0}, far = {0};
        for (int j = 1; j < RUN; j++) {
            double value = values[j] - pivot;
            near += FROM(s->share[j]) * value;
            far += FROM(s->share[j] + LANES) * value;
        }
        near = pivot + (near + FROM(s->left) * away);
        far = pivot + (far + FROM(s->left + LANES) * away);
        AT(out) = near;
        AT(out + LANES) = far;
        current = far[LANES - 1];
    }
    return current;
}

void rolling_smooth(const double *values, int64_t rows, double weight, int64_t silent, double *out)
{
    int64_t first = leading_nans(values, rows);
    struct smoother smoother;

    for (int64_t row = 0; row < first; row++)
        out[row] = NAN;
    if (first == rows)
        return;
    smoother_init(&smoother, weight);
    double current = out[first] = values[first];
    int64_t runs = (rows - first - 1) / RUN, row = first + 1 + runs * RUN;
    current = smooth_runs(&smoother, values + first + 1, runs, current, out + first + 1);
    for (; row < rows; row++)
        out[row] = current += weight * (values[row] - current);
    for (row = first; row < least(first + silent - 1, rows); row++)
        out[row] = NAN;
}

/* Four rows' own sums beside those of all rows before. */
void rolling_total(double *values, int64_t rows)
{
    double total = 0;
    int64_t row = 0;

    for (; row + 4 <= rows; row += 4) {
        double *v = values + row, two = v[0] + v[1], three = two + v[2], four = two + (v[2] + v[3]);
        v[0] = total + v[0];
        v[1] = total + two;
        v[2] = total + three;
        v[3] = total = total + four;
    }
    for (; row < rows; row++)
        values[row] = total += values[row];
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
