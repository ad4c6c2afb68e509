/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STRATEGY_STRATEGIES_H
#define STRATEGY_STRATEGIES_H

#include "support/tabular.h"

#define STRATEGIES(X)                                                                                                  \
    X(turtle, "Breakouts of a channel, sized by range.")                                                               \
    X(pairs, "Two prices whose distance returns to its mean.")                                                         \
    X(pairs_cointegrated, "The same, while the two are cointegrated.")

STRATEGIES(TABULAR_DECLARE)

/** Refuse prices that are not above 0. */
void strategy_need_prices(struct call *call, const double *values, const char *name);

#endif
