/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TECHNICAL_INDICATORS_H
#define TECHNICAL_INDICATORS_H

#include "support/tabular.h"

/* The family's algorithms: id, description. NAME_computable is what computes one. */
#define INDICATORS(X)                                                                                                  \
    X(sma, "Simple moving average.")                                                                                   \
    X(ema, "Exponential moving average.")                                                                              \
    X(rsi, "Wilder's relative strength index.")                                                                        \
    X(rsi_signal, "Relative strength index with buy and sell levels.")                                                 \
    X(macd, "Moving average convergence and divergence.")                                                              \
    X(bollinger, "Bollinger bands.")                                                                                   \
    X(bollinger_signal, "Bollinger bands with a breakout signal.")                                                     \
    X(sma_crossover, "Crossing of two simple moving averages.")                                                        \
    X(ema_crossover, "Crossing of two exponential moving averages.")                                                   \
    X(on_balance_volume, "Running sum of volume by the side that won the row.")                                        \
    X(accumulation_distribution, "Running sum of volume by where in its range the row closed.")                        \
    X(volume_price_trend, "Running sum of volume times return.")                                                       \
    X(volume_weighted_price, "Mean price weighted by volume.")                                                         \
    X(volume_weighted, "Side of the volume-weighted price, when volume is high.")                                      \
    X(volume_spike, "Volumes far above their recent mean.")                                                            \
    X(volume_momentum, "Recent volume against that of a longer window.")                                               \
    X(volume_price_relationship, "Correlation of price and volume.")                                                   \
    X(volume_price_analysis, "Correlation of returns and changes in volume.")                                          \
    X(volume_divergence, "Price that moves against on-balance volume.")                                                \
    X(volume_confirmed_breakout, "Large price steps on high volume.")                                                  \
    X(effort_result, "Volume without range.")                                                                          \
    X(volume_clusters, "Groups of a window's volumes.")                                                                \
    X(rate_of_change, "Rate of change in percent.")                                                                    \
    X(momentum, "Difference to an earlier price.")                                                                     \
    X(stochastic, "Lane's stochastic oscillator.")                                                                     \
    X(williams_r, "Williams' percent range.")                                                                          \
    X(commodity_channel_index, "Lambert's commodity channel index.")                                                   \
    X(cci_ensemble, "Commodity channel index over several windows.")                                                   \
    X(rolling_mean_reversion, "Distance from the window's mean in deviations.")                                        \
    X(oscillator, "Relative strength and MACD in one number.")                                                         \
    X(momentum_breakout, "Closes beyond all recent ones, with momentum.")                                              \
    X(parabolic_sar, "Wilder's parabolic stop and reverse.")                                                           \
    X(support_resistance_levels, "Recent extremes as levels.")                                                         \
    X(trend_analysis, "Short mean against long mean.")                                                                 \
    X(trend_reversal, "Retreats from a recent top, rebounds from a recent bottom.")                                    \
    X(trend_zigzag, "Turns of the trend, confirmed.")                                                                  \
    X(regime_switching_momentum, "Momentum, followed in calm and faded in turbulence.")

INDICATORS(TABULAR_DECLARE)

#endif
