/* SPDX-License-Identifier: Apache-2.0 */
/* Ridge regression whose penalty is learnt: the precisions of noise and coefficients, each with a gamma prior, are set
 * to what makes the rows likeliest, in turn with the coefficients.
 * Sources: MacKay (1992), "Bayesian interpolation"; Tipping (2001), appendix A. */
#include <math.h>
#include <stdlib.h>

#include <cblas.h>
#include <lapacke.h>

#include "line.h"

struct belief {
    const struct moments *moments;
    size_t features;
    double *values, *vectors; /* of the products' own directions */
    double *along;            /* target along each */
    double *turned, *coefficients;
    double noise, size;       /* precisions */
};

/* What is left of the target, squared, once the coefficients are known for the precisions. */
static double update(struct belief *b)
{
    double left = b->moments->target_squares;
    int p = (int)b->features;

    for (size_t i = 0; i < b->features; i++) {
        double turned = b->along[i] / (b->values[i] + b->size / b->noise);
        b->turned[i] = turned;
        left += turned * (turned * b->values[i] - 2 * b->along[i]);
    }
    cblas_dgemv(CblasColMajor, CblasNoTrans, p, p, 1, b->vectors, p, b->turned, 1, 0, b->coefficients, 1);
    return fmax(left, 0);
}

static int32_t find_directions(struct call *call, struct belief *b)
{
    int p = (int)b->features;

    memcpy(b->vectors, b->moments->products, b->features * b->features * sizeof(double));
    if (LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', p, b->vectors, p, b->values) != 0)
        return call_fail(call, MLTRAINER_NOT_CONVERGED, "", "the directions of the features were not found");
    for (size_t i = 0; i < b->features; i++)
        b->values[i] = fmax(b->values[i], 0);
    cblas_dgemv(CblasColMajor, CblasTrans, p, p, 1, b->vectors, p, b->moments->with_target, 1, 0, b->along, 1);
    return call->status;
}

static void iterate(struct call *call, struct belief *b, const double *priors, int64_t rounds, double tolerance)
{
    double *before = call_numbers(call, (int64_t)b->features + 1);

    for (int64_t round = 0; round < rounds && !call_step(call, (double)round, (double)rounds); round++) {
        double left = update(b), known = 0, squares = 0, moved = 0;
        for (size_t i = 0; i < b->features; i++) {
            known += b->noise * b->values[i] / (b->size + b->noise * b->values[i]);
            squares += b->coefficients[i] * b->coefficients[i];
            moved += fabs(b->coefficients[i] - before[i]);
        }
        b->size = (known + 2 * priors[2]) / (squares + 2 * priors[3]);
        b->noise = (b->moments->weight - known + 2 * priors[0]) / (left + 2 * priors[1]);
        if (round > 0 && moved < tolerance)
            break;
        memcpy(before, b->coefficients, b->features * sizeof(double));
    }
}

static int32_t fit(struct call *call, void **state)
{
    static const char *const names[] = {"alpha_1", "alpha_2", "lambda_1", "lambda_2"};
    int64_t rounds = call_integer(call, "max_iter", 1, 100000), p = (int64_t)call->feature_count;
    double tolerance = call_number_within(call, "tol", 0, 1), priors[4];
    struct moments moments;

    for (size_t i = 0; i < 4; i++)
        priors[i] = call_number_within(call, names[i], 1e-30, 1e12);
    if (moments_take(call, &moments))
        return call->status;
    struct belief b = {.moments = &moments, .features = call->feature_count, .values = call_numbers(call, p + 1),
                       .vectors = call_numbers(call, p * p + 1), .along = call_numbers(call, p + 1),
                       .turned = call_numbers(call, p + 1), .coefficients = call_numbers(call, p + 1), .size = 1};
    if (call->status || find_directions(call, &b))
        return call->status;
    b.noise = 1 / (moments.target_squares / moments.weight + 2.220446049250313e-16);
    iterate(call, &b, priors, rounds, tolerance);
    update(&b);
    struct line *line = call->status ? NULL : line_new(call);
    if (!line)
        return call->status;
    memcpy(line->coefficients, b.coefficients, (size_t)p * sizeof(double));
    call->host->metric(call->host, "noise_precision", MLTRAINER_STEP_FINAL, b.noise);
    call->host->metric(call->host, "coefficient_precision", MLTRAINER_STEP_FINAL, b.size);
    return line_finish(call, line, moments.means, moments.target_mean, state);
}

LEARNER(bayesian_ridge, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = line_apply,
        .save = line_save, .restore = line_restore, .release = free);
