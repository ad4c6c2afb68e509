/* SPDX-License-Identifier: Apache-2.0 */
/* Empirical mode decomposition: from the series the mean of the splines through its maxima and its minima is taken away
 * until that mean is small; what is left is the fastest oscillation, and the rest is treated likewise.
 * Source: Huang et al. (1998), Proc. R. Soc. A 454, with Cauchy's criterion; the two outermost extrema are mirrored. */
#include "support/tabular.h"

enum { COMPONENT, ROW, VALUE, MIRRORED = 2, SIFTINGS_MAX = 1000 };

/* Knots of a spline, ascending. */
struct knots {
    double *x, *y, *second, *work;
    int64_t count;
};

static struct knots knots_new(struct call *call)
{
    int64_t room = call->rows + 2 * MIRRORED + 2;

    return (struct knots){.x = call_numbers(call, room),
                          .y = call_numbers(call, room),
                          .second = call_numbers(call, room),
                          .work = call_numbers(call, room)};
}

/* Maxima (@sign 1) or minima (-1): the middle of a flat top. */
static void find_extrema(const double *x, int64_t rows, int sign, struct knots *knots)
{
    knots->count = 0;
    for (int64_t i = 1; i + 1 < rows; i++) {
        int64_t end = i;
        if (!(sign * x[i] > sign * x[i - 1]))
            continue;
        while (end + 1 < rows && x[end + 1] == x[i])
            end++;
        if (end + 1 < rows && sign * x[end + 1] < sign * x[i]) {
            knots->x[knots->count] = (double)((i + end) / 2);
            knots->y[knots->count++] = x[i];
        }
        i = end;
    }
}

/* The outermost two at each end again, mirrored at the end, so that the spline has something to hold on to. */
static void mirror(struct knots *knots, int64_t rows)
{
    int64_t more = knots->count < MIRRORED ? knots->count : MIRRORED, last = 2 * (rows - 1);

    memmove(knots->x + more, knots->x, (size_t)knots->count * sizeof(double));
    memmove(knots->y + more, knots->y, (size_t)knots->count * sizeof(double));
    for (int64_t i = 0; i < more; i++) {
        knots->x[more - 1 - i] = -knots->x[more + i];
        knots->y[more - 1 - i] = knots->y[more + i];
    }
    knots->count += more;
    for (int64_t i = 0; i < more; i++) {
        knots->x[knots->count + i] = (double)last - knots->x[knots->count - 1 - i];
        knots->y[knots->count + i] = knots->y[knots->count - 1 - i];
    }
    knots->count += more;
}

/* Second derivatives of the natural spline, by the tridiagonal system (Press et al., "Numerical recipes", 3.3). */
static void prepare(struct knots *k)
{
    k->second[0] = k->work[0] = 0;
    for (int64_t i = 1; i + 1 < k->count; i++) {
        double before = k->x[i] - k->x[i - 1], after = k->x[i + 1] - k->x[i], share = before / (before + after);
        double pivot = share * k->second[i - 1] + 2;
        double slope = (k->y[i + 1] - k->y[i]) / after - (k->y[i] - k->y[i - 1]) / before;
        k->second[i] = (share - 1) / pivot;
        k->work[i] = (6 * slope / (before + after) - share * k->work[i - 1]) / pivot;
    }
    k->second[k->count - 1] = 0;
    for (int64_t i = k->count - 1; i-- > 0;)
        k->second[i] = k->second[i] * k->second[i + 1] + k->work[i];
}

static double value_at(const struct knots *k, int64_t *at, double x)
{
    while (*at + 2 < k->count && k->x[*at + 1] < x)
        (*at)++;
    double width = k->x[*at + 1] - k->x[*at], a = (k->x[*at + 1] - x) / width, b = (x - k->x[*at]) / width;
    return a * k->y[*at] + b * k->y[*at + 1] +
           ((a * a * a - a) * k->second[*at] + (b * b * b - b) * k->second[*at + 1]) * width * width / 6;
}

struct sifting {
    struct call *call;
    struct knots upper, lower;
    double *mode; /* becomes the oscillation */
};

/* Take the mean of the envelopes away; gives its share of what there was, or -1 when there are too few extrema. */
static double sift(struct sifting *s)
{
    int64_t rows = s->call->rows, at_upper = 0, at_lower = 0;
    double taken = 0, whole = 0;

    find_extrema(s->mode, rows, 1, &s->upper);
    find_extrema(s->mode, rows, -1, &s->lower);
    if (s->upper.count + s->lower.count < 3 || s->upper.count == 0 || s->lower.count == 0)
        return -1;
    mirror(&s->upper, rows);
    mirror(&s->lower, rows);
    prepare(&s->upper);
    prepare(&s->lower);
    for (int64_t row = 0; row < rows; row++) {
        double mean = (value_at(&s->upper, &at_upper, (double)row) + value_at(&s->lower, &at_lower, (double)row)) / 2;
        whole += s->mode[row] * s->mode[row];
        taken += mean * mean;
        s->mode[row] -= mean;
    }
    return whole > 0 ? taken / whole : 0;
}

extern const struct mltrainer_computable empirical_mode_computable;
static int32_t fill(struct call *call);
TABULAR(empirical_mode, .inputs = {"@column"}, .outputs = {"component", "row", "value"}, .own_rows = 1, .fill = fill);

static int32_t write_all(struct call *call, const double *modes, int64_t count, const double *rest)
{
    int64_t rows = call->rows;

    if (tabular_start(call, &empirical_mode_tabular, (count + 1) * rows))
        return call->status;
    for (int64_t i = 0; i <= count; i++)
        for (int64_t row = 0; row < rows; row++) {
            int64_t at = i * rows + row;
            call->out[COMPONENT][at] = i < count ? (double)(i + 1) : 0;
            call->out[ROW][at] = (double)row;
            call->out[VALUE][at] = i < count ? modes[at] : rest[row];
        }
    return call->status;
}

static int32_t fill(struct call *call)
{
    int64_t most = call_integer(call, "max_imf", 1, 64), rows = call->rows, count = 0;
    double threshold = call_number_within(call, "threshold", 1e-6, 1);
    struct sifting s = {
        .call = call, .upper = knots_new(call), .lower = knots_new(call), .mode = call_numbers(call, rows)};
    double *rest = call_numbers(call, rows), *modes = call_numbers(call, rows * (call->status ? 1 : most));

    if (call->status)
        return call->status;
    memcpy(rest, call->in[0], (size_t)rows * sizeof(double));
    for (; count < most; count++) {
        double share = 1;
        memcpy(s.mode, rest, (size_t)rows * sizeof(double));
        for (int i = 0; i < SIFTINGS_MAX && share > threshold && !call_step(call, (double)count, (double)most); i++) {
            double next = sift(&s);
            if (next < 0 && i == 0)
                return write_all(call, modes, count, rest); /* no oscillation is left */
            if (next < 0)
                break;
            share = next;
        }
        if (call->status)
            return call->status;
        memcpy(modes + count * rows, s.mode, (size_t)rows * sizeof(double));
        for (int64_t row = 0; row < rows; row++)
            rest[row] -= s.mode[row];
    }
    return write_all(call, modes, count, rest);
}
