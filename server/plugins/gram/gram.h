/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_GRAM_H
#define PLUGIN_GRAM_H

#include "support/call.h"

/* Kernels, which say how alike two rows are, and the symmetric systems that they stand in. Rows that were learnt from
 * lie feature after feature ("columns"), so that one point is held against all of them by loops that vectorise. */

/** As many rows as a square of them still fits a worker: 800 MB. */
#define GRAM_ROWS_MAX 10000
#define GRAM_STRIPE 64 /* rows of a square between two looks at whether to go on */

enum gram_shape {
    GRAM_LINEAR,             /* x·z */
    GRAM_POLYNOMIAL,         /* (factor x·z + offset)^power, a whole one */
    GRAM_GAUSSIAN,           /* exp(-factor |x - z|²) */
    GRAM_MATERN_HALF,        /* exp(-r), r² = factor |x - z|² */
    GRAM_MATERN_THREE_HALF,  /* (1 + s) exp(-s), s = √3 r */
    GRAM_MATERN_FIVE_HALF,   /* (1 + s + s²/3) exp(-s), s = √5 r */
    GRAM_RATIONAL_QUADRATIC, /* (1 + r² / (2 power))^-power */
    GRAM_SHAPES
};

struct gram_kernel {
    enum gram_shape shape;
    double factor, offset, power;
};

/** What the kernel looks at, of @point (@features numbers) and each of @rows in @columns: products or squared
 *  distances, by differences, so that near rows keep their digits. */
void gram_measure(enum gram_shape shape, const double *point, const double *columns, size_t features, size_t rows,
                  double *measures);
/** The kernel of @count measures. @measures and @values may be the same. */
void gram_apply(const struct gram_kernel *kernel, const double *measures, size_t count, double *values);

/** What a sum of kernels says of each of call->rows points: @constant and the kernels with each of @rows in @columns
 *  (call->feature_count of them), times @coefficients. Returns call->status. */
int32_t gram_sum(struct call *call, const struct gram_kernel *kernel, const double *columns, const double *coefficients,
                 size_t rows, double constant, double *out);

/** The features of the call, one after the other: memory of the call. */
double *gram_columns(struct call *call);
/** Row @row of them into @point. */
void gram_point(const double *columns, size_t features, size_t rows, size_t row, double *point);
/** Lower triangle, row after row, of what the kernel looks at between all rows of @columns. */
int32_t gram_square(struct call *call, enum gram_shape shape, const double *columns, size_t features, size_t rows,
                    double *square);

/** Rows @first to @first + @count of it, at most GRAM_STRIPE, into @stripe, which has @rows numbers for each; @point:
 *  room for the features. What stands right of the diagonal means nothing. */
void gram_stripe(enum gram_shape shape, const double *columns, size_t features, size_t rows, size_t first, size_t count,
                 double *point, double *stripe);

/** Factor the lower triangle A = L L' in place, row after row, in steps that ask whether to go on.
 *  Gives 0, or 1 when A is not positive definite to rounding; call->status tells of cancelling. */
int gram_factor(struct call *call, double *square, size_t order);
/** The same without a call. */
int gram_factor_whole(double *square, size_t order);
/** Solve L L' x = b in place. */
void gram_solve(const double *factor, size_t order, double *b);
/** Solve L z = b in place for @count right sides, each @order numbers in a row. */
void gram_solve_half(const double *factor, size_t order, double *b, size_t count);

#endif
