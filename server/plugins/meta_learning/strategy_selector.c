/* SPDX-License-Identifier: Apache-2.0 */
/* Which strategy for data like these? Each earlier task shows how well each strategy of the pool predicts its last
 * rows; tasks are described by meta-features; and for the whole table the strategy is taken that did best on the three
 * tasks nearest to it. Even strategies are ridge regressions, odd ones ridge regressions with squares; their penalties
 * spread from 1e-4 to 1e2 a row. Odd tasks reach back over the period before theirs, so that tasks differ in size.
 * Source: Brazdil et al. (2003), "Ranking learning algorithms: using IBL and meta-learning on accuracy and time
 * results". */
#include <stdlib.h>

#include "linear_model.h"
#include "support/learner.h"
#include "support/normal_equations.h"

#define POOL_MAX 50
#define META_MAX 5
#define NEAREST 3

struct selection {
    struct call *call;
    struct periods periods;
    size_t pool, meta_count, order; /* order: features, squares and the constant */
    const char *const *meta_names;
    struct normal early, late, joint;
    double *x, *b, *scratch;
    double *errors; /* a row a task: of each strategy, as shares of the variance */
    double *meta;   /* a row a task, and one for the whole */
};

static double penalty_of(const struct selection *s, size_t strategy)
{
    return pow(10, -4 + 6 * (double)strategy / (double)(s->pool - 1));
}

static void add_rows(struct selection *s, struct normal *normal, int64_t from, int64_t to)
{
    size_t count = s->call->feature_count;

    normal_clear(normal);
    for (int64_t row = from; row < to && !call_step_row(s->call, row, s->call->rows); row++) {
        for (size_t i = 0; i < count; i++) {
            s->x[i] = period_feature(&s->periods, i, row);
            s->x[count + i] = s->x[i] * s->x[i];
        }
        s->x[2 * count] = 1;
        normal_add(normal, s->x, period_target(&s->periods, row), 1);
    }
}

/* Into @b, all of it: a strategy without squares is one whose squares are not there. */
static void solve(struct selection *s, const struct normal *normal, size_t strategy, double *b)
{
    size_t count = s->call->feature_count, order = strategy % 2 ? s->order : count + 1;
    struct normal part = s->joint;

    part.order = order;
    for (size_t i = 0; i < order; i++) {
        size_t from = order < s->order && i == count ? s->order - 1 : i;
        part.moment[i] = normal->moment[from];
        for (size_t k = 0; k <= i; k++)
            part.matrix[i * order + k] = normal->matrix[from * s->order + (k == i ? from : k)];
    }
    normal_solve(&part, penalty_of(s, strategy) * normal->weight, b, s->scratch);
    if (order == s->order)
        return;
    b[s->order - 1] = b[count];
    memset(b + count, 0, count * sizeof(double));
}

/* ---- Tasks ---- */

static double moments_of(const struct selection *s, int64_t from, int64_t to, double *third)
{
    double mean = 0, squares = 0, cubes = 0, count = (double)(to - from);

    for (int64_t row = from; row < to; row++)
        mean += period_target(&s->periods, row) / count;
    for (int64_t row = from; row < to; row++) {
        double away = period_target(&s->periods, row) - mean;
        squares += away * away / count;
        cubes += away * away * away / count;
    }
    *third = squares > 0 ? cubes / (squares * sqrt(squares)) : 0;
    return squares;
}

/* How the target goes with its predecessor. */
static double persistence_of(const struct selection *s, int64_t from, int64_t to)
{
    double product = 0, squares = 0, mean = 0;

    for (int64_t row = from; row < to; row++)
        mean += period_target(&s->periods, row) / (double)(to - from);
    for (int64_t row = from; row < to; row++) {
        double away = period_target(&s->periods, row) - mean;
        squares += away * away;
        product += row > from ? away * (period_target(&s->periods, row - 1) - mean) : 0;
    }
    return squares > 0 ? product / squares : 0;
}

static void describe(struct selection *s, int64_t from, int64_t to, double *meta)
{
    double skewness, variance = moments_of(s, from, to, &skewness);

    for (size_t i = 0; i < s->meta_count; i++) {
        const char *name = s->meta_names[i];
        if (strcmp(name, "dataset_size") == 0)
            meta[i] = log((double)(to - from));
        else if (strcmp(name, "feature_count") == 0)
            meta[i] = log((double)s->call->feature_count);
        else if (strcmp(name, "target_variance") == 0)
            meta[i] = log(fmax(variance, 1e-12));
        else if (strcmp(name, "target_skewness") == 0)
            meta[i] = skewness;
        else if (strcmp(name, "target_persistence") == 0)
            meta[i] = persistence_of(s, from, to);
        else
            call_fail(s->call, MLTRAINER_INVALID_PARAMETER, "meta_features", "\"%.40s\" is no meta-feature", name);
    }
}

