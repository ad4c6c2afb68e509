/* SPDX-License-Identifier: Apache-2.0 */
#include "regression.h"

struct regression regression_new(struct call *call, int64_t rows, size_t columns)
{
    return (struct regression){.rows = rows,
                               .columns = columns,
                               .x = call_memory(call, (size_t)rows * columns, sizeof(double)),
                               .y = call_numbers(call, rows),
                               .diagonal = call_numbers(call, (int64_t)columns),
                               .squares = call_numbers(call, (int64_t)columns + 1)};
}

static double dot(const double *a, const double *b, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Take the reflection @v (of square length @length) to @column. */
static void reflect(const double *v, double length, double *column, int64_t count)
{
    double share = 2 * dot(v, column, count) / length;

    for (int64_t i = 0; i < count; i++)
        column[i] -= share * v[i];
}

int32_t regression_factor(struct call *call, struct regression *r)
{
    for (size_t k = 0; k < r->columns; k++) {
        double *v = r->x + (size_t)r->rows * k + k;
        int64_t count = r->rows - (int64_t)k;
        double norm = sqrt(dot(v, v, count)), whole = sqrt(dot(v - k, v - k, r->rows));
        if (!(norm > 1e-12 * whole))
            return call_fail(call, MLTRAINER_INVALID_DATA, "",
                             "the series is too regular: its lags depend on each other");
        r->diagonal[k] = v[0] > 0 ? -norm : norm;
        v[0] -= r->diagonal[k];
        double length = dot(v, v, count);
        for (size_t j = k + 1; j < r->columns; j++) {
            if (call_step(call, (double)(k * r->columns + j), (double)(r->columns * r->columns)))
                return call->status;
            reflect(v, length, r->x + (size_t)r->rows * j + k, count);
        }
        reflect(v, length, r->y + k, count);
    }
    double sum = dot(r->y + r->columns, r->y + r->columns, r->rows - (int64_t)r->columns);
    for (size_t k = r->columns + 1; k-- > 0;) {
        r->squares[k] = sum;
        if (k > 0)
            sum += r->y[k - 1] * r->y[k - 1];
    }
    return call->status;
}

/* R sits above the diagonal, column by column: element (i, j) at x[rows * j + i]. */
static double above(const struct regression *r, size_t i, size_t j)
{
    return i == j ? r->diagonal[i] : r->x[(size_t)r->rows * j + i];
}

double regression_t_value(struct call *call, const struct regression *r, size_t index)
{
    double *b = call_numbers(call, (int64_t)r->columns), *w = call_numbers(call, (int64_t)r->columns), length = 0;

    if (call->status)
        return NAN;
    for (size_t i = r->columns; i-- > 0;) { /* R b = Q'y */
        b[i] = r->y[i];
        for (size_t j = i + 1; j < r->columns; j++)
            b[i] -= above(r, i, j) * b[j];
        b[i] /= above(r, i, i);
    }
    for (size_t i = 0; i < r->columns; i++) { /* R'w = e: its square length is the diagonal of (X'X)^-1 */
        w[i] = i == index;
        for (size_t j = 0; j < i; j++)
            w[i] -= above(r, j, i) * w[j];
        w[i] /= above(r, i, i);
        length += w[i] * w[i];
    }
    double variance = r->squares[r->columns] / (double)(r->rows - (int64_t)r->columns);
    return b[index] / sqrt(variance * length);
}
