/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SERIES_H
#define PLUGIN_SERIES_H

#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(arima, "Autoregression and moving average of differences, with a season.", 0)                                    \
    X(exponential_smoothing, "Level, trend and season, each smoothed.", 0)                                             \
    X(kalman, "A hidden level with its derivatives.", 0)                                                               \
    X(prophet, "A trend of pieces and a season of waves.", 0)                                                          \
    X(threshold, "Two autoregressions, by the sign of an earlier row.", 0)

LEARNERS(LEARNER_DECLARE)

/** A copy by malloc() into *@state. Returns call->status. */
int32_t series_keep(struct call *call, const void *model, size_t bytes, void **state);
/** The same, NULL when memory is out. */
void *series_copy(const void *model, size_t bytes);

/** The target has at least @least rows and is not always the same. Returns call->status. */
int32_t series_need(struct call *call, int64_t least);

#endif
