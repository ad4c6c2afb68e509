/* SPDX-License-Identifier: Apache-2.0 */
#include "gram/gram.h"

#include <math.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

#include "support/distance.h"

#define PANEL 256
#define STRIPE 64 /* rows of a square between two looks at whether to go on */

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

static double whole_power(double base, unsigned power)
{
    double value = 1;

    for (; power > 0; power >>= 1, base *= base)
        if (power & 1)
            value *= base;
    return value;
}

static double matern_three_half(double root)
{
    return (1 + root) * exp(-root);
}

static double matern_five_half(double root)
{
    return (1 + root + root * root / 3) * exp(-root);
}

void gram_apply(const struct gram_kernel *kernel, const double *measures, size_t count, double *values)
{
    double factor = kernel->factor, power = kernel->power;

    for (size_t i = 0; i < count; i++) {
        double m = measures[i];
        switch (kernel->shape) {
        case GRAM_LINEAR: values[i] = m; break;
        case GRAM_POLYNOMIAL: values[i] = whole_power(factor * m + kernel->offset, (unsigned)power); break;
        case GRAM_GAUSSIAN: values[i] = exp(-factor * m); break;
        case GRAM_MATERN_HALF: values[i] = exp(-sqrt(factor * m)); break;
        case GRAM_MATERN_THREE_HALF: values[i] = matern_three_half(sqrt(3 * factor * m)); break;
        case GRAM_MATERN_FIVE_HALF: values[i] = matern_five_half(sqrt(5 * factor * m)); break;
        case GRAM_RATIONAL_QUADRATIC: values[i] = pow(1 + factor * m / (2 * power), -power); break;
        case GRAM_SHAPES: break;
        }
    }
}

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

/* Rows @first to @first + @count of the triangle, and what of the square lies beside them. */
static void measure_stripe(enum gram_shape shape, const double *columns, size_t features, size_t rows, size_t first,
                           size_t count, double *point, double *square)
{
    int n = (int)rows;

    if (looks_at_products(shape)) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)(first + count), (int)count, (int)features, 1,
                    columns, n, columns + first, n, 0, square + first * rows, n);
        return;
    }
    for (size_t row = first; row < first + count; row++) {
        gram_point(columns, features, rows, row, point);
        distance_block(columns, rows, features, row + 1, point, square + row * rows);
    }
}

int32_t gram_square(struct call *call, enum gram_shape shape, const double *columns, size_t features, size_t rows,
                    double *square)
{
    double *point = call_numbers(call, (int64_t)features);

    for (size_t row = 0; !call->status && row < rows; row += STRIPE) {
        if (call_step(call, (double)row, (double)rows * 4))
            break;
        measure_stripe(shape, columns, features, rows, row, rows - row < STRIPE ? rows - row : STRIPE, point, square);
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
