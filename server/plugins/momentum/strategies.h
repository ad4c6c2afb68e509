/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOMENTUM_STRATEGIES_H
#define MOMENTUM_STRATEGIES_H

#include "support/tabular.h"

#define STRATEGIES(X)                                                                                                  \
    X(simple_momentum, "The side of the return over a window.")                                                        \
    X(time_series_momentum, "The side of the mean return over two windows.")                                           \
    X(risk_adjusted_momentum, "The side of the return, when volatility is low.")                                       \
    X(volume_confirmed_momentum, "The side of the return, when volume is high.")                                       \
    X(dual_momentum, "Long what rose and rose more than its reference.")                                               \
    X(cross_sectional_momentum, "Equal parts of the assets that rose most.")                                           \
    X(sector_rotation_momentum, "All in the asset that rose most, or none.")                                           \
    X(dual_momentum_system, "The asset that rose most, chosen again once a month.")

/** Refuse prices that are not above 0. */
void need_prices(struct call *call, const double *values, const char *name);
/** Return of the @window rows up to @row; NaN while there are fewer. */
static inline double momentum_at(const double *price, int64_t row, int64_t window)
{
    return row >= window ? price[row] / price[row - window] - 1 : NAN;
}

/** 1 above @threshold, -1 below its negative, else 0, for NaN too. */
static inline double side_of(double value, double threshold)
{
    return (value > threshold) - (value < -threshold);
}

#endif
