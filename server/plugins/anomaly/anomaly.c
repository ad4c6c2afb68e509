/* SPDX-License-Identifier: Apache-2.0 */
#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(isolation_forest, "How few random cuts set a row apart.", MLTRAINER_USES_SEED)                                   \
    X(zscore, "Farthest feature from its mean, in standard deviations.", 0)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "anomaly",
    .version = "1.0.0",
    .description = "Rows that do not belong.",
    .licence = "Apache-2.0",
    .engine = "C of this project",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
