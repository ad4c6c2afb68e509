/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_REGIMES_H
#define PLUGIN_REGIMES_H

#include "support/learner.h"
#include "support/tabular.h"

#define LEARNERS(X) X(hidden_markov, "Hidden Markov model with normal emissions.", MLTRAINER_USES_SEED)
#define SEEDED(X)                                                                                                      \
    X(window_mixture, "Normal mixture of the windows' means and deviations.")                                          \
    X(window_groups, "k-means of the windows' means and deviations.")
#define TABULARS(X)                                                                                                    \
    X(markov_switching, "Means and deviations that a Markov chain switches.")                                          \
    X(switching_windows, "Switching means of windows, with a threshold for a move.")                                   \
    X(change_points, "Segments of least cost and penalty.")                                                            \
    X(vote, "What several detectors find by vote.")                                                                    \
    X(mean_shift, "A window that differs from the one before.")                                                        \
    X(volatility_levels, "Levels of a window's deviation.")                                                            \
    X(market_condition, "Bull and bear by distance from lows and highs.")                                              \
    X(performance, "What a window earned, for its risk.")                                                              \
    X(zscore, "Distance from a window's mean in its deviations.")                                                      \
    X(trend_volatility, "Trend and volatility of a window.")

LEARNERS(LEARNER_DECLARE)
SEEDED(TABULAR_DECLARE)
TABULARS(TABULAR_DECLARE)

/** Log returns of the first input, prices named close; NaN in row 0. NULL on failure, also for prices of 0 and
 *  below. */
double *regime_returns(struct call *call);

/** Groups of points around means: the best of @starts by k-means++ and Lloyd's rounds, settled. @labels: one a point.
 *  @centres: in dictionary order. Streams of random numbers from @stream on. Returns call->status. */
int32_t groups_find(struct call *call, const double *points, int64_t rows, size_t features, size_t groups,
                    int64_t starts, uint64_t stream, uint32_t *labels, double *centres);

#endif
