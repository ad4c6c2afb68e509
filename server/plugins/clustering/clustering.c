/* SPDX-License-Identifier: Apache-2.0 */
#include "support/learner.h"
#include "support/tabular.h"

#define LEARNERS(X)                                                                                                    \
    X(kmeans, "k groups around their means, the best of several starts.", MLTRAINER_USES_SEED)
#define TABULARS(X)                                                                                                    \
    X(dbscan, "Groups of dense rows; the rest is noise.")                                                              \
    X(agglomerative, "Groups by joining the two nearest, by Ward's criterion.")

LEARNERS(LEARNER_DECLARE)
TABULARS(TABULAR_DECLARE)
LEARNERS(LEARNER_ALGORITHM)
TABULARS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY) TABULARS(TABULAR_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "clustering",
    .version = "1.0.0",
    .description = "Groups of rows that are near each other.",
    .licence = "Apache-2.0",
    .engine = "C of this project",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
