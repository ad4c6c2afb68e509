/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REINFORCEMENT_MARKET_H
#define REINFORCEMENT_MARKET_H

#include "support/learner.h"

/* The environment: one series of prices, walked from the first row to the last. At each row one of three actions is
 * taken, the share of the capital that is held to the next row: -1, 0 or 1. The reward is what that earned less the
 * cost of changing what was held before, in deviations of the series' returns. The state is what the last prices look
 * like, and what is held. */

#define MARKET_ACTIONS 3
#define MARKET_WIDTH_MAX 6

/* How a row is seen: from the training rows, kept by the model. */
struct market_view {
    uint64_t window;        /* rows of momentum and volatility */
    uint64_t regime_window; /* rows that a regime is told from; 0: regimes are not seen */
    double cost;            /* share of what is traded */
    double deviation;       /* of returns */
    double regime[2];       /* volatilities that separate calm, usual and wild: terciles */
};

struct market {
    int64_t rows;
    const double *price;
    double *seen; /* `width` numbers a row: return, momentum, volatility, and which regime */
    size_t width;
    const struct market_view *view;
};

/** Read window, cost (and regime_detection_window), and learn the rest from call's prices. */
void market_read(struct call *call, struct market_view *view, int sees_regimes);
/** What each row looks like. Errors: MLTRAINER_INVALID_DATA for prices that are not above 0. */
void market_open(struct call *call, const struct market_view *view, struct market *market);
/** From @row to the next, holding @action, after @held. */
double market_reward(const struct market *market, int64_t row, int held, int action);

static inline double market_position(int action)
{
    return action - 1;
}

/** Walk through all rows, each time taking the best of the three scores that stand for the row and what is held:
 *  scores[(row * 3 + held) * 3 + action]. Fills call->out: prediction, short, flat, long, earned, equity. */
void market_walk(struct call *call, const struct market *market, const double *scores);
/** Metrics total_return, sharpe (per row), trades. */
void market_evaluate(struct call *call, const void *state);

void market_save(const struct market_view *view, struct artifact_writer *writer);
/** Non-zero when it makes no sense. */
int market_restore(struct market_view *view, struct artifact_reader *reader);

#define MARKET_INPUTS {"close"}
#define MARKET_OUTPUTS {"prediction", "short", "flat", "long", "earned", "equity"}
#define MARKET_FLAT 1

#endif
