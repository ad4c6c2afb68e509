/* SPDX-License-Identifier: Apache-2.0 */
/* A process whose values at any rows are jointly normal, with a kernel for covariance: what is predicted is the normal
 * that remains when the learnt rows are known, its mean and its deviation.
 * Source: Rasmussen and Williams (2006), "Gaussian processes for machine learning", chapters 2, 4 and 5. */
#include <math.h>
#include <stdlib.h>

#include <cblas.h>

#include "process.h"
#include "support/family.h"
#include "support/learner.h"

#define BLOCK 128 /* rows that are solved for together */

struct process {
    struct hyper hyper;
    double noise, mean, spread; /* of the target as it was learnt */
    size_t rows, features;
    double *factor;   /* of the covariance, lower triangle row after row */
    double numbers[]; /* dual, roots of weights, columns */
};

static void release(void *state)
{
    struct process *model = state;

    if (model)
        free(model->factor);
    free(model);
}

static struct process *process_new(size_t rows, size_t features)
{
    struct process *model = malloc(sizeof(*model) + rows * (features + 2) * sizeof(double));
    double *factor = malloc(rows * rows * sizeof(double));

    if (!model || !factor) {
        free(model);
        free(factor);
        return NULL;
    }
    *model = (struct process){.rows = rows, .features = features, .factor = factor};
    return model;
}

static enum gram_shape asked_matern(struct call *call)
{
    static const char *const names[] = {"0.5", "1.5", "2.5", NULL};
    static const enum gram_shape shapes[] = {GRAM_MATERN_HALF, GRAM_MATERN_THREE_HALF, GRAM_MATERN_FIVE_HALF};

    return shapes[call_choice(call, "nu", names)];
}

/* Scale the target as asked, and by the roots of the weights. */
static void prepare_target(struct call *call, int normalise, struct process *model, double *roots, double *target)
{
    double total = 0, squares = 0;

    model->mean = 0;
    model->spread = 1;
    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        roots[row] = sqrt(weight);
        total += weight;
    }
    for (int64_t row = 0; normalise && row < call->rows; row++)
        model->mean += roots[row] * roots[row] * call->target[row] / total;
    for (int64_t row = 0; normalise && row < call->rows; row++)
        squares += roots[row] * roots[row] * (call->target[row] - model->mean) * (call->target[row] - model->mean);
    if (squares > 0)
        model->spread = sqrt(squares / total);
    for (int64_t row = 0; row < call->rows; row++)
        target[row] = (call->target[row] - model->mean) / model->spread * roots[row];
}

static int32_t too_many(struct call *call)
{
    return call_fail(call, MLTRAINER_INVALID_DATA, "",
                     "%lld rows are more than %d: the covariance of all pairs is kept", (long long)call->rows,
                     GRAM_ROWS_MAX);
}

/* What the parameters say, into a model that is not filled yet. */
static int32_t learn(struct call *call, struct hyper hyper, void **state)
{
    double noise = call_number_within(call, "alpha", 0, 1e12);
    int rounds = (int)call_integer(call, "max_iter", 0, 10000), normalise = call_flag(call, "normalize_y");
    size_t rows = (size_t)call->rows, features = call->feature_count;

    hyper.length = call_number_within(call, "length_scale", HYPER_LEAST, HYPER_MOST);
    if (!call->status && rows > GRAM_ROWS_MAX)
        return too_many(call);
    if (call->status)
        return call->status;
    double *columns = gram_columns(call), *measures = call_numbers(call, (int64_t)(rows * rows));
    double *target = call_numbers(call, call->rows);
    if (call->status || gram_square(call, hyper.shape, columns, features, rows, measures))
        return call->status;
    struct process *model = process_new(rows, features);
    if (!model)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    model->noise = noise;
    prepare_target(call, normalise, model, model->numbers + rows, target);
    memcpy(model->numbers + 2 * rows, columns, rows * features * sizeof(double));
    struct evidence evidence = {.call = call, .measures = measures, .target = target, .roots = model->numbers + rows,
                                .noise = noise, .rows = rows, .square = model->factor, .dual = model->numbers};
    if (rounds > 0)
        evidence_maximise(&evidence, &hyper, rounds);
    model->hyper = hyper;
    double logarithm = evidence_log(&evidence, &hyper);
    if (!call->status && !isfinite(logarithm))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the covariance of these rows is singular: alpha must be larger");
    if (call->status) {
        release(model);
        return call->status;
    }
    call->host->metric(call->host, "log_evidence", MLTRAINER_STEP_FINAL, logarithm);
    call->host->metric(call->host, "length_scale", MLTRAINER_STEP_FINAL, hyper.length);
    *state = model;
    return call->status;
}

static int32_t fit_rbf(struct call *call, void **state)
{
    return learn(call, (struct hyper){.shape = GRAM_GAUSSIAN, .mixture = 1}, state);
}

static int32_t fit_matern(struct call *call, void **state)
{
    return learn(call, (struct hyper){.shape = asked_matern(call), .mixture = 1}, state);
}

static int32_t fit_rational_quadratic(struct call *call, void **state)
{
    double mixture = call_number_within(call, "mixture", HYPER_LEAST, HYPER_MOST);

    return learn(call, (struct hyper){.shape = GRAM_RATIONAL_QUADRATIC, .mixture = mixture}, state);
}

