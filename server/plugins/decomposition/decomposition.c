/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
#include "support/tabular.h"

#define ALGORITHMS(X)                                                                                                  \
    X(moving_average, "Trend by a centred mean over a period, seasonal means, and what is left.")                      \
    X(wavelet, "Coefficients of the discrete wavelet transform.")                                                      \
    X(empirical_mode, "Oscillations from fast to slow, by sifting.")

ALGORITHMS(TABULAR_DECLARE)
ALGORITHMS(TABULAR_ALGORITHM)
static const struct mltrainer_algorithm *const algorithms[] = {ALGORITHMS(TABULAR_ENTRY)};

FAMILY("decomposition", algorithms, .description = "A series as a sum of parts.", .licence = "Apache-2.0",
       .engine = "C of this project");
