/* SPDX-License-Identifier: Apache-2.0 */
/* A vote on classes by a logistic regression, a naive Bayes and a tree a class, by the mean of their chances (soft) or
 * by what each finds most likely (hard). Sources: Zhang (2004), "The optimality of naive Bayes"; Dietterich (2000),
 * "Ensemble methods in machine learning". */
#include "linear/multinomial.h"
#include "shares.h"
#include "support/learner.h"
#include "support/tree/exact.h"

#include <stdlib.h>

enum { VOTER_LINE, VOTER_BAYES, VOTER_TREES, VOTERS };

struct classes {
    size_t features, count;
    int is_hard;
    double shares[VOTERS];
    struct multinomial *line; /* it has the labels */
    struct forest *trees;     /* one a class, of its indicator; of two classes the second's alone */
    double *bayes;            /* a class: logarithm of its share, means, variances */
};

static void classes_free(void *state)
{
    struct classes *classes = state;

    if (!classes)
        return;
    multinomial_free(classes->line);
    forest_free(classes->trees);
    free(classes->bayes);
    free(classes);
}

static size_t bayes_width(const struct classes *classes)
{
    return 1 + 2 * classes->features;
}

static size_t tree_count(const struct classes *classes)
{
    return classes->count == 2 ? 1 : classes->count;
}

static double weight_of(const struct call *call, int64_t row)
{
    return call->weights ? call->weights[row] : 1;
}

/* ---- Training ---- */

/* Mean and variance of a column over the rows of @label, or over all with NULL; gives their weight. */
static double moments(const struct call *call, const double *values, const double *label, double *mean,
                      double *variance)
{
    double total = 0, sum = 0, squares = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double weight = label && call->target[row] != *label ? 0 : weight_of(call, row);
        total += weight;
        sum += weight * values[row];
    }
    *mean = total > 0 ? sum / total : 0;
    for (int64_t row = 0; row < call->rows; row++) {
        double weight = label && call->target[row] != *label ? 0 : weight_of(call, row);
        squares += weight * (values[row] - *mean) * (values[row] - *mean);
    }
    *variance = total > 0 ? squares / total : 0;
    return total;
}

/* Each feature is normal within a class. The largest variance of any, times @smoothing, is added to each: a class
 * whose rows agree on a feature must not be sure of it. */
static void fit_bayes(struct call *call, double smoothing, struct classes *classes)
{
    double largest = 0, whole = 0, mean, variance;

    for (size_t i = 0; i < classes->features; i++) {
        whole = moments(call, call->features[i], NULL, &mean, &variance);
        largest = fmax(largest, variance);
    }
    for (size_t k = 0; k < classes->count && !call_step(call, (double)k, (double)classes->count); k++) {
        double *class = classes->bayes + k * bayes_width(classes), total = 0;
        for (size_t i = 0; i < classes->features; i++) {
            total = moments(call, call->features[i], &classes->line->labels[k], &mean, &variance);
            class[1 + i] = mean;
            class[1 + classes->features + i] = variance + smoothing * largest;
        }
        class[0] = total > 0 ? log(total / whole) : -1e300; /* rows without weight alone */
    }
}

static int32_t fit_trees(struct call *call, const struct exact_options *options, struct classes *classes)
{
    double *is_of = call_numbers(call, call->rows);
    struct exact exact;

    if (call->status || exact_start(&exact, call))
        return call->status;
    exact.whole = (double)tree_count(classes);
    for (size_t k = classes->count - tree_count(classes); k < classes->count && !call->status; k++) {
        for (int64_t row = 0; row < call->rows; row++)
            is_of[row] = call->target[row] == classes->line->labels[k];
        if (exact_grow(&exact, classes->trees, is_of, call->weights, options))
            break;
        exact.done += 1;
    }
    return call->status;
}

/* Everything into @classes, which has no more than its zeros. */
static int32_t fit_into(struct call *call, struct classes *classes)
{
    static const char *const votes[] = {"soft", "hard", NULL};
    const struct multinomial_options line = {.cost = call_number_within(call, "C", 1e-12, 1e12),
                                             .rounds = call_integer(call, "max_iter", 1, 1000000),
                                             .tolerance = 1e-12,
                                             .share = 1};
    const struct exact_options tree = {.depth_max = (size_t)call_integer(call, "max_depth", 1, 1000),
                                       .leaf_rows_min = (size_t)call_integer(call, "min_samples_leaf", 1, INT32_MAX)};
    double smoothing = call_number_within(call, "var_smoothing", 0, 1);

    classes->is_hard = call_choice(call, "voting", votes) == 1;
    call_part(call, 0, 0.6);
    if (shares_read(call, classes->shares, VOTERS) || multinomial_fit(call, &line, &classes->line))
        return call->status;
    classes->count = classes->line->classes;
    classes->trees = forest_new(classes->features);
    classes->bayes = calloc(classes->count * bayes_width(classes), sizeof(double));
    if (!classes->trees || !classes->bayes)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    call_part(call, 0.6, 0.7);
    fit_bayes(call, smoothing, classes);
    call_part(call, 0.7, 1);
    return call->status ? call->status : fit_trees(call, &tree, classes);
}

static int32_t fit(struct call *call, void **state)
{
    struct classes *classes = calloc(1, sizeof(*classes));

    if (!classes)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    classes->features = call->feature_count;
    if (fit_into(call, classes))
        classes_free(classes);
    else
        *state = classes;
    return call->status;
}

