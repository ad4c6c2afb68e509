/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_FRONTIER_H
#define PLUGIN_FRONTIER_H

#include "support/call.h"

/* Portfolios w with sum 1 and each part within bounds that minimise w'Cw/2 - appetite * mean'w: the efficient frontier,
 * from least variance (appetite 0) on. Found by following active bounds, exactly to rounding.
 * Source: Markowitz (1956), "The optimization of a quadratic function subject to linear constraints"; Nocedal and
 * Wright (2006), 16.5. */

struct frontier {
    struct call *call;
    size_t count;
    const double *mean, *covariance;
    double low, high;
    double *part;    /* what was found last, and where the next search begins */
    int8_t *bound;   /* -1 at low, 1 at high, 0 between */
    double *factor, *ones, *pull, *next; /* of the assets between */
    size_t *free;
};

/** Errors (call->status): MLTRAINER_INVALID_PARAMETER (no portfolio is within the bounds), MLTRAINER_OUT_OF_MEMORY. */
int32_t frontier_start(struct frontier *frontier, struct call *call, const double *mean, const double *covariance,
                       size_t count, double low, double high);

/** frontier->part for this appetite. Errors: MLTRAINER_INVALID_DATA (singular), MLTRAINER_NOT_CONVERGED. */
int32_t frontier_find(struct frontier *frontier, double appetite);

double frontier_return(const struct frontier *frontier);
double frontier_variance(const struct frontier *frontier);

/** The portfolio of least variance that earns at least @target. Errors: MLTRAINER_INVALID_DATA: none does. */
int32_t frontier_for_return(struct frontier *frontier, double target);

/** The portfolio with the largest (mean - @free) / deviation. Errors: MLTRAINER_INVALID_DATA: none earns more than
 *  @free. */
int32_t frontier_sharpest(struct frontier *frontier, double free);

#endif
