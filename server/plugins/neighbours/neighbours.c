/* SPDX-License-Identifier: Apache-2.0 */
/* A row's prediction is the mean of its nearest rows: of all alike, or by the inverse of distance. A tree finds them
 * where there are few features; in more it would look at most of its leaves, and all rows are sieved instead.
 * Source: Cover and Hart (1967); Shepard (1968) for inverse distances. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sieve/sieve.h"
#include "support/family.h"
#include "support/learner.h"
#include "tree.h"

#define NEIGHBOURS_MAX 1000
#define ROWS_MAX 50000000
#define TREE_FEATURES_MAX 8 /* of 10 it takes twice a sieve's time where nothing is alike */
#define SIEVE_LEAST 8       /* points: for fewer it does not pay to make one */

enum { UNIFORM, BY_DISTANCE };

struct knn {
    uint32_t count, how;
    size_t rows, features;
    struct tree *tree; /* or NULL: too many features */
    double numbers[]; /* targets, weights, points row after row */
};

static void release(void *state)
{
    struct knn *model = state;

    if (model)
        tree_free(model->tree);
    free(model);
}

static struct knn *knn_new(size_t rows, size_t features)
{
    struct knn *model = malloc(sizeof(*model) + rows * (features + 2) * sizeof(double));

    if (model)
        *model = (struct knn){.rows = rows, .features = features};
    return model;
}

/* Rows that weigh nothing are nobody's neighbours. */
static size_t rows_that_count(const struct call *call)
{
    size_t rows = 0;

    for (int64_t row = 0; row < call->rows; row++)
        rows += !call->weights || call->weights[row] > 0;
    return rows;
}

static void fill(const struct call *call, struct knn *model)
{
    double *targets = model->numbers, *weights = targets + model->rows, *point = weights + model->rows;
    size_t at = 0;

    if (!call->weights) {
        memcpy(targets, call->target, model->rows * sizeof(*targets));
        for (size_t row = 0; row < model->rows; row++)
            weights[row] = 1;
        call_copy_rows(call, point);
        return;
    }
    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights[row];
        if (!(weight > 0))
            continue;
        targets[at] = call->target[row];
        weights[at++] = weight;
        for (size_t i = 0; i < model->features; i++)
            *point++ = call->features[i][row];
    }
}

/* Non-zero without memory, or when cancelled. */
static int plant(struct call *call, struct knn *model)
{
    if (model->features > TREE_FEATURES_MAX)
        return 0;
    model->tree = tree_new(call, model->numbers + 2 * model->rows, model->rows, model->features);
    return !model->tree;
}

static int32_t fit(struct call *call, void **state)
{
    static const char *const hows[] = {"uniform", "distance", NULL};
    uint32_t count = (uint32_t)call_integer(call, "n_neighbors", 1, NEIGHBOURS_MAX);
    uint32_t how = (uint32_t)call_choice(call, "weights", hows);

    if (!call->status && call->rows > ROWS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are more than %d", (long long)call->rows, ROWS_MAX);
    if (call->status)
        return call->status;
    size_t rows = rows_that_count(call);
    if (rows < count)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu rows with weight are fewer than n_neighbors, %u", rows,
                         count);
    struct knn *model = knn_new(rows, call->feature_count);
    if (!model)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    model->count = count;
    model->how = how;
    fill(call, model);
    if (plant(call, model)) {
        release(model);
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    }
    *state = model;
    return call->status;
}

/* Where rows are met exactly they alone count, as in scikit-learn. */
static double mean_of(const struct knn *model, const struct neighbour *found)
{
    const double *targets = model->numbers, *weights = targets + model->rows;
    int met = model->how == BY_DISTANCE && found[0].distance == 0;
    double sum = 0, total = 0;

    for (size_t i = 0; i < model->count; i++) {
        double weight = weights[found[i].row];
        if (met && found[i].distance > 0)
            break;
        if (model->how == BY_DISTANCE && !met)
            weight /= sqrt(found[i].distance);
        sum += weight * targets[found[i].row];
        total += weight;
    }
    return sum / total;
}

static void answer(struct call *call, const struct knn *model, int64_t row, const struct neighbour *found)
{
    if (isinf(found[model->count - 1].distance))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "row %lld (from 0) is too far for its distance to be a number",
                  (long long)row);
    call->out[0][row] = mean_of(model, found);
}

