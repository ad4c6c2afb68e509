/* SPDX-License-Identifier: Apache-2.0 */
/* One tree, or the mean of many that differ by chance: bagging and random forests (Breiman, 1996 and 2001), extremely
 * randomised trees (Geurts, Ernst and Wehenkel, 2006). Tree i takes its chances from stream i. */
#include "support/tree/exact.h"
#include "support/learner.h"

static struct exact_options read_options(struct call *call)
{
    return (struct exact_options){
        .depth_max = (size_t)call_integer(call, "max_depth", 0, 1000),
        .split_rows_min = (size_t)call_integer(call, "min_samples_split", 2, INT32_MAX),
        .leaf_rows_min = (size_t)call_integer(call, "min_samples_leaf", 1, INT32_MAX),
    };
}

/* How often each row is drawn, times its weight. */
static void draw_rows(const struct call *call, struct random *random, double *weights)
{
    memset(weights, 0, (size_t)call->rows * sizeof(*weights));
    for (int64_t i = 0; i < call->rows; i++)
        weights[random_below(random, (uint64_t)call->rows)] += 1;
    for (int64_t row = 0; call->weights && row < call->rows; row++)
        weights[row] *= call->weights[row];
}

static int has_any(const double *weights, int64_t rows)
{
    for (int64_t row = 0; row < rows; row++)
        if (weights[row] > 0)
            return 1;
    return 0;
}

/* @drawn: room for weights, or NULL when each tree has all rows. */
static int32_t grow_all(struct call *call, struct forest *forest, size_t trees,
                        const struct exact_options *wanted, double *drawn)
{
    struct exact exact;
    struct random random;
    struct exact_options options = *wanted;

    if (exact_start(&exact, call))
        return call->status;
    options.random = &random;
    for (size_t tree = 0; tree < trees && !call_step(call, (double)tree, (double)trees); tree++) {
        exact.done = (double)tree;
        exact.whole = (double)trees;
        random_start(&random, call->host, tree);
        if (drawn)
            do
                draw_rows(call, &random, drawn);
            while (!has_any(drawn, call->rows)); /* rows without weight alone are no sample */
        exact_grow(&exact, forest, call->target, drawn ? drawn : call->weights, &options);
    }
    return call->status;
}

static int32_t fit_trees(struct call *call, size_t trees, const struct exact_options *options, double *drawn,
                         void **state)
{
    if (call->status)
        return call->status;
    struct forest *forest = forest_new(call->feature_count);
    if (!forest)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    if (grow_all(call, forest, trees, options, drawn)) {
        forest_free(forest);
        return call->status;
    }
    *state = forest;
    return call->status;
}

static int32_t fit_one(struct call *call, void **state)
{
    struct exact_options options = read_options(call);

    return fit_trees(call, 1, &options, NULL, state);
}

static size_t read_share_of_features(struct call *call)
{
    double share = call_number_within(call, "max_features", 0, 1);
    size_t count = (size_t)(share * (double)call->feature_count);

    return count > 0 ? count : 1;
}

static int32_t fit_forest(struct call *call, void **state)
{
    struct exact_options options = read_options(call);
    size_t trees = (size_t)call_integer(call, "n_estimators", 1, TREES_MAX);

    options.features_tried = read_share_of_features(call);
    return fit_trees(call, trees, &options, call_numbers(call, call->rows), state);
}

static int32_t fit_extra(struct call *call, void **state)
{
    struct exact_options options = read_options(call);
    size_t trees = (size_t)call_integer(call, "n_estimators", 1, TREES_MAX);

    options.features_tried = read_share_of_features(call);
    options.at_random = 1;
    return fit_trees(call, trees, &options, NULL, state);
}

#define AVERAGED(name, how)                                                                                            \
    LEARNER(name, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = how, .apply = forest_mean,                \
            .save = forest_save, .restore = forest_restore_mean, .release = forest_free)

AVERAGED(decision_tree, fit_one);
AVERAGED(random_forest, fit_forest);
AVERAGED(extra_trees, fit_extra);