/* ---- Prediction ---- */

/* Logarithms to chances that add up to 1. */
static void to_chances(double *values, size_t count)
{
    double largest = -INFINITY, sum = 0;

    for (size_t k = 0; k < count; k++)
        largest = fmax(largest, values[k]);
    for (size_t k = 0; k < count; k++)
        sum += values[k] = exp(values[k] - largest);
    for (size_t k = 0; k < count; k++)
        values[k] /= sum;
}

/* A feature that never changed anywhere has no variance, and says nothing. */
static void bayes_says(const struct classes *classes, const double *const *features, int64_t row, double *chances)
{
    for (size_t k = 0; k < classes->count; k++) {
        const double *class = classes->bayes + k * bayes_width(classes);
        chances[k] = class[0];
        for (size_t i = 0; i < classes->features; i++) {
            double off = features[i][row] - class[1 + i], variance = class[1 + classes->features + i];
            if (variance > 0)
                chances[k] -= fmin(0.5 * (log(variance) + off * off / variance), 1e300);
        }
        chances[k] = fmax(chances[k], -1e300);
    }
    to_chances(chances, classes->count);
}

static void trees_say(const struct classes *classes, const double *const *features, int64_t row, double *chances)
{
    size_t first = classes->count - tree_count(classes);
    double sum = 0;

    for (size_t tree = 0; tree < tree_count(classes); tree++)
        sum += chances[first + tree] = fmin(fmax(tree_says(classes->trees, tree, features, row), 0), 1);
    if (first == 1)
        chances[0] = 1 - chances[1];
    for (size_t k = 0; k < classes->count && first == 0; k++) /* no tree sees its class: all are alike */
        chances[k] = sum > 0 ? chances[k] / sum : 1 / (double)classes->count;
}

static size_t most_likely(const double *chances, size_t count)
{
    size_t best = 0;

    for (size_t k = 1; k < count; k++)
        best = chances[k] > chances[best] ? k : best;
    return best;
}

/* What all say together into @votes; @chances is scratch. */
static void vote(const struct classes *classes, const double *const *features, int64_t row, double *chances,
                 double *votes)
{
    memset(votes, 0, classes->count * sizeof(*votes));
    for (size_t voter = 0; voter < VOTERS; voter++) {
        if (voter == VOTER_LINE)
            multinomial_says(classes->line, features, row, chances);
        else if (voter == VOTER_BAYES)
            bayes_says(classes, features, row, chances);
        else
            trees_say(classes, features, row, chances);
        size_t best = most_likely(chances, classes->count);
        for (size_t k = 0; k < classes->count; k++)
            votes[k] += classes->shares[voter] * (classes->is_hard ? k == best : chances[k]);
    }
}

static int32_t apply(struct call *call, const void *state)
{
    const struct classes *classes = state;
    double *chances = call_memory(call, classes->count, sizeof(double)),
           *votes = call_memory(call, classes->count, sizeof(double));

    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++) {
        vote(classes, call->features, row, chances, votes);
        size_t best = most_likely(votes, classes->count);
        call->out[0][row] = classes->line->labels[best];
        call->out[1][row] = fmin(votes[best], 1);
    }
    return call->status;
}

/* ---- Artifact ---- */

static void save(const void *state, struct artifact_writer *writer)
{
    const struct classes *classes = state;

    artifact_put_u32(writer, (uint32_t)classes->is_hard);
    artifact_put_doubles(writer, classes->shares, VOTERS);
    multinomial_save(classes->line, writer);
    artifact_put_doubles(writer, classes->bayes, classes->count * bayes_width(classes));
    forest_save(classes->trees, writer);
}

/* Shares and variances are not negative, and there is a tree for each class. */
static int makes_sense(const struct classes *classes)
{
    int fine = classes->trees->tree_count == tree_count(classes);

    for (size_t i = 0; i < VOTERS; i++)
        fine &= classes->shares[i] >= 0 && classes->shares[i] <= 1;
    for (size_t k = 0; k < classes->count; k++)
        for (size_t i = 0; i < classes->features; i++)
            fine &= classes->bayes[k * bayes_width(classes) + 1 + classes->features + i] >= 0;
    return fine;
}

static int restore_into(struct artifact_reader *reader, struct classes *classes)
{
    classes->is_hard = artifact_take_u32(reader) == 1;
    artifact_take_doubles(reader, classes->shares, VOTERS);
    classes->line = multinomial_restore(reader, classes->features);
    if (!classes->line)
        return -1;
    classes->count = classes->line->classes;
    if (classes->count * bayes_width(classes) > reader->left / sizeof(double))
        return -1;
    classes->bayes = calloc(classes->count * bayes_width(classes), sizeof(double));
    if (!classes->bayes)
        return -1;
    artifact_take_doubles(reader, classes->bayes, classes->count * bayes_width(classes));
    classes->trees = forest_restore(reader, classes->features);
    return classes->trees && makes_sense(classes) ? 0 : -1;
}

static void *restore(struct artifact_reader *reader, size_t features)
{
    struct classes *classes = calloc(1, sizeof(*classes));

    if (!classes)
        return NULL;
    classes->features = features;
    if (!restore_into(reader, classes))
        return classes;
    classes_free(classes);
    return NULL;
}

LEARNER(class_voting, .task = LEARNER_CLASSES, .outputs = {"prediction", "probability"}, .fit = fit, .apply = apply,
        .save = save, .restore = restore, .release = classes_free);
