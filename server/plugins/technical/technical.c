/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"

INDICATORS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {INDICATORS(TABULAR_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "technical",
    .version = "1.0.0",
    .description = "Indicators of technical analysis over prices and volumes.",
    .licence = "Apache-2.0",
    .engine = "own recurrences",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
