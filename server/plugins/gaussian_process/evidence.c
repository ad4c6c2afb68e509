/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <math.h>
#include <string.h>

#include "support/minimize.h"

#define LOG_TWO_PI 1.8378770664093454836

struct gram_kernel hyper_kernel(const struct hyper *hyper)
{
    double share = 1 / (hyper->length * hyper->length);

    return (struct gram_kernel){.shape = hyper->shape,
                                .factor = hyper->shape == GRAM_GAUSSIAN ? share / 2 : share,
                                .power = hyper->mixture};
}

/* Of rows with weights w the noise is noise / w: both sides times the roots of the weights, which is also defined for
 * 0. */
static int make_system(const struct evidence *e, const struct gram_kernel *kernel)
{
    for (size_t row = 0; row < e->rows; row++) {
        double *line = e->square + row * e->rows;
        if (row % 64 == 0 && call_step(e->call, (double)row, 2 * (double)e->rows))
            return 1;
        gram_apply(kernel, e->measures + row * e->rows, row + 1, line);
        for (size_t other = 0; e->call->weights && other <= row; other++)
            line[other] *= e->roots[row] * e->roots[other];
        line[row] += e->noise;
    }
    return 0;
}

double evidence_log(const struct evidence *e, const struct hyper *hyper)
{
    struct gram_kernel kernel = hyper_kernel(hyper);
    double fit = 0, volume = 0;

    if (e->call->status || make_system(e, &kernel) || gram_factor(e->call, e->square, e->rows) || e->call->status)
        return -INFINITY;
    memcpy(e->dual, e->target, e->rows * sizeof(double));
    gram_solve(e->square, e->rows, e->dual);
    for (size_t row = 0; row < e->rows; row++) {
        fit += e->target[row] * e->dual[row];
        volume += log(e->square[row * e->rows + row]);
    }
    return -fit / 2 - volume - (double)e->rows / 2 * LOG_TWO_PI;
}

static double bounded(double logarithm)
{
    return exp(fmin(fmax(logarithm, log(HYPER_LEAST)), log(HYPER_MOST)));
}

struct trial {
    const struct evidence *evidence;
    enum gram_shape shape;
};

static double loss(void *arg, const double *x)
{
    const struct trial *trial = arg;
    struct hyper hyper = {.shape = trial->shape, .length = bounded(x[0]), .mixture = 1};

    if (hyper.shape == GRAM_RATIONAL_QUADRATIC)
        hyper.mixture = bounded(x[1]);
    return -evidence_log(trial->evidence, &hyper);
}

void evidence_maximise(const struct evidence *evidence, struct hyper *hyper, int rounds)
{
    struct trial trial = {.evidence = evidence, .shape = hyper->shape};
    double x[HYPER_MAX] = {log(hyper->length), log(hyper->mixture)};
    size_t count = hyper->shape == GRAM_RATIONAL_QUADRATIC ? 2 : 1;

    minimize_bfgs(&(struct minimize_function){.value = loss, .arg = &trial}, x, count, rounds);
    hyper->length = bounded(x[0]);
    if (count == 2)
        hyper->mixture = bounded(x[1]);
}
