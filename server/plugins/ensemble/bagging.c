/* SPDX-License-Identifier: Apache-2.0 */
/* Bagging: the mean of trees, each of a share of the rows, drawn with replacement. Tree i takes its chances from stream
 * i. Source: Breiman (1996), "Bagging predictors", Machine Learning 24. */
#include "support/learner.h"
#include "support/tree/exact.h"

/* How often each row is drawn, times its weight; again while only rows without weight came. */
static void draw_rows(const struct call *call, struct random *random, int64_t draws, double *drawn)
{
    for (double sum = 0; sum <= 0;) {
        memset(drawn, 0, (size_t)call->rows * sizeof(*drawn));
        for (int64_t i = 0; i < draws; i++) {
            uint64_t row = random_below(random, (uint64_t)call->rows);
            double weight = call->weights ? call->weights[row] : 1;
            drawn[row] += weight;
            sum += weight;
        }
    }
}

static int32_t grow_all(struct call *call, struct forest *forest, size_t trees, int64_t draws, double *drawn)
{
    const struct exact_options options = {0};
    struct exact exact;
    struct random random;

    if (exact_start(&exact, call))
        return call->status;
    exact.whole = (double)trees;
    for (size_t tree = 0; tree < trees && !call_step(call, (double)tree, (double)trees); tree++) {
        exact.done = (double)tree;
        random_start(&random, call->host, tree);
        draw_rows(call, &random, draws, drawn);
        exact_grow(&exact, forest, call->target, drawn, &options);
    }
    return call->status;
}

static int32_t fit(struct call *call, void **state)
{
    size_t trees = (size_t)call_integer(call, "n_estimators", 1, TREES_MAX);
    double share = call_number_within(call, "max_samples", 0, 1);
    int64_t draws = (int64_t)(share * (double)call->rows);
    double *drawn = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    struct forest *forest = forest_new(call->feature_count);
    if (!forest)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    if (grow_all(call, forest, trees, draws > 0 ? draws : 1, drawn))
        forest_free(forest);
    else
        *state = forest;
    return call->status;
}

LEARNER(bagging, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = forest_mean,
        .save = forest_save, .restore = forest_restore_mean, .release = forest_free);
