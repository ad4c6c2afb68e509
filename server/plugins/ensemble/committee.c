/* SPDX-License-Identifier: Apache-2.0 */
#include "committee.h"

#include <stdlib.h>

#define BOOSTED_DEPTH 3

int32_t committee_start(struct committee_fits *fits, struct call *call)
{
    size_t leaf_rows = (size_t)call_integer(call, "min_samples_leaf", 1, INT32_MAX);

    *fits = (struct committee_fits){
        .call = call,
        .tree = {.depth_max = (size_t)call_integer(call, "max_depth", 1, 1000), .leaf_rows_min = leaf_rows},
        .boosted = {.depth_max = BOOSTED_DEPTH, .leaf_rows_min = leaf_rows},
        .rounds = (size_t)call_integer(call, "n_estimators", 1, TREES_MAX),
        .folds = (size_t)call_integer(call, "cv", 2, 1000),
        .rate = call_number_within(call, "learning_rate", 1e-9, 1e3),
        .predictions = call_numbers(call, call->rows),
        .residuals = call_numbers(call, call->rows),
    };
    if (call->status)
        return call->status;
    if (call->rows < (int64_t)fits->folds)
        return call_fail(call, MLTRAINER_INVALID_DATA, "cv", "%zu folds of %lld rows", fits->folds,
                         (long long)call->rows);
    fits->whole = (double)fits->rounds * (double)(fits->folds + 1);
    return exact_start(&fits->exact, call);
}

static int32_t grow(struct committee_fits *fits, struct forest *forest, const double *target, const double *weights,
                    const struct exact_options *options)
{
    fits->exact.done = fits->done;
    fits->exact.whole = fits->whole;
    return exact_grow(&fits->exact, forest, target, weights, options);
}

static void add_newest(struct committee_fits *fits, struct forest *forest)
{
    for (size_t i = forest->roots[forest->tree_count - 1]; i < forest->node_count; i++)
        if (forest->nodes[i].feature == TREE_LEAF)
            forest->nodes[i].value *= fits->rate;
    for (int64_t row = 0; row < fits->call->rows; row++)
        fits->predictions[row] += tree_says(forest, forest->tree_count - 1, fits->call->features, row);
}

/* Gradient boosting under squared loss, from the mean on (Friedman, 2001). */
static int32_t boost(struct committee_fits *fits, struct forest *forest, const double *weights)
{
    struct call *call = fits->call;
    double sum = 0, total = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        sum += weights[row] * call->target[row];
        total += weights[row];
    }
    forest->base = sum / total;
    for (int64_t row = 0; row < call->rows; row++)
        fits->predictions[row] = forest->base;
    for (size_t round = 0; round < fits->rounds && !call_step(call, fits->done, fits->whole); round++) {
        for (int64_t row = 0; row < call->rows; row++)
            fits->residuals[row] = call->target[row] - fits->predictions[row];
        if (grow(fits, forest, fits->residuals, weights, &fits->boosted))
            break;
        add_newest(fits, forest);
        fits->done += 1;
    }
    return call->status;
}

int32_t committee_fit(struct committee_fits *fits, const double *weights, struct committee *committee)
{
    struct call *call = fits->call;

    *committee = (struct committee){.features = call->feature_count,
                                    .line = calloc(call->feature_count + 1, sizeof(double)),
                                    .trees = {forest_new(call->feature_count), forest_new(call->feature_count)}};
    if (!committee->line || !committee->trees[0] || !committee->trees[1])
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    if (line_fit(call, call->features, call->feature_count, call->target, weights, committee->line) ||
        grow(fits, committee->trees[0], call->target, weights, &fits->tree))
        return call->status;
    return boost(fits, committee->trees[1], weights);
}

/* Weights without the rows from @from to before @to. */
static int32_t leave_out(struct call *call, int64_t from, int64_t to, double *weights)
{
    double sum = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        weights[row] = row >= from && row < to ? 0 : weight;
        sum += weights[row];
    }
    if (sum > 0)
        return call->status;
    return call_fail(call, MLTRAINER_INVALID_DATA, "cv", "no row outside a fold has a weight");
}

int32_t committee_cross_fit(struct committee_fits *fits, double *const says[MEMBERS])
{
    struct call *call = fits->call;
    int64_t folds = (int64_t)fits->folds, from = 0;
    double *weights = call_numbers(call, call->rows);

    for (int64_t fold = 0; fold < folds && !call->status; fold++) {
        int64_t to = from + call->rows / folds + (fold < call->rows % folds);
        struct committee committee = {0};
        if (!leave_out(call, from, to, weights) && !committee_fit(fits, weights, &committee))
            for (int64_t row = from; row < to; row++) {
                double each[MEMBERS];
                committee_says(&committee, call->features, row, each);
                for (size_t member = 0; member < MEMBERS; member++)
                    says[member][row] = each[member];
            }
        committee_clear(&committee);
        from = to;
    }
    return call->status;
}

void committee_says(const struct committee *committee, const double *const *features, int64_t row,
                    double says[MEMBERS])
{
    says[MEMBER_LINE] = committee->line[0];
    for (size_t i = 0; i < committee->features; i++)
        says[MEMBER_LINE] += committee->line[1 + i] * features[i][row];
    for (size_t i = 0; i < 2; i++) {
        const struct forest *forest = committee->trees[i];
        says[MEMBER_TREE + i] = forest->base;
        for (size_t tree = 0; tree < forest->tree_count; tree++)
            says[MEMBER_TREE + i] += tree_says(forest, tree, features, row);
    }
}

void committee_clear(struct committee *committee)
{
    free(committee->line);
    forest_free(committee->trees[0]);
    forest_free(committee->trees[1]);
}

void committee_save(const struct committee *committee, struct artifact_writer *writer)
{
    artifact_put_doubles(writer, committee->line, committee->features + 1);
    forest_save(committee->trees[0], writer);
    forest_save(committee->trees[1], writer);
}

int committee_restore(struct artifact_reader *reader, size_t features, struct committee *committee)
{
    *committee = (struct committee){.features = features, .line = calloc(features + 1, sizeof(double))};
    if (!committee->line)
        return -1;
    artifact_take_doubles(reader, committee->line, features + 1);
    for (size_t i = 0; i < 2; i++) {
        committee->trees[i] = forest_restore(reader, features);
        if (!committee->trees[i])
            return -1;
    }
    return reader->failed;
}
