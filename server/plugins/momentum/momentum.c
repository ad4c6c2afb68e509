/* SPDX-License-Identifier: Apache-2.0 */
#include "strategies.h"

STRATEGIES(TABULAR_DECLARE)
STRATEGIES(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {STRATEGIES(TABULAR_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "momentum",
    .version = "1.0.0",
    .description = "Strategies that follow what has risen, with their back-test.",
    .licence = "Apache-2.0",
    .engine = "C of this project",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
