/* SPDX-License-Identifier: Apache-2.0 */
#include "regimes.h"
#include "support/family.h"

double *regime_returns(struct call *call)
{
    const double *close = call->in[0];
    double *out = call_numbers(call, call->rows);

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (!(close[row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, "close", "row %lld (from 0) is not above 0", (long long)row);
        else
            out[row] = row > 0 ? log(close[row] / close[row - 1]) : NAN;
    }
    return out;
}

LEARNERS(LEARNER_ALGORITHM)
SEEDED(TABULAR_ALGORITHM_SEEDED)
TABULARS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY) SEEDED(TABULAR_ENTRY)
                                                                   TABULARS(TABULAR_ENTRY)};

FAMILY("regime", algorithms, .description = "States of a market, and when they change.",
       .licence = "Apache-2.0 AND Zlib", .engine = "C of this project");
