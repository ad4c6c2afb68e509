/* SPDX-License-Identifier: Apache-2.0 */
/* Transfer between periods: each has a ridge regression; those whose coefficients point the same way as the last one's
 * (cosine of at least the threshold) are averaged, weighted by it, and the mean is adapted to the last period by steps
 * of gradient descent. Few steps of a low rate stay near what the similar periods agree upon. */
#include <stdlib.h>

#include "linear_model.h"
#include "support/learner.h"
#include "support/normal_equations.h"

#define PENALTY 1e-2 /* a row */

struct transfer {
    struct call *call;
    struct periods periods;
    struct normal *normals; /* a period */
    double *coefficients;   /* a row a period */
    double *x, *scratch, *prior;
    size_t order;
};

static void add_period(struct transfer *t, size_t number)
{
    for (int64_t row = period_start(&t->periods, number); row < period_start(&t->periods, number + 1); row++) {
        for (size_t i = 0; i + 1 < t->order; i++)
            t->x[i] = period_feature(&t->periods, i, row);
        t->x[t->order - 1] = 1;
        normal_add(&t->normals[number], t->x, period_target(&t->periods, row), 1);
        if (call_step_row(t->call, row, t->call->rows))
            return;
    }
    normal_solve(&t->normals[number], PENALTY * t->normals[number].weight, t->coefficients + number * t->order,
                 t->scratch);
}

/* Of the slopes; the constant says where, not how. */
static double cosine(const double *a, const double *b, size_t count)
{
    double product = 0, first = 0, second = 0;

    for (size_t i = 0; i < count; i++) {
        product += a[i] * b[i];
        first += a[i] * a[i];
        second += b[i] * b[i];
    }
    return first > 0 && second > 0 ? product / sqrt(first * second) : 0;
}

static void average_similar(struct transfer *t, double threshold)
{
    const double *last = t->coefficients + (t->periods.count - 1) * t->order;
    double whole = 0, used = 0;

    memset(t->prior, 0, t->order * sizeof(double));
    for (size_t number = 0; number < t->periods.count; number++) {
        const double *b = t->coefficients + number * t->order;
        double alike = number + 1 == t->periods.count ? 1 : cosine(b, last, t->order - 1);
        if (alike < threshold)
            continue;
        for (size_t i = 0; i < t->order; i++)
            t->prior[i] += alike * b[i];
        whole += alike;
        used++;
    }
    for (size_t i = 0; i < t->order; i++)
        t->prior[i] /= whole;
    t->call->host->metric(t->call->host, "similar_periods", MLTRAINER_STEP_FINAL, used);
}

/* The gradient of the mean square is (X'X b - X'y) / rows. */
static void adapt(struct transfer *t, double rate, int64_t steps)
{
    const struct normal *last = &t->normals[t->periods.count - 1];

    for (int64_t step = 0; step < steps && !call_step(t->call, (double)step, (double)steps); step++) {
        for (size_t i = 0; i < t->order; i++) {
            double sum = -last->moment[i];
            for (size_t k = 0; k < t->order; k++)
                sum += last->matrix[k <= i ? i * t->order + k : k * t->order + i] * t->prior[k];
            t->scratch[i] = sum / last->weight;
        }
        for (size_t i = 0; i < t->order; i++)
            t->prior[i] -= rate * t->scratch[i];
    }
}

static int32_t fit(struct call *call, void **state)
{
    double threshold = call_number_within(call, "task_similarity_threshold", 0, 1);
    double rate = call_number_within(call, "adaptation_rate", 0, 1);
    int64_t steps = call_integer(call, "adaptation_steps", 0, 100000);
    struct transfer t = {.call = call, .order = call->feature_count + 1};

    periods_start(&t.periods, call, 2);
    if (call->status)
        return call->status;
    t.normals = call_memory(call, t.periods.count, sizeof(*t.normals));
    t.coefficients = call_memory(call, t.periods.count * t.order, sizeof(double));
    t.x = call_memory(call, t.order, sizeof(double));
    t.prior = call_memory(call, t.order, sizeof(double));
    t.scratch = call_memory(call, t.order * t.order, sizeof(double));
    call_part(call, 0, 0.5);
    for (size_t number = 0; number < t.periods.count && !call->status; number++) {
        t.normals[number] = normal_new(call, t.order);
        if (!call->status)
            add_period(&t, number);
    }
    if (call->status)
        return call->status;
    call_part(call, 0.5, 1);
    average_similar(&t, threshold);
    adapt(&t, rate, steps);
    if (!call->status && !(*state = linear_model_new(&t.periods, t.prior, 0)))
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    return call->status;
}

LEARNER(similar_tasks, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = linear_model_apply,
        .save = linear_model_save, .restore = linear_model_restore, .release = free);
