/* SPDX-License-Identifier: Apache-2.0 */
#include "support/minimize.h"

#include <math.h>
#include <string.h>

struct search {
    const struct minimize_function *function;
    size_t count;
    double x[MINIMIZE_MAX], gradient[MINIMIZE_MAX], direction[MINIMIZE_MAX], step[MINIMIZE_MAX], change[MINIMIZE_MAX];
    double inverse[MINIMIZE_MAX][MINIMIZE_MAX]; /* of the matrix of second derivatives, as it is known so far */
    double value;
};

static double value_at(const struct search *s, const double *x)
{
    double value = s->function->value(s->function->arg, x);

    return isnan(value) ? INFINITY : value;
}

/* One side where the other is not defined. */
static void measure_gradient(struct search *s, double *gradient)
{
    for (size_t i = 0; i < s->count; i++) {
        double kept = s->x[i], width = 6e-6 * fmax(fabs(kept), 1);
        s->x[i] = kept + width;
        double above = value_at(s, s->x);
        s->x[i] = kept - width;
        double below = value_at(s, s->x);
        s->x[i] = kept;
        gradient[i] = !isfinite(above)   ? (s->value - below) / width
                      : !isfinite(below) ? (above - s->value) / width
                                         : (above - below) / (2 * width);
        if (!isfinite(gradient[i]))
            gradient[i] = 0;
    }
}

static void forget(struct search *s)
{
    memset(s->inverse, 0, sizeof(s->inverse));
    for (size_t i = 0; i < s->count; i++)
        s->inverse[i][i] = 1;
}

static double dot(const double *a, const double *b, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The slope along the new direction. */
static double aim(struct search *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->direction[i] = -dot(s->inverse[i], s->gradient, s->count);
    return dot(s->direction, s->gradient, s->count);
}

/* Along the direction to a sufficiently smaller value; non-zero when there is none. */
static int descend(struct search *s, double slope)
{
    double largest = 0, next[MINIMIZE_MAX];

    for (size_t i = 0; i < s->count; i++)
        largest = fmax(largest, fabs(s->direction[i]));
    for (double length = fmin(1, 1 / largest); length * largest > 1e-12; length /= 2) {
        for (size_t i = 0; i < s->count; i++)
            next[i] = s->x[i] + length * s->direction[i];
        double value = value_at(s, next);
        if (!(value <= s->value + 1e-4 * length * slope && value < s->value))
            continue;
        for (size_t i = 0; i < s->count; i++)
            s->step[i] = next[i] - s->x[i];
        memcpy(s->x, next, s->count * sizeof(double));
        s->value = value;
        return 0;
    }
    return 1;
}

/* What the last step told of the second derivatives. */
static void learn(struct search *s)
{
    double curvature = dot(s->step, s->change, s->count), image[MINIMIZE_MAX];

    if (!(curvature > 1e-14))
        return;
    for (size_t i = 0; i < s->count; i++)
        image[i] = dot(s->inverse[i], s->change, s->count);
    double scale = (1 + dot(s->change, image, s->count) / curvature) / curvature;
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < s->count; j++)
            s->inverse[i][j] += scale * s->step[i] * s->step[j] -
                                (image[i] * s->step[j] + s->step[i] * image[j]) / curvature;
}

double minimize_bfgs(const struct minimize_function *function, double *x, size_t count, int rounds_max)
{
    struct search s = {.function = function, .count = count};
    int is_fresh = 1, idle = 0; /* rounds in a row that gained next to nothing */

    memcpy(s.x, x, count * sizeof(double));
    s.value = value_at(&s, s.x);
    forget(&s);
    measure_gradient(&s, s.gradient);
    for (int round = 0; round < rounds_max && isfinite(s.value) && idle < 2; round++) {
        double before[MINIMIZE_MAX], slope = aim(&s), reached = s.value;
        if (slope >= 0 || descend(&s, slope)) {
            if (is_fresh || slope == 0)
                break;
            forget(&s);
            is_fresh = 1;
            continue;
        }
        is_fresh = 0;
        idle = reached - s.value < 1e-13 * (1 + fabs(s.value)) ? idle + 1 : 0;
        memcpy(before, s.gradient, count * sizeof(double));
        measure_gradient(&s, s.gradient);
        for (size_t i = 0; i < count; i++)
            s.change[i] = s.gradient[i] - before[i];
        learn(&s);
    }
    memcpy(x, s.x, count * sizeof(double));
    return s.value;
}
