/* SPDX-License-Identifier: Apache-2.0 */
/* An ensemble that is chosen: four kinds of model predict each row from the other folds (row r in fold r modulo 3);
 * then, n_models times, the one joins (again, perhaps) whose addition makes the mean predict best. Those that were
 * chosen are fitted on all rows and weigh what they were chosen. Nothing is tuned on rows that a model has seen.
 * Source: Caruana et al. (2004), "Ensemble selection from libraries of models", ICML. */
#include <stdlib.h>

#include "scaling.h"
#include "support/learner.h"
#include "support/normal_equations.h"
#include "support/tree/exact.h"
#include "support/tree/histogram.h"

#define FOLDS 3
#define RATE 0.1

enum kind { RIDGE, TREE, EXACT_BOOSTING, BIN_BOOSTING, KINDS };

struct ensemble {
    size_t features;
    double shares[KINDS]; /* 0: not chosen */
    double *line;         /* base, then a coefficient a feature */
    struct forest *forests[KINDS];
};

static void ensemble_free(void *state)
{
    struct ensemble *ensemble = state;

    if (!ensemble)
        return;
    for (int kind = 0; kind < KINDS; kind++)
        forest_free(ensemble->forests[kind]);
    free(ensemble->line);
    free(ensemble);
}

static struct ensemble *ensemble_new(size_t features)
{
    struct ensemble *ensemble = calloc(1, sizeof(*ensemble));

    if (!ensemble)
        return NULL;
    ensemble->features = features;
    ensemble->line = calloc(features + 1, sizeof(double));
    for (int kind = TREE; kind < KINDS; kind++)
        ensemble->forests[kind] = forest_new(features);
    if (ensemble->line && ensemble->forests[TREE] && ensemble->forests[EXACT_BOOSTING] &&
        ensemble->forests[BIN_BOOSTING])
        return ensemble;
    ensemble_free(ensemble);
    return NULL;
}

/* ---- Models of each kind; call->weights tell which rows they may see ---- */

static double mean_of(const struct call *call, const double *values)
{
    double sum = 0, weight = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        sum += call->weights[row] * values[row];
        weight += call->weights[row];
    }
    return sum / weight;
}

/* Penalty 1e-3 a row of standardised features. */
static void fit_line(struct call *call, double *line)
{
    size_t count = call->feature_count;
    struct normal normal = normal_new(call, count);
    struct scaling *scales = call_memory(call, count, sizeof(*scales));
    double *x = call_memory(call, count, sizeof(*x)), *scratch = call_memory(call, count * count, sizeof(*scratch));

    if (call->status)
        return;
    double base = mean_of(call, call->target);
    for (size_t i = 0; i < count; i++) {
        scales[i] = scaling_of(call->features[i], 0, call->rows);
        scales[i].mean = mean_of(call, call->features[i]);
    }
    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        for (size_t i = 0; i < count; i++)
            x[i] = scaled(scales[i], call->features[i][row]);
        normal_add(&normal, x, call->target[row] - base, call->weights[row]);
    }
    normal_solve(&normal, 1e-3 * normal.weight, line + 1, scratch);
    line[0] = base;
    for (size_t i = 0; i < count; i++) {
        line[i + 1] *= scales[i].over;
        line[0] -= line[i + 1] * scales[i].mean;
    }
}

static void fit_tree(struct call *call, struct forest *forest)
{
    struct exact_options options = {.depth_max = 6, .leaf_rows_min = 10};
    struct exact exact;

    if (!exact_start(&exact, call))
        exact_grow(&exact, forest, call->target, call->weights, &options);
}

static void boost_exactly(struct call *call, struct forest *forest, int64_t rounds, double *predictions)
{
    struct exact_options options = {.depth_max = 3, .leaf_rows_min = 1};
    double *residuals = call_numbers(call, call->rows);
    struct exact exact;

    exact_start(&exact, call);
    for (int64_t round = 0; round < rounds && !call->status; round++) {
        for (int64_t row = 0; row < call->rows; row++)
            residuals[row] = RATE * (call->target[row] - predictions[row]);
        if (exact_grow(&exact, forest, residuals, call->weights, &options))
            break;
        for (int64_t row = 0; row < call->rows; row++)
            predictions[row] += tree_says(forest, forest->tree_count - 1, call->features, row);
    }
}

static void boost_bins(struct call *call, struct forest *forest, int64_t rounds, double *predictions)
{
    struct histogram_options options = {.leaves_max = 31, .weight_min = 20};
    struct histogram histogram;

    histogram_start(&histogram, call, 255);
    for (int64_t round = 0; round < rounds && !call->status; round++)
        histogram_grow(&histogram, forest, RATE, &options, predictions);
}

static void fit_kind(struct call *call, struct ensemble *ensemble, int kind)
{
    int64_t rounds = call_integer(call, "boosting_rounds", 1, 10000);
    double *predictions = call_numbers(call, call->rows);

    if (call->status)
        return;
    if (kind == RIDGE) {
        fit_line(call, ensemble->line);
        return;
    }
    if (kind == TREE) {
        fit_tree(call, ensemble->forests[TREE]);
        return;
    }
    ensemble->forests[kind]->base = mean_of(call, call->target);
    for (int64_t row = 0; row < call->rows; row++)
        predictions[row] = ensemble->forests[kind]->base;
    if (kind == EXACT_BOOSTING)
        boost_exactly(call, ensemble->forests[kind], rounds, predictions);
    else
        boost_bins(call, ensemble->forests[kind], rounds, predictions);
}

