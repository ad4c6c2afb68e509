/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_SWITCHING_H
#define PLUGIN_SUPPORT_SWITCHING_H

#include "support/call.h"

/* A series whose rows are normal with the mean and deviation of a hidden regime, the regimes being a Markov chain that
 * starts where it would settle. Regimes are in ascending order of deviation (of mean where there is one deviation).
 * Source: Hamilton (1989), "A new approach to the economic analysis of nonstationary time series"; Kim (1994). */

#define SWITCHING_REGIMES_MAX 6

struct switching {
    size_t regimes;
    double mean[SWITCHING_REGIMES_MAX], deviation[SWITCHING_REGIMES_MAX];
    double transition[SWITCHING_REGIMES_MAX][SWITCHING_REGIMES_MAX]; /* from, to */
    double log_likelihood;
};

/** The most likely of a few local optima: expectation and maximisation, then BFGS on the exact likelihood. @rows should
 *  be at least 10 a regime. Returns call->status. Errors: MLTRAINER_INVALID_DATA: too few rows, a series that never
 *  changes. */
int32_t switching_fit(struct call *call, const double *series, int64_t rows, size_t regimes, int one_deviation,
                      struct switching *model);

/** Chances of the regimes, @rows times regimes: given the rows so far, and (unless NULL) given all. Returns
 *  call->status. */
int32_t switching_filter(struct call *call, const struct switching *model, const double *series, int64_t rows,
                         double *filtered, double *smoothed);

/** Chances of the chain without data. */
void switching_settled(const struct switching *model, double *chances);

/** The likeliest of @count chances. */
static inline size_t switching_likeliest(const double *chances, size_t count)
{
    size_t best = 0;

    for (size_t i = 1; i < count; i++)
        best = chances[i] > chances[best] ? i : best;
    return best;
}

#endif
