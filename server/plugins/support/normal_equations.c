/* SPDX-License-Identifier: Apache-2.0 */
#include "support/normal_equations.h"

#include "support/cholesky.h"

struct normal normal_new(struct call *call, size_t order)
{
    return (struct normal){.order = order,
                           .matrix = call_memory(call, order * order, sizeof(double)),
                           .moment = call_memory(call, order, sizeof(double))};
}

void normal_clear(struct normal *normal)
{
    memset(normal->matrix, 0, normal->order * normal->order * sizeof(double));
    memset(normal->moment, 0, normal->order * sizeof(double));
    normal->squares = normal->weight = 0;
}

void normal_add(struct normal *normal, const double *x, double y, double weight)
{
    for (size_t i = 0; i < normal->order; i++) {
        double *row = normal->matrix + i * normal->order, factor = weight * x[i];
        for (size_t k = 0; k <= i; k++)
            row[k] += factor * x[k];
        normal->moment[i] += factor * y;
    }
    normal->squares += weight * y * y;
    normal->weight += weight;
}

void normal_combine(struct normal *into, const struct normal *other, double sign)
{
    for (size_t i = 0; i < into->order * into->order; i++)
        into->matrix[i] += sign * other->matrix[i];
    for (size_t i = 0; i < into->order; i++)
        into->moment[i] += sign * other->moment[i];
    into->squares += sign * other->squares;
    into->weight += sign * other->weight;
}

void normal_solve(const struct normal *normal, double penalty, double *b, double *scratch)
{
    size_t order = normal->order;
    double largest = 0, added = penalty;

    for (size_t i = 0; i < order; i++)
        largest = fmax(largest, normal->matrix[i * order + i]);
    memset(b, 0, order * sizeof(*b));
    for (int attempt = 0; largest > 0 && attempt < 8; attempt++) {
        memcpy(scratch, normal->matrix, order * order * sizeof(*scratch));
        for (size_t i = 0; i < order; i++)
            scratch[i * order + i] += added;
        if (cholesky_factor(scratch, order) == 0) {
            memcpy(b, normal->moment, order * sizeof(*b));
            cholesky_solve(scratch, order, b);
            return;
        }
        added = fmax(10 * added, 1e-10 * largest);
    }
}

double normal_residual(const struct normal *normal, const double *b)
{
    double sum = normal->squares;

    for (size_t i = 0; i < normal->order; i++) {
        const double *row = normal->matrix + i * normal->order;
        double product = row[i] * b[i] / 2;
        for (size_t k = 0; k < i; k++)
            product += row[k] * b[k];
        sum += 2 * b[i] * product - 2 * b[i] * normal->moment[i];
    }
    return fmax(sum, 0);
}
