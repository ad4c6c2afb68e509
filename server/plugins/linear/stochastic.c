/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that learn from one row at a time.
 *
 * sgd: a step against the derivative of (w x + c - y)^2 / 2 + alpha |w|^2 / 2, of length eta0 / t^power_t.
 * passive_aggressive: the least step after which the row is missed by at most epsilon, no longer than C.
 * online: one pass in the order of the rows, as they would arrive.
 *
 * Sources: Robbins and Monro (1951); Bottou (2012), "Stochastic gradient descent tricks"; Crammer et al. (2006),
 * "Online passive-aggressive algorithms", PA-I; the rules of the end are scikit-learn's SGDRegressor's, the online ones
 * river's. */
#include <stdlib.h>

#include "line.h"
#include "standardized.h"
#include "support/random.h"

#define LOSSES_NO_BETTER 5 /* passes, after which it ends */
#define STEPS_A_QUESTION 1024

struct learning {
    struct call *call;
    size_t features;
    const double *rows;  /* row after row */
    const double *means; /* what the rows are less of */
    double *deviations;  /* and divided by */
    double *w, constant;
    int with_constant;
    double done, whole; /* rows */
};

typedef double (*stepper)(struct learning *learning, const void *rule, const double *x, double missed, double weight);

static double predict(const struct learning *l, const double *x)
{
    double sum = l->constant;

    for (size_t i = 0; i < l->features; i++)
        sum += l->w[i] * x[i];
    return sum;
}

static void add(struct learning *l, const double *x, double factor)
{
    for (size_t i = 0; i < l->features; i++)
        l->w[i] += factor * x[i];
    if (l->with_constant)
        l->constant += factor;
}

/* Features row after row, standardized when asked for. */
static void take_rows(struct call *call, struct learning *l)
{
    double *rows = call_numbers(call, call->rows * (int64_t)l->features),
           *means = call_numbers(call, (int64_t)l->features), *deviations = call_numbers(call, (int64_t)l->features);
    struct standardized s = {0};
    int standardize = call_flag(call, "standardize");

    if (!call->status && standardize)
        standardized_take(call, l->with_constant, &s);
    for (size_t i = 0; !call->status && i < l->features; i++) {
        means[i] = standardize ? s.means[i] : 0;
        deviations[i] = standardize ? s.deviations[i] : 1;
        for (int64_t row = 0; row < call->rows; row++)
            rows[(size_t)row * l->features + i] =
                standardize ? s.columns[i * s.rows + (size_t)row] : call->features[i][row];
    }
    l->rows = rows;
    l->means = means;
    l->deviations = deviations;
}

static int32_t finish(struct learning *l, void **state)
{
    struct line *line = l->call->status ? NULL : line_new(l->call);

    if (!line)
        return l->call->status;
    for (size_t i = 0; i < l->features; i++)
        line->coefficients[i] = l->deviations[i] > 0 ? l->w[i] / l->deviations[i] : 0;
    return line_finish(l->call, line, l->means, l->constant, state);
}

static int32_t grown(struct learning *l)
{
    return call_fail(l->call, MLTRAINER_INVALID_DATA, "",
                     "the steps grow beyond all bounds: standardize the features, or take a smaller learning rate");
}

/* ---- Many passes ---- */

/* One pass; the loss summed over it. */
static double pass(struct learning *l, const uint32_t *order, stepper take_step, const void *rule)
{
    double loss = 0;

    for (int64_t i = 0; i < l->call->rows; i++, l->done++) {
        if (i % STEPS_A_QUESTION == 0 && call_step(l->call, l->done, l->whole))
            break;
        const double *x = l->rows + order[i] * l->features;
        double missed = predict(l, x) - l->call->target[order[i]];
        loss += take_step(l, rule, x, missed, l->call->weights ? l->call->weights[order[i]] : 1);
    }
    if (!isfinite(loss) || !isfinite(l->constant))
        grown(l);
    return loss;
}

