/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATISTICS_REGRESSION_H
#define STATISTICS_REGRESSION_H

#include "support/call.h"

/* Least squares by Householder reflections, on columns that nest: one factorisation gives the residuals of the first
 * 1, 2, … columns. Source: Golub and Van Loan (2013), section 5.2. */

struct regression {
    int64_t rows;
    size_t columns;
    double *x; /* columns one after the other; used up */
    double *y; /* used up: becomes Q'y */
    double *diagonal;
    double *squares; /* squares[k]: of the residuals with the first k columns, k up to columns */
};

/** Room for @rows and @columns. */
struct regression regression_new(struct call *call, int64_t rows, size_t columns);
/** Factor. Errors: MLTRAINER_INVALID_DATA when a column depends on those before it. Returns call->status. */
int32_t regression_factor(struct call *call, struct regression *r);
/** Coefficients of all columns, and the standard error of the one at @index. */
double regression_t_value(struct call *call, const struct regression *r, size_t index);

#endif
