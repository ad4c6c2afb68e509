/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPTIONS_CONTRACT_H
#define OPTIONS_CONTRACT_H

#include "support/tabular.h"

#define CONTRACTS(X)                                                                                                   \
    X(binomial_tree, "European and American options on a binomial lattice.")                                           \
    X(heston, "European options under Heston's stochastic volatility.")

CONTRACTS(TABULAR_DECLARE)

/* A plain option of one row of columns spot, strike, time_to_expiry, risk_free_rate, in that order the call's first
 * inputs; side and dividend yield are parameters, the same for all rows. */
struct vanilla {
    double spot, strike, years, rate, dividend_yield;
    double volatility; /* 0 where the model brings its own */
    double sign;       /* 1 call, -1 put */
};

struct vanilla_terms {
    double sign, dividend_yield;
};

/** Read the parameters option_type and dividend_yield. */
struct vanilla_terms vanilla_terms(struct call *call);
/** Read and check a row; @volatility may be NULL. Returns call->status. */
int32_t vanilla_read(struct call *call, const struct vanilla_terms *terms, const double *volatility, int64_t row,
                     struct vanilla *option);

#endif
