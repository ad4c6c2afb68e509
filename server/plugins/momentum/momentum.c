/* SPDX-License-Identifier: Apache-2.0 */
#include "strategies.h"
#include "support/family.h"

STRATEGIES(TABULAR_DECLARE)
STRATEGIES(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {STRATEGIES(TABULAR_ENTRY)};

FAMILY("momentum", algorithms, .description = "Strategies that follow what has risen, with their back-test.",
       .licence = "Apache-2.0", .engine = "C of this project");
