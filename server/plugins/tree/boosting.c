/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient boosting under squared loss (Friedman, 2001): from the mean on, each tree is grown on what the sum of those
 * before leaves, and added with a rate. What differs is how a tree grows: all cuts, leaf by leaf over bins, or one cut
 * a level. */
#include "support/learner.h"
#include "support/tree/exact.h"
#include "support/tree/histogram.h"
#include "support/tree/oblivious_walk.h"

struct boosting {
    struct call *call;
    struct forest *forest;
    double *predictions; /* of the training rows, by the trees so far */
    size_t rounds;
    double rate;
};

static void start_at_mean(struct boosting *b)
{
    const struct call *call = b->call;
    double sum = 0, total = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        sum += weight * call->target[row];
        total += weight;
    }
    b->forest->base = sum / total;
    for (int64_t row = 0; row < call->rows; row++)
        b->predictions[row] = b->forest->base;
}

static int start(struct boosting *b, struct call *call, const char *rounds)
{
    *b = (struct boosting){.call = call,
                           .rounds = (size_t)call_integer(call, rounds, 1, TREES_MAX),
                           .rate = call_number_within(call, "learning_rate", 1e-9, 1e3),
                           .predictions = call_numbers(call, call->rows)};
    if (call->status)
        return call->status;
    b->forest = forest_new(call->feature_count);
    if (!b->forest)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    start_at_mean(b);
    return 0;
}

static int32_t finish(struct boosting *b, void **state)
{
    if (b->call->status)
        forest_free(b->forest);
    else
        *state = b->forest;
    return b->call->status;
}

/* ---- Every cut ---- */

static void add_newest(struct boosting *b)
{
    struct forest *forest = b->forest;

    for (size_t i = forest->roots[forest->tree_count - 1]; i < forest->node_count; i++)
        if (forest->nodes[i].feature == TREE_LEAF)
            forest->nodes[i].value *= b->rate;
    for (int64_t row = 0; row < b->call->rows; row++)
        b->predictions[row] += tree_says(forest, forest->tree_count - 1, b->call->features, row);
}

static int32_t fit_exact(struct call *call, void **state)
{
    struct exact_options options = {.depth_max = (size_t)call_integer(call, "max_depth", 1, 1000),
                                    .leaf_rows_min = (size_t)call_integer(call, "min_samples_leaf", 1, INT32_MAX)};
    double *residuals = call_numbers(call, call->rows);
    struct exact exact;
    struct boosting b;

    if (call->status || start(&b, call, "n_estimators"))
        return call->status;
    exact_start(&exact, call);
    exact.whole = (double)b.rounds;
    for (size_t round = 0; round < b.rounds && !call_step(call, (double)round, (double)b.rounds); round++) {
        exact.done = (double)round;
        for (int64_t row = 0; row < call->rows; row++)
            residuals[row] = call->target[row] - b.predictions[row];
        if (exact_grow(&exact, b.forest, residuals, call->weights, &options))
            break;
        add_newest(&b);
    }
    return finish(&b, state);
}

/* ---- Over bins ---- */

typedef int32_t grow_function(struct histogram *histogram, struct forest *forest, double rate,
                              const struct histogram_options *options, double *predictions);

static int32_t fit_bins(struct call *call, const char *rounds, size_t bins, const struct histogram_options *options,
                        grow_function *grow, void **state)
{
    struct histogram histogram;
    struct boosting b;

    if (call->status || start(&b, call, rounds))
        return call->status;
    histogram_start(&histogram, call, bins);
    histogram.whole = (double)b.rounds;
    for (size_t round = 0; round < b.rounds && !call_step(call, (double)round, (double)b.rounds); round++) {
        histogram.done = (double)round;
        if (grow(&histogram, b.forest, b.rate, options, b.predictions))
            break;
    }
    return finish(&b, state);
}

static int32_t fit_hist(struct call *call, void **state)
{
    struct histogram_options options = {.leaves_max = (size_t)call_integer(call, "max_leaf_nodes", 2, 100000),
                                        .penalty = call_number_within(call, "l2_regularization", 0, 1e12),
                                        .weight_min = call_number_within(call, "min_samples_leaf", 1, 1e12)};

    return fit_bins(call, "max_iter", (size_t)call_integer(call, "max_bins", 2, BINS_MAX), &options, histogram_grow,
                    state);
}

static int32_t fit_lightgbm(struct call *call, void **state)
{
    struct histogram_options options = {.leaves_max = (size_t)call_integer(call, "num_leaves", 2, 100000),
                                        .penalty = call_number_within(call, "reg_lambda", 0, 1e12),
                                        .weight_min = call_number_within(call, "min_child_samples", 1, 1e12)};

    return fit_bins(call, "n_estimators", (size_t)call_integer(call, "max_bin", 2, BINS_MAX), &options, histogram_grow,
                    state);
}

static int32_t fit_xgboost(struct call *call, void **state)
{
    struct histogram_options options = {.depth_max = (size_t)call_integer(call, "max_depth", 1, 64),
                                        .penalty = call_number_within(call, "reg_lambda", 0, 1e12),
                                        .weight_min = call_number_within(call, "min_child_weight", 0, 1e12)};

    return fit_bins(call, "n_estimators", (size_t)call_integer(call, "max_bin", 2, BINS_MAX), &options, histogram_grow,
                    state);
}

static int32_t fit_catboost(struct call *call, void **state)
{
    struct histogram_options options = {.depth_max = (size_t)call_integer(call, "depth", 1, 16),
                                        .penalty = call_number_within(call, "l2_leaf_reg", 0, 1e12)};

    return fit_bins(call, "iterations", (size_t)call_integer(call, "border_count", 1, BINS_MAX - 1) + 1, &options,
                    oblivious_grow, state);
}

/* ---- Prediction ---- */

static int32_t apply(struct call *call, const void *state)
{
    const struct forest *forest = state;

    for (int64_t row = 0; row < call->rows; row++)
        call->out[0][row] = forest->base;
    if (oblivious_add_up(call, forest, call->out[0]))
        return call->status;
    return forest_add_up(call, forest, 0, call->out[0]);
}

#define BOOSTED(name, how)                                                                                             \
    LEARNER(name, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = how, .apply = apply, .save = forest_save, \
            .restore = forest_restore, .release = forest_free)

BOOSTED(gradient_boosting, fit_exact);
BOOSTED(hist_gradient_boosting, fit_hist);
BOOSTED(lightgbm, fit_lightgbm);
BOOSTED(xgboost, fit_xgboost);
BOOSTED(catboost, fit_catboost);
