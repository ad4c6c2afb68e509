/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_CHOLESKY_H
#define PLUGIN_SUPPORT_CHOLESKY_H

#include <stddef.h>

/* Small symmetric systems, row after row, without a library. Pure. */

/** Factor A = L L' in place, L below and on the diagonal. Non-zero when A is not positive definite to rounding. */
int cholesky_factor(double *matrix, size_t order);
/** Solve L L' x = b, in place in @b. */
void cholesky_solve(const double *factor, size_t order, double *b);

#endif