static void judge(struct selection *s, size_t task)
{
    int64_t from = period_start(&s->periods, task - task % 2), to = period_start(&s->periods, task + 1);
    int64_t middle = from + (to - from) * 7 / 10;

    describe(s, from, to, s->meta + task * s->meta_count);
    add_rows(s, &s->early, from, middle);
    add_rows(s, &s->late, middle, to);
    for (size_t strategy = 0; strategy < s->pool && !s->call->status; strategy++) {
        solve(s, &s->early, strategy, s->b);
        s->errors[task * s->pool + strategy] = normal_residual(&s->late, s->b) / s->late.weight;
    }
}

/* ---- The choice ---- */

/* Meta-features over their deviation among tasks; what is the same for all tells nothing. */
static double distance(const struct selection *s, size_t task)
{
    size_t tasks = s->periods.count;
    double squares = 0;

    for (size_t i = 0; i < s->meta_count; i++) {
        double mean = 0, spread = 0;
        for (size_t k = 0; k < tasks; k++)
            mean += s->meta[k * s->meta_count + i] / (double)tasks;
        for (size_t k = 0; k < tasks; k++)
            spread += pow(s->meta[k * s->meta_count + i] - mean, 2) / (double)tasks;
        double apart = s->meta[task * s->meta_count + i] - s->meta[tasks * s->meta_count + i];
        squares += spread > 1e-24 ? apart * apart / spread : 0;
    }
    return sqrt(squares);
}

static size_t choose(struct selection *s, double *distances)
{
    size_t tasks = s->periods.count, best = 0, near = tasks < NEAREST ? tasks : NEAREST;
    double sums[POOL_MAX] = {0};

    for (size_t task = 0; task < tasks; task++)
        distances[task] = distance(s, task);
    for (size_t n = 0; n < near; n++) {
        size_t nearest = 0;
        for (size_t task = 1; task < tasks; task++)
            nearest = distances[task] < distances[nearest] ? task : nearest;
        for (size_t strategy = 0; strategy < s->pool; strategy++)
            sums[strategy] += s->errors[nearest * s->pool + strategy] / (1 + distances[nearest]);
        distances[nearest] = INFINITY;
    }
    for (size_t strategy = 1; strategy < s->pool; strategy++)
        best = sums[strategy] < sums[best] ? strategy : best;
    return best;
}

static void start(struct selection *s, struct call *call)
{
    *s = (struct selection){.call = call,
                            .pool = (size_t)call_integer(call, "strategy_pool_size", 3, POOL_MAX),
                            .order = 2 * call->feature_count + 1};
    s->meta_names = call_texts(call, "meta_features", META_MAX, &s->meta_count);
    periods_start(&s->periods, call, 10);
    if (call->status)
        return;
    s->early = normal_new(call, s->order);
    s->late = normal_new(call, s->order);
    s->joint = normal_new(call, s->order);
    s->x = call_memory(call, s->order, sizeof(double));
    s->b = call_memory(call, s->order, sizeof(double));
    s->scratch = call_memory(call, s->order * s->order, sizeof(double));
    s->errors = call_memory(call, s->periods.count * s->pool, sizeof(double));
    s->meta = call_memory(call, (s->periods.count + 1) * s->meta_count, sizeof(double));
}

static int32_t fit(struct call *call, void **state)
{
    struct selection s;

    start(&s, call);
    double *distances = call_memory(call, s.periods.count, sizeof(*distances));
    for (size_t task = 0; task < s.periods.count && !call->status; task++)
        judge(&s, task);
    if (call->status)
        return call->status;
    describe(&s, 0, call->rows, s.meta + s.periods.count * s.meta_count);
    size_t chosen = choose(&s, distances);
    call->host->metric(call->host, "strategy", MLTRAINER_STEP_FINAL, (double)chosen);
    add_rows(&s, &s.early, 0, call->rows);
    solve(&s, &s.early, chosen, s.b);
    if (chosen % 2 == 0) /* linear_model_new() wants the constant behind the features */
        s.b[call->feature_count] = s.b[s.order - 1];
    if (!call->status && !(*state = linear_model_new(&s.periods, s.b, chosen % 2 != 0)))
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    return call->status;
}

LEARNER(strategy_selector, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = linear_model_apply,
        .save = linear_model_save, .restore = linear_model_restore, .release = free);
