/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tabular.h"

#define ALGORITHMS(X)                                                                                                  \
    X(moving_average, "Trend by a centred mean over a period, seasonal means, and what is left.")                      \
    X(wavelet, "Coefficients of the discrete wavelet transform.")                                                      \
    X(empirical_mode, "Oscillations from fast to slow, by sifting.")

ALGORITHMS(TABULAR_DECLARE)
ALGORITHMS(TABULAR_ALGORITHM)
static const struct mltrainer_algorithm *const algorithms[] = {ALGORITHMS(TABULAR_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "decomposition",
    .version = "1.0.0",
    .description = "A series as a sum of parts.",
    .licence = "Apache-2.0",
    .engine = "C of this project",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
