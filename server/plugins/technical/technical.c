/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"
#include "support/family.h"

INDICATORS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {INDICATORS(TABULAR_ENTRY)};

FAMILY("technical", algorithms, .description = "Indicators of technical analysis over prices and volumes.",
       .licence = "Apache-2.0", .engine = "own recurrences");
