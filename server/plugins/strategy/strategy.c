/* SPDX-License-Identifier: Apache-2.0 */
#include "strategies.h"
#include "support/family.h"

void strategy_need_prices(struct call *call, const double *values, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(values[row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is not above 0", (long long)row);
}

STRATEGIES(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {STRATEGIES(TABULAR_ENTRY)};

FAMILY("strategy", algorithms, .description = "Trading systems with their back-test.", .licence = "Apache-2.0",
       .engine = "C of this project");
