/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RISK_MEASURES_H
#define RISK_MEASURES_H

#include "support/tabular.h"

#define MEASURES(X)                                                                                                    \
    X(stress, "The portfolio's figures under shocks.")                                                                 \
    X(stress_indicators, "Drawdown and volatility as stress, row by row.")                                             \
    X(information_ratio, "Active return over tracking error.")                                                         \
    X(drawdown, "Loss from the highest point so far, row by row.")                                                     \
    X(omega_ratio, "Gains above a threshold over losses below it.")                                                    \
    X(sterling_ratio, "Yearly return over the usual yearly drawdown.")                                                 \
    X(volatility_target, "Exposure that keeps volatility at a target.")                                                \
    X(drawdown_protection, "Out of the market after a drawdown.")                                                      \
    X(portfolio_risk, "Figures of equal parts of several assets.")                                                     \
    X(risk_parity, "Parts that carry the same risk.")                                                                  \
    X(target_return, "Parts of least variance for a return.")                                                          \
    X(correlation_sizing, "Smaller parts for what moves together.")                                                    \
    X(kelly, "Kelly's share of the capital, row by row.")                                                              \
    X(kelly_cautious, "Kelly's share by a lower bound of the mean.")                                                   \
    X(dynamic_size, "A size that follows momentum and volatility.")                                                    \
    X(loss_limit_size, "A size that keeps losses within a limit.")
#define DRAWN_MEASURES(X)                                                                                              \
    X(value_at_risk, "Value at risk and expected shortfall.")                                                          \
    X(value_at_risk_levels, "Value at risk and expected shortfall at several levels.")

MEASURES(TABULAR_DECLARE)
DRAWN_MEASURES(TABULAR_DECLARE)

#define PERIODS 252.0 /* a year, where returns are daily */

/** The last @window rows of a column, all when @window is 0. Fails the call when there are fewer than @least. */
const double *measure_last(struct call *call, const double *values, int64_t window, int64_t least, int64_t *count);
double measure_mean(const double *values, int64_t count);
/** Of the sample; 0 for a single value. */
double measure_deviation(const double *values, int64_t count);
/** Deepest loss from a high of the compounded capital, at least 0. */
double measure_drawdown(const double *returns, int64_t count);
/** Means and covariances (of the sample, row after row) of @window rows of all features, the last but @behind; all of
 *  them when @window is 0. */
int measure_moments(struct call *call, int64_t window, int64_t behind, double **mean, double **covariance);
/** Refuse returns of -1 and below, which leave no capital. */
void measure_need_returns(struct call *call, const double *values, const char *name);

#endif