static int32_t fit_passes(struct call *call, stepper take_step, const void *rule, void **state)
{
    int64_t passes = call_integer(call, "max_iter", 1, 1000000), worse = 0, done = 0;
    double tolerance = call_number_within(call, "tol", 0, 1e12), best = INFINITY;
    int shuffle = call_flag(call, "shuffle");
    uint32_t *order = call_memory(call, (size_t)call->rows, sizeof(*order));
    struct learning l = {.call = call,
                         .features = call->feature_count,
                         .w = call_memory(call, call->feature_count, sizeof(double)),
                         .with_constant = call_flag(call, "fit_intercept"),
                         .whole = (double)passes * (double)call->rows};
    struct random random;

    if (!call->status && call->rows > UINT32_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are too many", (long long)call->rows);
    take_rows(call, &l);
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        order[row] = (uint32_t)row;
    random_start(&random, call->host, 0);
    while (!call->status && done < passes && worse < LOSSES_NO_BETTER) {
        if (shuffle)
            random_shuffle(&random, order, (size_t)call->rows);
        double loss = pass(&l, order, take_step, rule);
        worse = loss > best - tolerance * (double)call->rows ? worse + 1 : 0;
        best = fmin(best, loss);
        call->host->metric(call->host, "loss", done, loss / (double)call->rows);
        done++;
    }
    call->host->metric(call->host, "passes", MLTRAINER_STEP_FINAL, (double)done);
    call->host->metric(call->host, "converged", MLTRAINER_STEP_FINAL, worse >= LOSSES_NO_BETTER);
    return finish(&l, state);
}

struct descent {
    double alpha, rate, power;
};

/* The t-th row's step. */
static double step_down(struct learning *l, const void *rule, const double *x, double missed, double weight)
{
    const struct descent *descent = rule;
    double rate = descent->rate / pow(l->done + 1, descent->power);
    double kept = fmax(0, 1 - rate * descent->alpha), squares = 0;

    for (size_t i = 0; i < l->features; i++) {
        squares += l->w[i] * l->w[i];
        l->w[i] *= kept;
    }
    add(l, x, -rate * fmax(-1e12, fmin(missed, 1e12)) * weight);
    return 0.5 * missed * missed + 0.5 * descent->alpha * squares;
}

static int32_t fit_sgd(struct call *call, void **state)
{
    const struct descent descent = {.alpha = call_number_within(call, "alpha", 0, 1e12),
                                    .rate = call_number_within(call, "eta0", 1e-12, 1e6),
                                    .power = call_number_within(call, "power_t", 0, 10)};

    return fit_passes(call, step_down, &descent, state);
}

struct tolerance {
    double step_max, epsilon;
};

static double step_within(struct learning *l, const void *rule, const double *x, double missed, double weight)
{
    const struct tolerance *tolerance = rule;
    double squares = 0, loss = fmax(0, fabs(missed) - tolerance->epsilon);

    for (size_t i = 0; i < l->features; i++)
        squares += x[i] * x[i];
    if (squares > 0 && loss > 0)
        add(l, x, copysign(fmin(tolerance->step_max, loss / squares), -missed) * weight);
    return loss;
}

static int32_t fit_passive_aggressive(struct call *call, void **state)
{
    const struct tolerance tolerance = {.step_max = call_number_within(call, "C", 1e-12, 1e12),
                                        .epsilon = call_number_within(call, "epsilon", 0, 1e12)};

    return fit_passes(call, step_within, &tolerance, state);
}

/* ---- One pass, as rows arrive ---- */

/* Mean and deviation of what has arrived, by Welford's sums. */
static void see(struct learning *l, double *means, double *squares, const double *row, double seen, double *x)
{
    for (size_t i = 0; i < l->features; i++) {
        double off = row[i] - means[i];
        means[i] += off / seen;
        squares[i] += off * (row[i] - means[i]);
        l->deviations[i] = sqrt(squares[i] / seen);
        x[i] = l->deviations[i] > 0 ? (row[i] - means[i]) / l->deviations[i] : 0;
    }
}

static int32_t learn_as_they_arrive(struct call *call, struct learning *l, double rate, double constant_rate,
                                    double penalty, int standardize)
{
    double *rows = call_feature_rows(call), *means = call_numbers(call, (int64_t)l->features),
           *squares = call_numbers(call, (int64_t)l->features), *scaled = call_numbers(call, (int64_t)l->features);
    double absolute = 0, weight_sum = 0;

    l->deviations = call_numbers(call, (int64_t)l->features);
    l->means = means;
    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++) {
        const double *x = rows + (size_t)row * l->features;
        double weight = call->weights ? call->weights[row] : 1;
        if (standardize) {
            see(l, means, squares, x, (double)row + 1, scaled);
            x = scaled;
        }
        double missed = predict(l, x) - call->target[row];
        double slope = fmax(-1e12, fmin(2 * missed * weight, 1e12));
        absolute += weight * fabs(missed);
        weight_sum += weight;
        for (size_t i = 0; i < l->features; i++)
            l->w[i] -= rate * (slope * x[i] + penalty * l->w[i]);
        l->constant -= constant_rate * slope;
        if (!isfinite(missed))
            grown(l);
    }
    for (size_t i = 0; !call->status && !standardize && i < l->features; i++)
        l->deviations[i] = 1;
    if (!call->status) /* each row judged before it was learned from */
        call->host->metric(call->host, "progressive_mae", MLTRAINER_STEP_FINAL, absolute / weight_sum);
    return call->status;
}

static int32_t fit_online(struct call *call, void **state)
{
    double rate = call_number_within(call, "learning_rate", 1e-12, 1e6);
    double constant_rate = call_number_within(call, "intercept_learning_rate", 0, 1e6);
    double penalty = call_number_within(call, "l2_regularization", 0, 1e6);
    int standardize = call_flag(call, "standardize");
    struct learning l = {.call = call, .features = call->feature_count,
                         .w = call_memory(call, call->feature_count, sizeof(double))};

    if (call->status || learn_as_they_arrive(call, &l, rate, constant_rate, penalty, standardize))
        return call->status;
    return finish(&l, state);
}

LEARNER(sgd, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit_sgd, .apply = line_apply, .save = line_save,
        .restore = line_restore, .release = free);
LEARNER(passive_aggressive, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit_passive_aggressive,
        .apply = line_apply, .save = line_save, .restore = line_restore, .release = free);
LEARNER(online, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit_online, .apply = line_apply,
        .save = line_save, .restore = line_restore, .release = free);
