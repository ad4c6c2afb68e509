/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAR_STANDARDIZED_H
#define LINEAR_STANDARDIZED_H

#include "support/call.h"

/* Features less their means, divided by their deviations, with a last column of ones: what the algorithms that iterate
 * work on, so that no column's size or distance from 0 costs accuracy or rounds. A constant column becomes zeros. */
struct standardized {
    size_t rows, width;   /* features and the ones */
    double *columns;      /* rows x width, column by column */
    double *means;        /* a feature */
    double *deviations;   /* a feature; 0 for a constant one */
    double *part;         /* scratch of standardized_curvature() */
};

/** Memory of the call. @with_means: 0 leaves columns where they are (a line through the origin); the ones are 0 then.
 *  Returns call->status; refuses tables larger than LAPACK can count. */
int32_t standardized_take(struct call *call, int with_means, struct standardized *out);
/** @out = columns x @b. */
void standardized_times(const struct standardized *s, const double *b, double *out);
/** @out = columns' x @of_rows. */
void standardized_sums(const struct standardized *s, const double *of_rows, double *out);
/** @out = columns' x diag(@of_rows) x columns, its upper half column by column, @stride apart. @of_rows: none below
 *  0. */
void standardized_curvature(const struct standardized *s, const double *of_rows, double *out, size_t stride);
/** Least squares of @target on the columns by @weights, of all solutions the shortest, into @b. Returns
 *  call->status. */
int32_t standardized_least_squares(struct call *call, const struct standardized *s, const double *target,
                                   const double *weights, double *b);

#endif