static double kind_says(const struct ensemble *ensemble, int kind, const double *const *features, int64_t row)
{
    double sum = kind == RIDGE ? ensemble->line[0] : ensemble->forests[kind]->base;

    if (kind == RIDGE)
        for (size_t i = 0; i < ensemble->features; i++)
            sum += ensemble->line[i + 1] * features[i][row];
    else
        for (size_t tree = 0; tree < ensemble->forests[kind]->tree_count; tree++)
            sum += tree_says(ensemble->forests[kind], tree, features, row);
    return sum;
}

/* ---- Choosing ---- */

/* What each kind says of the rows of @fold, having seen the others. @weights: room. */
static void predict_fold(struct call *call, int fold, double *weights, double *const *says)
{
    struct ensemble *ensemble = ensemble_new(call->feature_count);
    struct call others = *call;
    double whole = 0;

    if (!ensemble) {
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for models");
        return;
    }
    for (int64_t row = 0; row < call->rows; row++) {
        weights[row] = row % FOLDS == fold ? 0 : call->weights[row];
        whole += weights[row];
    }
    others.weights = weights;
    if (!(whole > 0))
        call_fail(&others, MLTRAINER_INVALID_DATA, "", "too few rows have a weight to hold some out");
    for (int kind = 0; kind < KINDS && !others.status; kind++) {
        fit_kind(&others, ensemble, kind);
        for (int64_t row = fold; !others.status && row < call->rows; row += FOLDS)
            says[kind][row] = kind_says(ensemble, kind, call->features, row);
    }
    call->status = others.status; /* the text is shared */
    call->told = others.told;
    ensemble_free(ensemble);
}

static void choose(const struct call *call, double *const *says, size_t times, double *shares, double *sum)
{
    memset(sum, 0, (size_t)call->rows * sizeof(*sum));
    for (size_t chosen = 1; chosen <= times; chosen++) {
        double least = INFINITY;
        int best = 0;
        for (int kind = 0; kind < KINDS; kind++) {
            double squares = 0;
            for (int64_t row = 0; row < call->rows; row++) {
                double miss = (sum[row] + says[kind][row]) / (double)chosen - call->target[row];
                squares += call->weights[row] * miss * miss;
            }
            if (squares < least) {
                least = squares;
                best = kind;
            }
        }
        shares[best] += 1 / (double)times;
        for (int64_t row = 0; row < call->rows; row++)
            sum[row] += says[best][row];
    }
}

static void report(const struct call *call, const double *shares)
{
    static const char *const names[KINDS] = {"share_ridge", "share_tree", "share_boosting", "share_hist_boosting"};

    for (int kind = 0; kind < KINDS; kind++)
        call->host->metric(call->host, names[kind], MLTRAINER_STEP_FINAL, shares[kind]);
}

static int32_t fit(struct call *call, void **state)
{
    size_t times = (size_t)call_integer(call, "n_models", 1, 1000);
    double *ones = call_numbers(call, call->rows), *weights = call_numbers(call, call->rows), *says[KINDS];

    for (int kind = 0; kind < KINDS; kind++)
        says[kind] = call_numbers(call, call->rows);
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        ones[row] = 1;
    call->weights = call->weights ? call->weights : ones;
    for (int fold = 0; fold < FOLDS && !call->status; fold++) {
        call_part(call, (double)fold / (FOLDS + 1), (double)(fold + 1) / (FOLDS + 1));
        predict_fold(call, fold, weights, says);
    }
    call_part(call, (double)FOLDS / (FOLDS + 1), 1);
    struct ensemble *ensemble = call->status ? NULL : ensemble_new(call->feature_count);
    if (!ensemble)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    choose(call, says, times, ensemble->shares, weights);
    for (int kind = 0; kind < KINDS; kind++)
        if (ensemble->shares[kind] > 0)
            fit_kind(call, ensemble, kind);
    if (call->status) {
        ensemble_free(ensemble);
        return call->status;
    }
    report(call, ensemble->shares);
    *state = ensemble;
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct ensemble *ensemble = state;

    for (int64_t row = 0; row < call->rows; row++) {
        if ((row & 255) == 0 && call_step(call, (double)row, (double)call->rows))
            break;
        for (int kind = 0; kind < KINDS; kind++)
            if (ensemble->shares[kind] > 0)
                call->out[0][row] += ensemble->shares[kind] * kind_says(ensemble, kind, call->features, row);
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct ensemble *ensemble = state;

    artifact_put_doubles(writer, ensemble->shares, KINDS);
    artifact_put_doubles(writer, ensemble->line, ensemble->features + 1);
    for (int kind = TREE; kind < KINDS; kind++)
        forest_save(ensemble->forests[kind], writer);
}

static void *restore(struct artifact_reader *reader, size_t features)
{
    struct ensemble *ensemble = ensemble_new(features);
    int is_sound = ensemble != NULL;

    if (!ensemble)
        return NULL;
    artifact_take_doubles(reader, ensemble->shares, KINDS);
    artifact_take_doubles(reader, ensemble->line, features + 1);
    for (int kind = TREE; kind < KINDS; kind++) {
        forest_free(ensemble->forests[kind]);
        ensemble->forests[kind] = reader->failed ? NULL : forest_restore(reader, features);
        is_sound &= ensemble->forests[kind] != NULL;
    }
    if (is_sound)
        return ensemble;
    ensemble_free(ensemble);
    return NULL;
}

LEARNER(greedy_ensemble, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = apply, .save = save,
        .restore = restore, .release = ensemble_free);
