/* SPDX-License-Identifier: Apache-2.0 */
#include "gaussians.h"
#include "support/random.h"

#include "support/cholesky.h"

#define LOG_TWO_PI 1.83787706640934548356

size_t gaussians_numbers(size_t count, size_t features)
{
    return count * (1 + features + 2 * features * features);
}

void gaussians_bind(struct gaussians *g, double *numbers)
{
    g->means = numbers;
    g->covariance = g->means + g->count * g->features;
    g->factor = g->covariance + g->count * g->features * g->features;
    g->level = g->factor + g->count * g->features * g->features;
}

int gaussians_factor(struct gaussians *g)
{
    size_t d = g->features;

    memcpy(g->factor, g->covariance, g->count * d * d * sizeof(double));
    for (size_t c = 0; c < g->count; c++) {
        double *factor = g->factor + c * d * d;
        if (cholesky_factor(factor, d))
            return 1;
        g->level[c] = -0.5 * (double)d * LOG_TWO_PI;
        for (size_t i = 0; i < d; i++)
            g->level[c] -= log(factor[i * d + i]);
    }
    return 0;
}

void gaussians_log_density(const struct gaussians *g, const double *points, int64_t rows, double *out)
{
    size_t d = g->features;
    double left[GAUSSIANS_FEATURES_MAX];

    for (int64_t row = 0; row < rows; row++)
        for (size_t c = 0; c < g->count; c++) {
            const double *factor = g->factor + c * d * d, *mean = g->means + c * d;
            double distance = 0;
            for (size_t i = 0; i < d; i++) { /* L left = point - mean */
                left[i] = points[(size_t)row * d + i] - mean[i];
                for (size_t j = 0; j < i; j++)
                    left[i] -= factor[i * d + j] * left[j];
                left[i] /= factor[i * d + i];
                distance += left[i] * left[i];
            }
            out[(size_t)row * g->count + c] = g->level[c] - distance / 2;
        }
}

/* Sum of @parts[c] times the outer product of the distance from mean c; the weight is returned. */
static double scatter(struct gaussians *g, const double *points, int64_t rows, const double *parts, size_t c)
{
    size_t d = g->features;
    double weight = 0, *mean = g->means + c * d, *sum = g->factor + c * d * d; /* the factor is made anew afterwards */

    for (int64_t row = 0; row < rows; row++)
        weight += parts[(size_t)row * g->count + c];
    memset(sum, 0, d * d * sizeof(double));
    if (!(weight > 1e-10))
        return 0;
    memset(mean, 0, d * sizeof(double));
    for (int64_t row = 0; row < rows; row++)
        for (size_t i = 0; i < d; i++)
            mean[i] += parts[(size_t)row * g->count + c] * points[(size_t)row * d + i];
    for (size_t i = 0; i < d; i++)
        mean[i] /= weight;
    for (int64_t row = 0; row < rows; row++) {
        double part = parts[(size_t)row * g->count + c], apart[GAUSSIANS_FEATURES_MAX];
        if (part < 1e-300)
            continue;
        for (size_t i = 0; i < d; i++) {
            apart[i] = points[(size_t)row * d + i] - mean[i];
            for (size_t j = 0; j <= i; j++)
                sum[i * d + j] += part * apart[i] * apart[j];
        }
    }
    return weight;
}

/* @sum: lower triangle, to be divided by @weight. */
static void set_covariance(const struct gaussians *g, size_t c, const double *sum, double weight)
{
    size_t d = g->features;
    double *covariance = g->covariance + c * d * d, mean = 0;

    for (size_t i = 0; i < d; i++)
        mean += sum[i * d + i] / weight / (double)d;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            int is_zero = i != j && (g->shape == GAUSSIANS_DIAGONAL || g->shape == GAUSSIANS_SPHERICAL);
            double value = is_zero ? 0 : sum[i * d + j] / weight;
            if (i == j)
                value = (g->shape == GAUSSIANS_SPHERICAL ? mean : value) + g->floor * (g->sizes ? g->sizes[i] : 1);
            covariance[i * d + j] = covariance[j * d + i] = value;
        }
}

int gaussians_update(struct gaussians *g, const double *points, int64_t rows, const double *parts)
{
    size_t square = g->features * g->features;
    double total = 0;

    for (size_t c = 0; c < g->count; c++) {
        double weight = scatter(g, points, rows, parts, c);
        total += weight;
        if (weight > 0 && g->shape != GAUSSIANS_TIED)
            set_covariance(g, c, g->factor + c * square, weight);
    }
    if (g->shape == GAUSSIANS_TIED) {
        for (size_t c = 1; c < g->count; c++)
            for (size_t i = 0; i < square; i++)
                g->factor[i] += g->factor[c * square + i];
        memmove(g->covariance, g->factor, square * sizeof(double));
        for (size_t c = g->count; c-- > 0;)
            set_covariance(g, c, g->factor, total);
    }
    return gaussians_factor(g);
}

int32_t gaussians_start(struct call *call, struct gaussians *g, const double *points, int64_t rows, uint64_t stream)
{
    uint32_t *labels = call_memory(call, (size_t)rows, sizeof(*labels));
    double *parts = call_memory(call, (size_t)rows * g->count, sizeof(*parts));

    if (call->status || groups_find(call, points, rows, g->features, g->count, 1, stream, labels, g->means))
        return call->status;
    for (int64_t row = 0; row < rows; row++)
        parts[(size_t)row * g->count + labels[row]] = 1;
    if (gaussians_update(g, points, rows, parts))
        call_fail(call, MLTRAINER_INVALID_DATA, "",
                  "a group's covariance is singular: fewer groups or features, or a floor of the variance");
    return call->status;
}

int32_t gaussians_draw(struct call *call, struct gaussians *g, const double *points, int64_t rows, uint64_t stream)
{
    double *parts = call_memory(call, (size_t)rows * g->count, sizeof(*parts));
    struct random random;

    if (call->status)
        return call->status;
    for (size_t i = 0; i < (size_t)rows * g->count; i++)
        parts[i] = 1;
    if (gaussians_update(g, points, rows, parts))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the covariance of all rows is singular: fewer features");
    random_start(&random, call->host, stream);
    for (size_t c = 0; c < g->count; c++) {
        size_t row = random_below(&random, (uint64_t)rows);
        memcpy(g->means + c * g->features, points + row * g->features, g->features * sizeof(double));
    }
    return call->status;
}

void gaussians_order(const struct gaussians *g, size_t *order)
{
    for (size_t c = 0; c < g->count; c++) {
        size_t at = c;
        for (; at > 0; at--) {
            const double *before = g->means + order[at - 1] * g->features, *mean = g->means + c * g->features;
            size_t i = 0;
            while (i < g->features - 1 && mean[i] == before[i])
                i++;
            if (!(mean[i] < before[i]))
                break;
            order[at] = order[at - 1];
        }
        order[at] = c;
    }
}
