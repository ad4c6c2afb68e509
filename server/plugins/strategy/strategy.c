/* SPDX-License-Identifier: Apache-2.0 */
#include "strategies.h"

void strategy_need_prices(struct call *call, const double *values, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(values[row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is not above 0", (long long)row);
}

STRATEGIES(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {STRATEGIES(TABULAR_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "strategy",
    .version = "1.0.0",
    .description = "Trading systems with their back-test.",
    .licence = "Apache-2.0",
    .engine = "C of this project",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
