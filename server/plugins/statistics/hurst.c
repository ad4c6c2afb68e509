/* SPDX-License-Identifier: Apache-2.0 */
/* Hurst's exponent in four ways. Each measures how far the series' running sum gets in pieces of a size; the exponent
 * is read off the slope of the measure's log over the size's. */
#include "tests.h"

struct path {
    const double *steps; /* the series */
    const double *sums;  /* its running sum, less the mean's part */
    int64_t rows;
};

/* One way. A measure is NaN where nothing changes. */
struct method {
    const char *name;
    double (*measure)(const struct path *path, int64_t size);
    double factor, shift; /* exponent = shift + factor * slope */
    int pieces;           /* sizes double from min_window on while there are so many; 0: each to 2 * min_window - 1 */
};

/* ---- Rescaled range: Hurst (1951), Mandelbrot and Wallis (1969) ---- */

/* Range of the running sum of deviations over the standard deviation. */
static double rescaled_range(const double *values, int64_t count)
{
    double mean = 0, sum = 0, high = 0, low = 0, squares = 0;

    for (int64_t i = 0; i < count; i++)
        mean += values[i] / (double)count;
    for (int64_t i = 0; i < count; i++) {
        sum += values[i] - mean;
        high = fmax(high, sum);
        low = fmin(low, sum);
        squares += (values[i] - mean) * (values[i] - mean);
    }
    return squares > 0 ? (high - low) / sqrt(squares / (double)count) : NAN;
}

static double mean_range(const struct path *path, int64_t size)
{
    double sum = 0, pieces = 0;

    for (int64_t from = 0; from + size <= path->rows; from += size) {
        double range = rescaled_range(path->steps + from, size);
        sum += isnan(range) ? 0 : range;
        pieces += !isnan(range);
    }
    return pieces > 0 ? sum / pieces : NAN;
}

/* ---- Detrended fluctuations: Peng et al. (1994), "Mosaic organization of DNA nucleotides" ---- */

/* Squares of a piece of the running sum about its own line. */
static double squares_about_line(const double *values, int64_t count)
{
    double middle = (double)(count - 1) / 2, mean = 0, tt = 0, ty = 0, squares = 0;

    for (int64_t i = 0; i < count; i++)
        mean += values[i] / (double)count;
    for (int64_t i = 0; i < count; i++) {
        tt += ((double)i - middle) * ((double)i - middle);
        ty += ((double)i - middle) * (values[i] - mean);
    }
    for (int64_t i = 0; i < count; i++) {
        double rest = values[i] - mean - ty / tt * ((double)i - middle);
        squares += rest * rest;
    }
    return squares;
}

static double fluctuation(const struct path *path, int64_t size)
{
    double squares = 0, rows = 0;

    for (int64_t from = 0; from + size <= path->rows; from += size) {
        squares += squares_about_line(path->sums + from, size);
        rows += (double)size;
    }
    return sqrt(squares / rows);
}

/* ---- Variance of the pieces' means: Taqqu, Teverovsky and Willinger (1995), "Estimators for long-range dependence" */

static double variance_of_means(const struct path *path, int64_t size)
{
    double mean = 0, squares = 0;
    int64_t pieces = path->rows / size;

    for (int64_t i = 0; i < pieces * size; i++)
        mean += path->steps[i] / (double)(pieces * size);
    for (int64_t piece = 0; piece < pieces; piece++) {
        double sum = 0;
        for (int64_t i = 0; i < size; i++)
            sum += path->steps[piece * size + i] - mean;
        squares += sum / (double)size * (sum / (double)size);
    }
    return squares / (double)pieces;
}

/* ---- The generalised exponent of order 1: Di Matteo (2007), "Multi-scaling in finance" ---- */

static double mean_distance(const struct path *path, int64_t size)
{
    double sum = 0;

    for (int64_t row = size; row < path->rows; row++)
        sum += fabs(path->sums[row] - path->sums[row - size]);
    return sum / (double)(path->rows - size);
}

static const struct method methods[] = {
    {"rs", mean_range, 1, 0, 2},
    {"dfa", fluctuation, 1, 0, 2},
    {"variance", variance_of_means, 0.5, 1, 5}, /* that of two means is hardly known */
    {"ghe", mean_distance, 1, 0, 0},
};

static int32_t fill_hurst(struct call *call);

TABULAR(hurst, .inputs = {"@column"}, .outputs = {"hurst", "explained", "sizes"}, .own_rows = 1, .fill = fill_hurst);

/* Errors: a series that does not change. */
static struct path path_of(struct call *call)
{
    double *sums = call_numbers(call, call->rows), mean = 0, sum = 0;
    int64_t same = 1;

    while (same < call->rows && call->in[0][same] == call->in[0][0])
        same++;
    if (same == call->rows)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the series does not change");
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        mean += call->in[0][row] / (double)call->rows;
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        sums[row] = sum += call->in[0][row] - mean;
    return (struct path){.steps = call->in[0], .sums = sums, .rows = call->rows};
}

static int32_t fill_hurst(struct call *call)
{
    static const char *const names[] = {"rs", "dfa", "variance", "ghe", NULL};
    const struct method *method = &methods[call_choice(call, "method", names)];
    int64_t least = call_integer(call, "min_window", 4, TEST_ROWS_MAX), count = 0;

    if (call->status || test_need_rows(call, 4 * least))
        return call->status;
    int64_t first = method->pieces ? least : 1, last = method->pieces ? call->rows / method->pieces : 2 * least - 1;
    double *sizes = call_numbers(call, last), *measures = call_numbers(call, last);
    struct path path = path_of(call);
    if (call->status || tabular_start(call, &hurst_tabular, 1))
        return call->status;
    for (int64_t size = first; size <= last; size = method->pieces ? size * 2 : size + 1) {
        if (call_step(call, (double)size, (double)last))
            return call->status;
        double measure = method->measure(&path, size);
        if (measure > 0) {
            sizes[count] = log((double)size);
            measures[count++] = log(measure);
        }
    }
    if (count < 2)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "fewer than two sizes at which the series changes");
    call->out[0][0] = method->shift + method->factor * test_slope(sizes, measures, count, &call->out[1][0]);
    call->out[2][0] = (double)count;
    return call->status;
}
