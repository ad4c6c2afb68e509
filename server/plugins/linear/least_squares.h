/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAR_LEAST_SQUARES_H
#define LINEAR_LEAST_SQUARES_H

#include "design.h"

/** Ordinary least squares of a prepared design: of all minimisers the one of least length, by singular values; those
 *  below max(rows, features) * epsilon times the largest count as zero. The design's numbers are used up.
 *  *@rank receives how many are left. */
int32_t least_squares_solve(const struct mltrainer_host *host, struct design *design, double *coefficients,
                            int64_t *rank, struct mltrainer_error *error);

/** Least squares with @alpha times the squared length of the coefficients, by Cholesky factorisation of the smaller of
 *  the two normal systems; when rounding leaves that indefinite, by singular values. @alpha 0 is ordinary least
 *  squares. */
int32_t least_squares_solve_ridge(const struct mltrainer_host *host, struct design *design, double alpha,
                                  double *coefficients, struct mltrainer_error *error);

extern const struct mltrainer_trainable ols_trainable;
extern const struct mltrainer_trainable ridge_trainable;

#endif
