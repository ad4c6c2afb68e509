/* SPDX-License-Identifier: Apache-2.0 */
/* A line that few wild rows do not bend: squares of what is missed up to epsilon deviations, beyond them only its size.
 * Line and deviation are found together, as the minimum over w, c and sigma of
 *
 *     sum of weight (sigma + sigma H((c + x w - y) / sigma)) + alpha |w|^2,   H(z) = z^2 or 2 epsilon |z| - epsilon^2,
 *
 * which is convex, by Newton's method with a halving line search. Far from the end, where few rows bend the loss, its
 * own second derivative promises what no step keeps: then that of the squares which lie above the loss and touch it
 * here is taken (what reweighted least squares do), in which far rows count too. Source: Huber and Ronchetti (2009),
 * "Robust statistics", 7.7-7.8. */
#include <stdlib.h>

#include <cblas.h>
#include <lapacke.h>

#include "line.h"
#include "standardized.h"

#define SIGMA_LEAST 1e-10 /* of the target's deviation: the line meets the rows then */
#define SHORT 0.2         /* a step that was cut so far: the next is from above */

struct huber {
    struct call *call;
    struct standardized rows;
    double epsilon, alpha, sigma;
    int from_above;          /* non-zero: the squares above the loss bend, not the loss */
    double *target, *weights;
    double *b;               /* slopes, constant */
    double *missed;          /* a row: what b leaves */
    double *slope, *bending; /* a row: first and second derivative by the prediction */
    double *cross;           /* a row: derivative of the slope by sigma */
    double *gradient, *matrix, *next;
};

static void miss(const struct huber *h, const double *b, double *missed)
{
    standardized_times(&h->rows, b, missed);
    cblas_daxpy((int)h->rows.rows, -1, h->target, 1, missed, 1);
}

static double penalty_of(const struct huber *h, size_t feature)
{
    double deviation = h->rows.deviations[feature];

    return deviation > 0 ? h->alpha / (deviation * deviation) : 1; /* the slope of a constant is 0 */
}

static double value_of(const struct huber *h, const double *b, double sigma, const double *missed)
{
    double sum = 0;

    for (size_t row = 0; row < h->rows.rows; row++) {
        double z = fabs(missed[row] / sigma);
        double loss = z <= h->epsilon ? z * z : 2 * h->epsilon * z - h->epsilon * h->epsilon;
        sum += h->weights[row] * sigma * (1 + loss);
    }
    for (size_t i = 0; i + 1 < h->rows.width; i++)
        sum += penalty_of(h, i) * b[i] * b[i];
    return sum;
}

/* Gradient and second derivatives by slopes, constant and sigma, the last. */
static void differentiate(struct huber *h)
{
    size_t width = h->rows.width, order = width + 1;
    double by_sigma = 0, twice = 0;

    for (size_t row = 0; row < h->rows.rows; row++) {
        double z = h->missed[row] / h->sigma, weight = h->weights[row];
        int near = fabs(z) <= h->epsilon;
        double far = h->from_above ? 2 * h->epsilon / fmax(fabs(z), h->epsilon) : 0;
        h->slope[row] = weight * (near ? 2 * z : copysign(2 * h->epsilon, z));
        h->bending[row] = weight * (near ? 2 : far) / h->sigma;
        h->cross[row] = -z * h->bending[row];
        by_sigma += weight * (1 - (near ? z * z : h->epsilon * h->epsilon));
        twice += z * z * h->bending[row];
    }
    standardized_sums(&h->rows, h->slope, h->gradient);
    standardized_curvature(&h->rows, h->bending, h->matrix, order);
    standardized_sums(&h->rows, h->cross, h->matrix + width * order);
    for (size_t i = 0; i + 1 < width; i++) {
        h->gradient[i] += 2 * penalty_of(h, i) * h->b[i];
        h->matrix[i * order + i] += 2 * penalty_of(h, i);
    }
    h->gradient[width] = by_sigma;
    h->matrix[width * order + width] = twice;
}

/* Newton's step into h->next; how much it promises. Where no row bends a direction, a little is added. */
static double aim(struct huber *h)
{
    size_t order = h->rows.width + 1;
    double largest = 0, promised = 0;

    for (size_t i = 0; i < order; i++)
        largest = fmax(largest, h->matrix[i * order + i]);
    for (size_t i = 0; i < order; i++) {
        h->matrix[i * order + i] += 1e-12 * largest;
        h->next[i] = -h->gradient[i];
    }
    if (LAPACKE_dposv(LAPACK_COL_MAJOR, 'U', (int)order, 1, h->matrix, (int)order, h->next, (int)order) != 0)
        for (size_t i = 0; i < order; i++)
            h->next[i] = -h->gradient[i] / largest;
    for (size_t i = 0; i < order; i++)
        promised -= h->next[i] * h->gradient[i];
    return promised;
}

