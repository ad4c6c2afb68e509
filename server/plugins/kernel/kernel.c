/* SPDX-License-Identifier: Apache-2.0 */
/* Ridge regression in the space of a kernel: (K + alpha I) w = y, and a row's prediction is the sum of w times its
 * kernel with each learnt row. Rows with weights: K and y are scaled by their roots, as scikit-learn does.
 * Source: Saunders, Gammerman and Vovk (1998), "Ridge regression learning algorithm in dual variables". */
#include <math.h>
#include <stdlib.h>

#include "gram/gram.h"
#include "support/family.h"
#include "support/learner.h"

struct kernel_ridge {
    struct gram_kernel kernel;
    size_t rows, features;
    double numbers[]; /* @rows weights, then the columns */
};

static struct gram_kernel asked_kernel(struct call *call)
{
    static const char *const names[] = {"linear", "poly", "rbf", NULL};
    static const enum gram_shape shapes[] = {GRAM_LINEAR, GRAM_POLYNOMIAL, GRAM_GAUSSIAN};
    struct gram_kernel kernel = {.shape = shapes[call_choice(call, "kernel", names)],
                                 .factor = call_number_within(call, "gamma", 0, 1e12),
                                 .offset = call_number_within(call, "coef0", -1e12, 1e12),
                                 .power = (double)call_integer(call, "degree", 1, 20)};

    if (kernel.factor == 0)
        kernel.factor = 1 / (double)call->feature_count;
    return kernel;
}

static double root_weight(const struct call *call, size_t row)
{
    return call->weights ? sqrt(call->weights[row]) : 1;
}

/* K + alpha I, scaled by the roots of weights, below the diagonal and on it. */
static void make_system(struct call *call, const struct gram_kernel *kernel, double alpha, double *square, size_t rows)
{
    for (size_t row = 0; row < rows; row++) {
        double *line = square + row * rows;
        if (row % 64 == 0 && call_step(call, (double)(rows + row), (double)rows * 4))
            return;
        gram_apply(kernel, line, row + 1, line);
        for (size_t other = 0; call->weights && other <= row; other++)
            line[other] *= root_weight(call, row) * root_weight(call, other);
        line[row] += alpha;
    }
}

static int32_t fit(struct call *call, void **state)
{
    double alpha = call_number_within(call, "alpha", 0, 1e12);
    size_t rows = (size_t)call->rows, features = call->feature_count;

    if (!call->status && features == 0)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "there are no features");
    struct gram_kernel kernel = asked_kernel(call);
    if (!call->status && rows > GRAM_ROWS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu rows are more than %d: the kernel of all pairs is kept", rows,
                  GRAM_ROWS_MAX);
    if (call->status)
        return call->status;
    double *columns = gram_columns(call), *square = call_numbers(call, (int64_t)(rows * rows));
    double *dual = call_numbers(call, call->rows);
    if (call->status || gram_square(call, kernel.shape, columns, features, rows, square))
        return call->status;
    make_system(call, &kernel, alpha, square, rows);
    if (call->status)
        return call->status;
    call_part(call, 0.5, 1);
    int singular = gram_factor(call, square, rows);
    if (call->status)
        return call->status;
    if (singular)
        return call_fail(call, MLTRAINER_INVALID_DATA, "",
                         "the kernel of these rows is singular: alpha must be larger");
    for (size_t row = 0; row < rows; row++)
        dual[row] = call->target[row] * root_weight(call, row);
    gram_solve(square, rows, dual);
    for (size_t row = 0; row < rows; row++)
        if (!isfinite(dual[row] *= root_weight(call, row)))
            return call_fail(call, MLTRAINER_INVALID_DATA, "", "the numbers are too large for this kernel");
    struct kernel_ridge *model = malloc(sizeof(*model) + rows * (features + 1) * sizeof(double));
    if (!model)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    *model = (struct kernel_ridge){.kernel = kernel, .rows = rows, .features = features};
    memcpy(model->numbers, dual, rows * sizeof(double));
    memcpy(model->numbers + rows, columns, rows * features * sizeof(double));
    *state = model;
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct kernel_ridge *model = state;

    return gram_sum(call, &model->kernel, model->numbers + model->rows, model->numbers, model->rows, 0, call->out[0]);
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct kernel_ridge *model = state;

    artifact_put_u32(writer, model->kernel.shape);
    artifact_put_double(writer, model->kernel.factor);
    artifact_put_double(writer, model->kernel.offset);
    artifact_put_double(writer, model->kernel.power);
    artifact_put_u64(writer, model->rows);
    artifact_put_doubles(writer, model->numbers, model->rows * (model->features + 1));
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    uint32_t shape = artifact_take_u32(reader);
    struct gram_kernel kernel = {.shape = GRAM_LINEAR, .factor = artifact_take_double(reader)};
    kernel.offset = artifact_take_double(reader);
    kernel.power = artifact_take_double(reader);
    size_t rows = artifact_take_count(reader, (feature_count + 1) * sizeof(double));

    if (shape > GRAM_GAUSSIAN || !(kernel.factor > 0) || rows == 0 || rows > GRAM_ROWS_MAX)
        return NULL;
    kernel.shape = (enum gram_shape)shape;
    struct kernel_ridge *model = malloc(sizeof(*model) + rows * (feature_count + 1) * sizeof(double));
    if (!model)
        return NULL;
    *model = (struct kernel_ridge){.kernel = kernel, .rows = rows, .features = feature_count};
    artifact_take_doubles(reader, model->numbers, rows * (feature_count + 1));
    return model;
}

LEARNER(kernel_ridge, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = apply, .save = save,
        .restore = restore, .release = free);

#define LEARNERS(X) X(kernel_ridge, "Ridge regression in the space of a kernel.", 0)

LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("kernel", algorithms, .description = "Regression on how alike rows are.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "C of this project on OpenBLAS");
