/* SPDX-License-Identifier: Apache-2.0 */
#include "gaussian_process.h"

#define NOISE 1e-6

static const double lengths[GP_LENGTHS] = {0.1, 0.2, 0.4, 0.8};

static double kernel(const double *a, const double *b, double length)
{
    double squares = 0;

    for (size_t i = 0; i < GP_DIMENSIONS; i++)
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    double far = sqrt(5 * squares) / length;
    return (1 + far + far * far / 3) * exp(-far);
}

/* Solve L v = k for the kernel's values at @point, into @v; gives |v|^2. */
static double whiten(const struct gaussian_process *gp, size_t length, const double *point, double *v)
{
    const double *factor = gp->factors[length];
    double squares = 0;

    for (size_t i = 0; i < gp->count; i++) {
        double sum = kernel(point, gp->points[i], lengths[length]);
        for (size_t k = 0; k < i; k++)
            sum -= factor[i * gp->room + k] * v[k];
        v[i] = sum / factor[i * gp->room + i];
        squares += v[i] * v[i];
    }
    return squares;
}

void gaussian_process_start(struct gaussian_process *gp, struct call *call, size_t room)
{
    *gp = (struct gaussian_process){.call = call,
                                    .room = room,
                                    .points = call_memory(call, room, sizeof(*gp->points)),
                                    .whitened = call_memory(call, room, sizeof(double)),
                                    .values = call_memory(call, room, sizeof(double)),
                                    .scratch = call_memory(call, room, sizeof(double))};
    for (size_t i = 0; i < GP_LENGTHS; i++)
        gp->factors[i] = call_memory(call, room * room, sizeof(double));
}

void gaussian_process_add(struct gaussian_process *gp, const double *point)
{
    for (size_t i = 0; i < GP_LENGTHS; i++) {
        double *row = gp->factors[i] + gp->count * gp->room;
        double left = 1 + NOISE - whiten(gp, i, point, row);
        row[gp->count] = sqrt(fmax(left, NOISE));
    }
    memcpy(gp->points[gp->count++], point, sizeof(*gp->points));
}

static void standardise(struct gaussian_process *gp, const double *values)
{
    double mean = 0, squares = 0;

    for (size_t i = 0; i < gp->count; i++)
        mean += values[i] / (double)gp->count;
    for (size_t i = 0; i < gp->count; i++)
        squares += (values[i] - mean) * (values[i] - mean) / (double)gp->count;
    for (size_t i = 0; i < gp->count; i++)
        gp->values[i] = squares > 0 ? (values[i] - mean) / sqrt(squares) : 0;
}

void gaussian_process_learn(struct gaussian_process *gp, const double *values)
{
    double most = -INFINITY;

    standardise(gp, values);
    for (size_t length = 0; length < GP_LENGTHS; length++) {
        const double *factor = gp->factors[length];
        double likelihood = 0;
        for (size_t i = 0; i < gp->count; i++) {
            double sum = gp->values[i];
            for (size_t k = 0; k < i; k++)
                sum -= factor[i * gp->room + k] * gp->scratch[k];
            gp->scratch[i] = sum / factor[i * gp->room + i];
            likelihood -= gp->scratch[i] * gp->scratch[i] / 2 + log(factor[i * gp->room + i]);
        }
        if (likelihood > most) {
            most = likelihood;
            gp->chosen = length;
            memcpy(gp->whitened, gp->scratch, gp->count * sizeof(double));
        }
    }
}

void gaussian_process_ask(const struct gaussian_process *gp, const double *point, double *mean, double *deviation)
{
    double squares = whiten(gp, gp->chosen, point, gp->scratch), sum = 0;

    for (size_t i = 0; i < gp->count; i++)
        sum += gp->scratch[i] * gp->whitened[i];
    *mean = sum;
    *deviation = sqrt(fmax(1 - squares, 0));
}
