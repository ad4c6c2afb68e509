/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_VOLATILITY_H
#define PLUGIN_VOLATILITY_H

#include "support/learner.h"
#include "support/tabular.h"

#define LEARNERS(X)                                                                                                    \
    X(garch, "Variance that follows squared errors and itself.", 0)                                                    \
    X(switching, "Deviations that a Markov chain switches.", 0)
#define MODELS(X)                                                                                                      \
    X(rolling, "Deviation of the returns of a window.")                                                                \
    X(realized, "Root of the sum of squared log returns of a window.")                                                 \
    X(exponential, "Exponential mean of squared returns.")                                                             \
    X(clusters, "Levels of a window's deviation, by k-means.")                                                         \
    X(regimes, "Levels of a window's deviation that a Markov chain switches.")                                         \
    X(surface, "A polynomial through implied volatilities.")

#define DRAWN_MODELS(X) X(forecasting, "Mean variance of the rows to come, learnt from the rows past.")

LEARNERS(LEARNER_DECLARE)
MODELS(TABULAR_DECLARE)
DRAWN_MODELS(TABULAR_DECLARE)

/** Log returns of the closes (the first input); NaN in row 0. NULL on failure, also for prices of 0 and below. */
double *volatility_returns(struct call *call);

/** For learners whose outputs are a deviation and a mean: the mean log likelihood of the rows that came. */
void volatility_evaluate(struct call *call, const void *state);

#endif
