/* SPDX-License-Identifier: Apache-2.0 */
#include "standardized.h"

#include <limits.h>

#include <cblas.h>
#include <lapacke.h>

#define PART_ROWS 1024 /* whose columns stay near while they are multiplied */
#define CONSTANT 1e-13 /* share of a mean below which a deviation is rounding */

static double weight_of(const struct call *call, int64_t row)
{
    return call->weights ? call->weights[row] : 1;
}

static void take_column(const struct call *call, const double *values, int with_means, double *mean, double *deviation,
                        double *out)
{
    double total = 0, sum = 0, squares = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        total += weight_of(call, row);
        sum += weight_of(call, row) * values[row];
    }
    double middle = sum / total;
    for (int64_t row = 0; row < call->rows; row++)
        squares += weight_of(call, row) * (values[row] - middle) * (values[row] - middle);
    *deviation = sqrt(squares / total);
    *mean = with_means ? middle : 0;
    if (!(*deviation > CONSTANT * fabs(middle)))
        *deviation = 0;
    for (int64_t row = 0; row < call->rows; row++)
        out[row] = *deviation > 0 ? (values[row] - *mean) / *deviation : 0;
}

int32_t standardized_take(struct call *call, int with_means, struct standardized *out)
{
    size_t p = call->feature_count, rows = (size_t)call->rows;

    if (!call->status && (rows > INT_MAX || rows * (p + 1) > SIZE_MAX / sizeof(double) / 2))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the table is larger than LAPACK can count");
    *out = (struct standardized){.rows = rows,
                                 .width = p + 1,
                                 .columns = call_memory(call, rows * (p + 1), sizeof(double)),
                                 .means = call_memory(call, p + 1, sizeof(double)),
                                 .deviations = call_memory(call, p + 1, sizeof(double)),
                                 .part = call_memory(call, (p + 1) * PART_ROWS, sizeof(double))};
    for (size_t i = 0; i < p && !call_step(call, 0, 1); i++) {
        take_column(call, call->features[i], with_means, &out->means[i], &out->deviations[i], out->columns + i * rows);
        if (!isfinite(out->deviations[i]))
            call_fail(call, MLTRAINER_INVALID_DATA, call->feature_names[i], "the numbers are too large to multiply");
    }
    for (size_t row = 0; !call->status && row < rows; row++)
        out->columns[p * rows + row] = with_means ? 1 : 0;
    return call->status;
}

void standardized_times(const struct standardized *s, const double *b, double *out)
{
    cblas_dgemv(CblasColMajor, CblasNoTrans, (int)s->rows, (int)s->width, 1, s->columns, (int)s->rows, b, 1, 0, out, 1);
}

void standardized_sums(const struct standardized *s, const double *of_rows, double *out)
{
    cblas_dgemv(CblasColMajor, CblasTrans, (int)s->rows, (int)s->width, 1, s->columns, (int)s->rows, of_rows, 1, 0, out,
                1);
}

void standardized_curvature(const struct standardized *s, const double *of_rows, double *out, size_t stride)
{
    for (size_t i = 0; i < s->width; i++)
        memset(out + i * stride, 0, s->width * sizeof(double));
    for (size_t first = 0; first < s->rows; first += PART_ROWS) {
        size_t rows = s->rows - first < PART_ROWS ? s->rows - first : PART_ROWS;
        for (size_t i = 0; i < s->width; i++)
            for (size_t row = 0; row < rows; row++)
                s->part[i * PART_ROWS + row] = s->columns[i * s->rows + first + row] * sqrt(of_rows[first + row]);
        cblas_dsyrk(CblasColMajor, CblasUpper, CblasTrans, (int)s->width, (int)rows, 1, s->part, PART_ROWS, 1, out,
                    (int)stride);
    }
}

int32_t standardized_least_squares(struct call *call, const struct standardized *s, const double *target,
                                   const double *weights, double *b)
{
    size_t used = 0, longest = s->rows > s->width ? s->rows : s->width;
    double *x = call_memory(call, s->rows * s->width, sizeof(double)), *y = call_memory(call, longest, sizeof(double)),
           *singular = call_memory(call, s->width, sizeof(double));
    lapack_int rank;

    for (size_t row = 0; !call->status && row < s->rows; row++) {
        if (!(weights[row] > 0))
            continue;
        for (size_t i = 0; i < s->width; i++)
            x[i * s->rows + used] = s->columns[i * s->rows + row] * sqrt(weights[row]);
        y[used++] = target[row] * sqrt(weights[row]);
    }
    if (call->status)
        return call->status;
    if (LAPACKE_dgelsd(LAPACK_COL_MAJOR, (int)used, (int)s->width, 1, x, (int)s->rows, y, (int)longest, singular, 1e-13,
                       &rank) != 0)
        return call_fail(call, MLTRAINER_NOT_CONVERGED, "", "the singular values were not found");
    memcpy(b, y, s->width * sizeof(double));
    return call->status;
}