static void ask_tree(struct call *call, const struct knn *model, const double *points)
{
    double *offsets = call_numbers(call, (int64_t)model->features + 1);
    struct neighbour *found = call_memory(call, model->count, sizeof(*found));

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (row % 64 == 0 && call_step(call, (double)row, (double)call->rows))
            return;
        tree_nearest(model->tree, points + (size_t)row * model->features, model->count, offsets, found);
        answer(call, model, row, found);
    }
}

static void measure_row(const struct knn *model, const double *point, size_t row, struct neighbour *found)
{
    const double *other = model->numbers + 2 * model->rows + row * model->features;
    double sum = 0;

    for (size_t i = 0; i < model->features; i++)
        sum += (point[i] - other[i]) * (point[i] - other[i]);
    neighbour_keep(found, model->count, sum, (uint32_t)row);
}

static void ask_all(struct call *call, const struct knn *model, const double *points)
{
    struct neighbour *found = call_memory(call, model->count, sizeof(*found));

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        neighbour_none(found, model->count);
        for (size_t other = 0; !call->status && other < model->rows; other++) {
            if (other % 65536 == 0 && call_step(call, (double)row, (double)call->rows))
                return;
            measure_row(model, points + (size_t)row * model->features, other, found);
        }
        answer(call, model, row, found);
    }
}

static void ask_block(const struct knn *model, const struct sieve *sieve, const double *points, size_t count,
                      struct neighbour *found)
{
    for (size_t i = 0; i < count; i++, points += model->features, found += model->count)
        for (size_t row = sieve_first(sieve); sieve_next(sieve, i, found[model->count - 1].distance, &row); row++)
            measure_row(model, points, row, found);
}

static void ask_sieve(struct call *call, const struct knn *model, const double *points)
{
    struct sieve *sieve = sieve_new(call, model->numbers + 2 * model->rows, model->rows, model->features);
    struct neighbour *found = call_memory(call, SIEVE_POINTS * (size_t)model->count, sizeof(*found));

    for (int64_t first = 0; !call->status && first < call->rows; first += SIEVE_POINTS) {
        size_t count = call->rows - first < SIEVE_POINTS ? (size_t)(call->rows - first) : SIEVE_POINTS;
        const double *asked = points + (size_t)first * model->features;
        sieve_points(sieve, asked, count);
        neighbour_none(found, count * model->count);
        for (size_t block = 0; block < sieve_blocks(sieve); block++) {
            if (call_step(call, (double)first, (double)call->rows))
                return;
            sieve_block(sieve, block);
            ask_block(model, sieve, asked, count, found);
        }
        for (size_t i = 0; i < count; i++)
            answer(call, model, first + (int64_t)i, found + i * model->count);
    }
}

static int32_t apply(struct call *call, const void *state)
{
    const struct knn *model = state;
    double *points = call_feature_rows(call);

    if (call->status)
        return call->status;
    if (model->tree)
        ask_tree(call, model, points);
    else if (call->rows < SIEVE_LEAST)
        ask_all(call, model, points);
    else
        ask_sieve(call, model, points);
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct knn *model = state;

    artifact_put_u32(writer, model->count);
    artifact_put_u32(writer, model->how);
    artifact_put_u64(writer, model->rows);
    artifact_put_doubles(writer, model->numbers, model->rows * (model->features + 2));
}

static int weights_are_right(const struct knn *model)
{
    for (size_t row = 0; row < model->rows; row++)
        if (!(model->numbers[model->rows + row] > 0))
            return 0;
    return 1;
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    uint32_t count = artifact_take_u32(reader), how = artifact_take_u32(reader);
    size_t rows = artifact_take_count(reader, (feature_count + 2) * sizeof(double));

    if (count == 0 || count > NEIGHBOURS_MAX || how > BY_DISTANCE || rows < count || rows > ROWS_MAX)
        return NULL;
    struct knn *model = knn_new(rows, feature_count);
    if (!model)
        return NULL;
    model->count = count;
    model->how = how;
    artifact_take_doubles(reader, model->numbers, rows * (feature_count + 2));
    if (reader->failed || !weights_are_right(model) || plant(NULL, model)) {
        release(model);
        return NULL;
    }
    return model;
}

LEARNER(knn, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = apply, .save = save,
        .restore = restore, .release = release);

#define LEARNERS(X) X(knn, "Mean of the nearest rows.", 0)

LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("neighbours", algorithms, .description = "What the nearest rows say.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "C of this project on OpenBLAS");
