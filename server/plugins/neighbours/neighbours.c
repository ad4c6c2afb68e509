/* SPDX-License-Identifier: Apache-2.0 */
/* A row's prediction is the mean of its nearest rows: of all alike, or by the inverse of distance.
 * Source: Cover and Hart (1967); Shepard (1968) for inverse distances. */
#include <math.h>
#include <stdlib.h>

#include "support/family.h"
#include "support/learner.h"
#include "tree.h"

#define NEIGHBOURS_MAX 1000
#define ROWS_MAX 50000000

enum { UNIFORM, BY_DISTANCE };

struct knn {
    uint32_t count, how;
    size_t rows, features;
    struct tree *tree;
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

    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        if (!(weight > 0))
            continue;
        targets[at] = call->target[row];
        weights[at++] = weight;
        for (size_t i = 0; i < model->features; i++)
            *point++ = call->features[i][row];
    }
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
    model->tree = tree_new(call, model->numbers + 2 * rows, rows, call->feature_count);
    if (!model->tree) {
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

static int32_t apply(struct call *call, const void *state)
{
    const struct knn *model = state;
    double *points = call_feature_rows(call), *offsets = call_numbers(call, (int64_t)model->features + 1);
    struct neighbour *found = call_memory(call, model->count, sizeof(*found));

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (row % 64 == 0 && call_step(call, (double)row, (double)call->rows))
            break;
        tree_nearest(model->tree, points + (size_t)row * model->features, model->count, offsets, found);
        if (isinf(found[model->count - 1].distance))
            return call_fail(call, MLTRAINER_INVALID_DATA, "",
                             "row %lld (from 0) is too far for its distance to be a number", (long long)row);
        call->out[0][row] = mean_of(model, found);
    }
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
    if (reader->failed || !weights_are_right(model) ||
        !(model->tree = tree_new(NULL, model->numbers + 2 * rows, rows, feature_count))) {
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

FAMILY("neighbours", algorithms, .description = "What the nearest rows say.", .licence = "Apache-2.0 AND Zlib",
       .engine = "C of this project");