/* The kernel is 1 of a row with itself, so 1 - |L^-1 k|² of variance remains. */
static int32_t apply(struct call *call, const void *state)
{
    const struct process *model = state;
    const double *dual = model->numbers, *roots = dual + model->rows, *columns = roots + model->rows;
    struct gram_kernel kernel = hyper_kernel(&model->hyper);
    double *points = call_feature_rows(call), *block = call_numbers(call, (int64_t)model->rows * BLOCK);

    for (int64_t first = 0; !call->status && first < call->rows; first += BLOCK) {
        size_t count = call->rows - first < BLOCK ? (size_t)(call->rows - first) : BLOCK;
        if (call_step(call, (double)first, (double)call->rows))
            break;
        for (size_t i = 0; i < count; i++) {
            double *alike = block + i * model->rows;
            gram_measure(model->hyper.shape, points + ((size_t)first + i) * model->features, columns, model->features,
                         model->rows, alike);
            gram_apply(&kernel, alike, model->rows, alike);
            for (size_t row = 0; row < model->rows; row++)
                alike[row] *= roots[row];
            double sum = cblas_ddot((int)model->rows, alike, 1, dual, 1);
            call->out[0][(size_t)first + i] = model->mean + model->spread * sum;
        }
        gram_solve_half(model->factor, model->rows, block, count);
        for (size_t i = 0; i < count; i++) {
            const double *half = block + i * model->rows;
            double known = cblas_ddot((int)model->rows, half, 1, half, 1);
            call->out[1][(size_t)first + i] = model->spread * sqrt(fmax(0, 1 - known));
        }
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct process *model = state;

    artifact_put_u32(writer, model->hyper.shape);
    artifact_put_double(writer, model->hyper.length);
    artifact_put_double(writer, model->hyper.mixture);
    artifact_put_double(writer, model->noise);
    artifact_put_double(writer, model->mean);
    artifact_put_double(writer, model->spread);
    artifact_put_u64(writer, model->rows);
    artifact_put_doubles(writer, model->numbers, model->rows * (model->features + 2));
}

/* The factor is as large as all rows squared, so that it is made anew instead of being kept. */
static int make_factor(struct process *model)
{
    const double *roots = model->numbers + model->rows, *columns = roots + model->rows;
    struct gram_kernel kernel = hyper_kernel(&model->hyper);
    double *point = malloc((model->features + 1) * sizeof(double));

    if (!point)
        return 1;
    for (size_t row = 0; row < model->rows; row++) {
        double *line = model->factor + row * model->rows;
        gram_point(columns, model->features, model->rows, row, point);
        gram_measure(model->hyper.shape, point, columns, model->features, model->rows, line);
        gram_apply(&kernel, line, row + 1, line);
        for (size_t other = 0; other <= row; other++)
            line[other] *= roots[row] * roots[other];
        line[row] += model->noise;
    }
    free(point);
    return gram_factor_whole(model->factor, model->rows);
}

static int hyper_is_right(const struct hyper *hyper, uint32_t shape)
{
    return shape >= GRAM_GAUSSIAN && shape < GRAM_SHAPES && hyper->length >= HYPER_LEAST / 2 &&
           hyper->length <= HYPER_MOST * 2 && hyper->mixture >= HYPER_LEAST / 2 && hyper->mixture <= HYPER_MOST * 2;
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    uint32_t shape = artifact_take_u32(reader);
    struct hyper hyper = {.length = artifact_take_double(reader)};
    hyper.mixture = artifact_take_double(reader);
    double noise = artifact_take_double(reader), mean = artifact_take_double(reader);
    double spread = artifact_take_double(reader);
    size_t rows = artifact_take_count(reader, (feature_count + 2) * sizeof(double));

    if (!hyper_is_right(&hyper, shape) || noise < 0 || !(spread > 0) || rows == 0 || rows > GRAM_ROWS_MAX)
        return NULL;
    hyper.shape = (enum gram_shape)shape;
    struct process *model = process_new(rows, feature_count);
    if (!model)
        return NULL;
    model->hyper = hyper;
    model->noise = noise;
    model->mean = mean;
    model->spread = spread;
    artifact_take_doubles(reader, model->numbers, rows * (feature_count + 2));
    if (reader->failed || make_factor(model)) {
        release(model);
        return NULL;
    }
    return model;
}

LEARNER(rbf, .task = LEARNER_NUMBERS, .outputs = {"prediction", "deviation"}, .fit = fit_rbf, .apply = apply,
        .save = save, .restore = restore, .release = release);
LEARNER(matern, .task = LEARNER_NUMBERS, .outputs = {"prediction", "deviation"}, .fit = fit_matern, .apply = apply,
        .save = save, .restore = restore, .release = release);
LEARNER(rational_quadratic, .task = LEARNER_NUMBERS, .outputs = {"prediction", "deviation"},
        .fit = fit_rational_quadratic, .apply = apply, .save = save, .restore = restore, .release = release);

#define LEARNERS(X)                                                                                                    \
    X(rbf, "Gaussian process, infinitely smooth.", 0)                                                                  \
    X(matern, "Gaussian process of Matern's kernel, as smooth as asked.", 0)                                           \
    X(rational_quadratic, "Gaussian process of many scales of length at once.", 0)

LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("gaussian_process", algorithms, .description = "Gaussian processes: a mean and how far to trust it.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "C of this project on OpenBLAS");