/* As far along the step as makes the value smaller, sigma by half at most; how far, 0 when nothing does. */
static double descend(struct huber *h, double promised, double *value)
{
    size_t width = h->rows.width;
    double *b = h->gradient; /* it has served */
    double most = h->next[width] < 0 ? fmin(1, -h->sigma / 2 / h->next[width]) : 1;

    for (double length = most; length > 1e-10; length /= 2) {
        double sigma = h->sigma + length * h->next[width];
        for (size_t i = 0; i < width; i++)
            b[i] = h->b[i] + length * h->next[i];
        miss(h, b, h->slope);
        double there = value_of(h, b, sigma, h->slope);
        if (!(there <= *value - 1e-4 * length * promised))
            continue;
        memcpy(h->b, b, width * sizeof(double));
        memcpy(h->missed, h->slope, h->rows.rows * sizeof(double));
        h->sigma = sigma;
        *value = there;
        return length;
    }
    return 0;
}

/* Rounds that were done; @rounds when it was not enough. */
static int64_t minimize(struct huber *h, int64_t rounds, double tolerance)
{
    double least = SIGMA_LEAST * h->sigma;
    int64_t round = 0;

    miss(h, h->b, h->missed);
    double value = value_of(h, h->b, h->sigma, h->missed);
    for (; round < rounds && h->sigma > least && !call_step(h->call, (double)round, (double)rounds); round++) {
        differentiate(h);
        double promised = aim(h), length = promised > tolerance * value ? descend(h, promised, &value) : 0;
        if (length == 0 && (h->from_above || promised <= tolerance * value))
            break;
        h->from_above = length < SHORT;
    }
    return round;
}

static double start(struct huber *h)
{
    struct call *call = h->call;
    double total = 0, mean = 0, squares = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        h->weights[row] = call->weights ? call->weights[row] : 1;
        total += h->weights[row];
        mean += h->weights[row] * call->target[row];
    }
    mean /= total;
    for (int64_t row = 0; row < call->rows; row++) {
        h->target[row] = call->target[row] - mean;
        squares += h->weights[row] * h->target[row] * h->target[row];
    }
    h->sigma = sqrt(squares / total);
    return mean;
}

static int32_t fit(struct call *call, void **state)
{
    int64_t rounds = call_integer(call, "max_iter", 1, 100000);
    double tolerance = call_number_within(call, "tol", 1e-15, 1);
    struct huber h = {.call = call,
                      .epsilon = call_number_within(call, "epsilon", 1, 1e6),
                      .alpha = call_number_within(call, "alpha", 0, 1e12),
                      .from_above = 1,
                      .target = call_numbers(call, call->rows), .weights = call_numbers(call, call->rows),
                      .missed = call_numbers(call, call->rows), .slope = call_numbers(call, call->rows),
                      .bending = call_numbers(call, call->rows), .cross = call_numbers(call, call->rows)};
    size_t order = call->feature_count + 2;

    if (!call->status && call->feature_count > LINE_FEATURES_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu features are more than %d", call->feature_count,
                  LINE_FEATURES_MAX);
    h.b = call_memory(call, order, sizeof(double));
    h.gradient = call_memory(call, order, sizeof(double));
    h.next = call_memory(call, order, sizeof(double));
    h.matrix = call_memory(call, order * order, sizeof(double));
    if (standardized_take(call, 1, &h.rows))
        return call->status;
    double mean = start(&h);
    int64_t done = minimize(&h, rounds, tolerance);
    struct line *line = call->status ? NULL : line_new(call);
    if (!line)
        return call->status;
    for (size_t i = 0; i < line->features; i++)
        line->coefficients[i] = h.rows.deviations[i] > 0 ? h.b[i] / h.rows.deviations[i] : 0;
    call->host->metric(call->host, "deviation", MLTRAINER_STEP_FINAL, h.sigma);
    call->host->metric(call->host, "rounds", MLTRAINER_STEP_FINAL, (double)done);
    call->host->metric(call->host, "converged", MLTRAINER_STEP_FINAL, done < rounds);
    return line_finish(call, line, h.rows.means, mean + h.b[line->features], state);
}

LEARNER(huber, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = line_apply, .save = line_save,
        .restore = line_restore, .release = free);
