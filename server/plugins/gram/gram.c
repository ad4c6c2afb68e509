/* SPDX-License-Identifier: Apache-2.0 */
#include "gram/gram.h"

#include <math.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

#include "support/distance.h"
#include "support/exponential.h"
#include "support/weighted_sum.h"
#include "support/wide.h"

#define PANEL 256

static int looks_at_products(enum gram_shape shape)
{
    return shape == GRAM_LINEAR || shape == GRAM_POLYNOMIAL;
}

void gram_measure(enum gram_shape shape, const double *point, const double *columns, size_t features, size_t rows,
                  double *measures)
{
    if (rows == 0)
        return;
    if (looks_at_products(shape))
        cblas_dgemv(CblasColMajor, CblasNoTrans, (int)rows, (int)features, 1, columns, (int)rows, point, 1, 0, measures,
                    1);
    else
        distance_block(columns, rows, features, rows, point, measures);
}

/* ---- What the kernels make of it, a tile at a time ---- */

#define TILE ((size_t)256)

static double whole_power(double base, unsigned power)
{
    double value = 1;

    for (; power > 0; power >>= 1, base *= base)
        if (power & 1)
            value *= base;
    return value;
}

WIDE static void polynomial(const struct gram_kernel *kernel, const double *measures, size_t count, double *values)
{
    double factor = kernel->factor, offset = kernel->offset;
    unsigned power = (unsigned)kernel->power;

    if (power == 2)
        for (size_t i = 0; i < count; i++)
            values[i] = (factor * measures[i] + offset) * (factor * measures[i] + offset);
    else
        for (size_t i = 0; i < count; i++)
            values[i] = whole_power(factor * measures[i] + offset, power);
}

static void gaussian(const struct gram_kernel *kernel, const double *measures, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = -kernel->factor * measures[i];
    exponential(values, count, values);
}

/* (1 + s + @square s²) exp(-s), s² = @factor times the measure; where @line is 0 exp(-s). */
WIDE static void matern(const double *measures, double factor, double line, double square, size_t count, double *values)
{
    double roots[TILE];

    for (size_t i = 0; i < count; i++) {
        roots[i] = sqrt(factor * measures[i]);
        values[i] = -roots[i];
    }
    exponential(values, count, values);
    for (size_t i = 0; line > 0 && i < count; i++)
        values[i] *= 1 + roots[i] + square * (roots[i] * roots[i]);
}

/* A power by its logarithm: its base is 1 at least. */
static void rational_quadratic(const struct gram_kernel *kernel, const double *measures, size_t count, double *values)
{
    double scale = kernel->factor / (2 * kernel->power);

    for (size_t i = 0; i < count; i++)
        values[i] = 1 + scale * measures[i];
    logarithm(values, count, values);
    for (size_t i = 0; i < count; i++)
        values[i] *= -kernel->power;
    exponential(values, count, values);
}

static void apply_tile(const struct gram_kernel *kernel, const double *measures, size_t count, double *values)
{
    double factor = kernel->factor;

    switch (kernel->shape) {
    case GRAM_LINEAR: memmove(values, measures, count * sizeof(*values)); break;
    case GRAM_POLYNOMIAL: polynomial(kernel, measures, count, values); break;
    case GRAM_GAUSSIAN: gaussian(kernel, measures, count, values); break;
    case GRAM_MATERN_HALF: matern(measures, factor, 0, 0, count, values); break;
    case GRAM_MATERN_THREE_HALF: matern(measures, 3 * factor, 1, 0, count, values); break;
    case GRAM_MATERN_FIVE_HALF: matern(measures, 5 * factor, 1, 1.0 / 3, count, values); break;
    case GRAM_RATIONAL_QUADRATIC: rational_quadratic(kernel, measures, count, values); break;
    case GRAM_SHAPES: break;
    }
}

void gram_apply(const struct gram_kernel *kernel, const double *measures, size_t count, double *values)
{
    for (size_t at = 0; at < count; at += TILE)
        apply_tile(kernel, measures + at, count - at < TILE ? count - at : TILE, values + at);
}

/* ---- Sums of them ---- */

#define POINTS_MAX ((size_t)32)      /* that are measured together */
#define MEASURES_MAX ((size_t)65536) /* of them all, that they stay in the cache, unless one point has more */

/* A sum of products with rows is one product with a sum of rows. */
static int32_t sum_linear(struct call *call, const double *columns, const double *coefficients, size_t rows,
                          double constant, double *out)
{
    double *weights = call_numbers(call, (int64_t)call->feature_count);

    for (size_t i = 0; !call->status && i < call->feature_count; i++)
        weights[i] = cblas_ddot((int)rows, columns + i * rows, 1, coefficients, 1);
    if (!call->status && !call_step(call, 0, 1))
        weighted_sum(constant, weights, call->features, call->feature_count, call->rows, out);
    return call->status;
}

/* @points lie one after the other, and so do the measures of each. */
static void measure_points(enum gram_shape shape, const double *points, size_t count, const double *columns,
                           size_t features, size_t rows, double *measures)
{
    if (looks_at_products(shape))
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)rows, (int)count, (int)features, 1, columns,
                    (int)rows, points, (int)features, 0, measures, (int)rows);
    else
        for (size_t i = 0; i < count; i++)
            gram_measure(shape, points + i * features, columns, features, rows, measures + i * rows);
}

