/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_NORMAL_EQUATIONS_H
#define PLUGIN_SUPPORT_NORMAL_EQUATIONS_H

#include "support/call.h"

/* Least squares with a penalty, by sums of products: rows are added one by one or in shares that are added up and taken
 * away again, so that each fold of a cross-validation costs a factorisation and no further walk over the rows. For few
 * columns of about the same size: the products square the condition number. */

struct normal {
    size_t order;
    double *matrix; /* X'X, row after row, its lower half */
    double *moment; /* X'y */
    double squares; /* y'y */
    double weight;
};

/** Empty sums, a call's memory; call->status tells. */
struct normal normal_new(struct call *call, size_t order);
void normal_clear(struct normal *normal);
void normal_add(struct normal *normal, const double *x, double y, double weight);
/** @into += @sign x @other. */
void normal_combine(struct normal *into, const struct normal *other, double sign);
/** Minimise |y - X b|^2 + @penalty |b|^2 into @b; @scratch: order^2 numbers. What cannot be told apart without a
 *  penalty gets one of 1e-10 of the largest diagonal element. */
void normal_solve(const struct normal *normal, double penalty, double *b, double *scratch);
/** |y - X b|^2, not below 0. */
double normal_residual(const struct normal *normal, const double *b);

#endif
