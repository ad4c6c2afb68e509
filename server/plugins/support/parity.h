/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_PARITY_H
#define PLUGIN_SUPPORT_PARITY_H

#include "support/call.h"

/** The long portfolio whose @count assets carry the same share of its variance: @part sums to 1. Returns call->status.
 *  Errors: MLTRAINER_NOT_CONVERGED. Every variance is above 0.
 *  Sources: Maillard, Roncalli and Teiletche (2010); Griveau-Billion, Richard and Roncalli (2013). */
int32_t parity_find(struct call *call, const double *covariance, size_t count, double *part);

/** The variance of a portfolio. */
double parity_variance(const double *covariance, const double *part, size_t count);

#endif
