/* SPDX-License-Identifier: Apache-2.0 */
/* AdaBoost.R2 with linear loss: each tree is grown from rows drawn in proportion to weights, which shrink where the
 * tree was right; the prediction is the trees' weighted median. Round i takes its chances from stream i.
 * Source: Drucker (1997), "Improving regressors using boosting techniques", ICML. */
#include "support/learner.h"
#include "support/tree/exact.h"

struct boost {
    struct call *call;
    struct forest *forest;
    struct exact exact;
    double rate;
    double *weights;    /* of rows, their sum 1 */
    double *cumulative;
    double *drawn;
    double *losses;
};

static void draw_rows(struct boost *b, size_t round)
{
    int64_t rows = b->call->rows, last = rows - 1;
    struct random random;
    double sum = 0;

    random_start(&random, b->call->host, round);
    for (int64_t row = 0; row < rows; row++) {
        sum += b->weights[row];
        b->cumulative[row] = sum;
        b->drawn[row] = 0;
    }
    while (last > 0 && b->weights[last] <= 0)
        last--;
    for (int64_t i = 0; i < rows; i++) {
        double place = random_uniform(&random) * sum;
        int64_t from = 0, to = last; /* the first whose sum is above place, or the last */
        while (from < to) {
            int64_t middle = from + (to - from) / 2;
            if (b->cumulative[middle] > place)
                to = middle;
            else
                from = middle + 1;
        }
        b->drawn[from] += 1;
    }
}

/* Losses of the newest tree as shares of the largest; gives their mean. */
static double measure(struct boost *b)
{
    const struct call *call = b->call;
    double largest = 0, mean = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double says = tree_says(b->forest, b->forest->tree_count - 1, call->features, row);
        b->losses[row] = b->weights[row] > 0 ? fabs(says - call->target[row]) : 0;
        largest = fmax(largest, b->losses[row]);
    }
    for (int64_t row = 0; row < call->rows && largest > 0; row++) {
        b->losses[row] /= largest;
        mean += b->weights[row] * b->losses[row];
    }
    return mean;
}

static void shift_weights(struct boost *b, double beta)
{
    double sum = 0;

    for (int64_t row = 0; row < b->call->rows; row++) {
        b->weights[row] *= pow(beta, (1 - b->losses[row]) * b->rate);
        sum += b->weights[row];
    }
    for (int64_t row = 0; row < b->call->rows; row++)
        b->weights[row] /= sum;
}

/* Non-zero when no further round is to follow: the tree is right everywhere, or no better than a guess. */
static int boost_once(struct boost *b, size_t round, const struct exact_options *options)
{
    struct forest *forest = b->forest;

    draw_rows(b, round);
    if (exact_grow(&b->exact, forest, b->call->target, b->drawn, options))
        return 1;
    double loss = measure(b), beta = loss / (1 - loss);
    if (loss <= 0)
        return 1;
    if (loss >= 0.5) {
        if (forest->tree_count > 1)
            forest_drop_tree(forest);
        return 1;
    }
    forest->weights[forest->tree_count - 1] = b->rate * log(1 / beta);
    shift_weights(b, beta);
    return 0;
}

static void start_weights(struct boost *b)
{
    const struct call *call = b->call;
    double sum = 0;

    for (int64_t row = 0; row < call->rows; row++)
        sum += call->weights ? call->weights[row] : 1;
    for (int64_t row = 0; row < call->rows; row++)
        b->weights[row] = (call->weights ? call->weights[row] : 1) / sum;
}

static int32_t fit(struct call *call, void **state)
{
    size_t rounds = (size_t)call_integer(call, "n_estimators", 1, TREES_MAX);
    struct exact_options options = {.depth_max = (size_t)call_integer(call, "max_depth", 1, 1000)};
    struct boost b = {.call = call,
                      .rate = call_number_within(call, "learning_rate", 1e-9, 1e3),
                      .weights = call_numbers(call, call->rows),
                      .cumulative = call_numbers(call, call->rows),
                      .drawn = call_numbers(call, call->rows),
                      .losses = call_numbers(call, call->rows)};

    if (call->status || exact_start(&b.exact, call))
        return call->status;
    b.forest = forest_new(call->feature_count);
    if (!b.forest)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    start_weights(&b);
    b.exact.whole = (double)rounds;
    for (size_t round = 0; round < rounds && !call_step(call, (double)round, (double)rounds); round++) {
        b.exact.done = (double)round;
        if (boost_once(&b, round, &options))
            break;
    }
    if (call->status) {
        forest_free(b.forest);
        return call->status;
    }
    *state = b.forest;
    return call->status;
}

/* ---- The weighted median ---- */

struct opinion {
    double value, weight;
};

static void sort_opinions(struct opinion *opinions, size_t count, struct opinion *scratch)
{
    for (size_t width = 1; width < count; width *= 2)
        for (size_t start = 0; start + width < count; start += 2 * width) {
            size_t end = start + 2 * width < count ? start + 2 * width : count, left = start, right = start + width;
            memcpy(scratch + start, opinions + start, (end - start) * sizeof(*opinions));
            for (size_t out = start; out < end; out++)
                opinions[out] = left < start + width && (right >= end || scratch[left].value <= scratch[right].value)
                                    ? scratch[left++]
                                    : scratch[right++];
        }
}

static double median_of(struct opinion *opinions, size_t count, struct opinion *scratch)
{
    double whole = 0, sum = 0;

    sort_opinions(opinions, count, scratch);
    for (size_t i = 0; i < count; i++)
        whole += opinions[i].weight;
    for (size_t i = 0; i < count; i++) {
        sum += opinions[i].weight;
        if (sum >= 0.5 * whole)
            return opinions[i].value;
    }
    return opinions[count - 1].value;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct forest *forest = state;
    size_t trees = forest->tree_count;
    struct opinion *opinions = call_memory(call, 2 * trees, sizeof(*opinions));

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if ((row & 255) == 0 && call_step(call, (double)row, (double)call->rows))
            break;
        for (size_t tree = 0; tree < trees; tree++)
            opinions[tree] = (struct opinion){.value = tree_says(forest, tree, call->features, row),
                                              .weight = forest->weights[tree]};
        call->out[0][row] = median_of(opinions, trees, opinions + trees);
    }
    return call->status;
}

static void *restore(struct artifact_reader *reader, size_t features)
{
    struct forest *forest = forest_restore(reader, features);
    int is_sound = forest && forest->tree_count > 0;

    for (size_t i = 0; is_sound && i < forest->tree_count; i++)
        is_sound = forest->weights[i] > 0;
    if (is_sound)
        return forest;
    forest_free(forest);
    return NULL;
}

LEARNER(ada_boost, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = apply, .save = forest_save,
        .restore = restore, .release = forest_free);