int32_t gram_sum(struct call *call, const struct gram_kernel *kernel, const double *columns, const double *coefficients,
                 size_t rows, double constant, double *out)
{
    size_t features = call->feature_count, together = rows > 0 ? MEASURES_MAX / rows : 1;

    if (kernel->shape == GRAM_LINEAR || rows == 0)
        return sum_linear(call, columns, coefficients, rows, constant, out);
    together = together < 1 ? 1 : together > POINTS_MAX ? POINTS_MAX : together;
    double *points = call_feature_rows(call), *alike = call_numbers(call, (int64_t)(together * rows));
    for (size_t first = 0; !call->status && first < (size_t)call->rows; first += together) {
        size_t count = (size_t)call->rows - first < together ? (size_t)call->rows - first : together;
        if (call_step(call, (double)first, (double)call->rows))
            break;
        measure_points(kernel->shape, points + first * features, count, columns, features, rows, alike);
        gram_apply(kernel, alike, count * rows, alike);
        for (size_t i = 0; i < count; i++)
            out[first + i] = constant + cblas_ddot((int)rows, alike + i * rows, 1, coefficients, 1);
    }
    return call->status;
}

/* ---- Squares ---- */

double *gram_columns(struct call *call)
{
    double *columns = call_numbers(call, call->rows * (int64_t)call->feature_count);

    for (size_t i = 0; !call->status && i < call->feature_count; i++)
        memcpy(columns + i * (size_t)call->rows, call->features[i], (size_t)call->rows * sizeof(double));
    return columns;
}

void gram_point(const double *columns, size_t features, size_t rows, size_t row, double *point)
{
    for (size_t i = 0; i < features; i++)
        point[i] = columns[i * rows + row];
}

void gram_stripe(enum gram_shape shape, const double *columns, size_t features, size_t rows, size_t first, size_t count,
                 double *point, double *stripe)
{
    int n = (int)rows;

    if (looks_at_products(shape)) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)(first + count), (int)count, (int)features, 1,
                    columns, n, columns + first, n, 0, stripe, n);
        return;
    }
    for (size_t row = first; row < first + count; row++, stripe += rows) {
        gram_point(columns, features, rows, row, point);
        distance_block(columns, rows, features, row + 1, point, stripe);
    }
}

int32_t gram_square(struct call *call, enum gram_shape shape, const double *columns, size_t features, size_t rows,
                    double *square)
{
    double *point = call_numbers(call, (int64_t)features);

    for (size_t row = 0; !call->status && row < rows; row += GRAM_STRIPE) {
        if (call_step(call, (double)row, (double)rows * 4))
            break;
        size_t count = rows - row < GRAM_STRIPE ? rows - row : GRAM_STRIPE;
        gram_stripe(shape, columns, features, rows, row, count, point, square + row * rows);
    }
    return call->status;
}

/* A lower triangle row after row is an upper one column after column: LAPACK's A = U' U. By panels, the rest updated
 * after each: Golub and Van Loan (2013), "Matrix computations", 4.2.6. */
static int factor(struct call *call, double *square, size_t order)
{
    int n = (int)order;

    for (size_t first = 0; first < order; first += PANEL) {
        size_t width = order - first < PANEL ? order - first : PANEL, rest = order - first - width;
        double *corner = square + first * order + first, *below = square + (first + width) * order + first;
        if (call && call_step(call, (double)first, (double)order))
            return 0;
        if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', (lapack_int)width, corner, n) != 0)
            return 1;
        if (rest == 0)
            break;
        cblas_dtrsm(CblasColMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, (int)width, (int)rest, 1, corner, n,
                    below, n);
        for (size_t at = 0; at < rest; at += 4 * PANEL) { /* stripes: a step stays short */
            size_t stripe = rest - at < 4 * PANEL ? rest - at : 4 * PANEL;
            double *rows = below + at * order;
            if (call && at > 0 && call_step(call, (double)first, (double)order))
                return 0;
            cblas_dsyrk(CblasColMajor, CblasUpper, CblasTrans, (int)stripe, (int)width, -1, rows, n, 1,
                        rows + width + at, n);
            if (at > 0)
                cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)at, (int)stripe, (int)width, -1, below, n,
                            rows, n, 1, rows + width, n);
        }
    }
    return 0;
}

int gram_factor(struct call *call, double *square, size_t order)
{
    return factor(call, square, order);
}

int gram_factor_whole(double *square, size_t order)
{
    return factor(NULL, square, order);
}

void gram_solve(const double *factor, size_t order, double *b)
{
    int n = (int)order;

    cblas_dtrsv(CblasColMajor, CblasUpper, CblasTrans, CblasNonUnit, n, factor, n, b, 1);
    cblas_dtrsv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, n, factor, n, b, 1);
}

void gram_solve_half(const double *factor, size_t order, double *b, size_t count)
{
    int n = (int)order;

    cblas_dtrsm(CblasColMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, n, (int)count, 1, factor, n, b, n);
}
