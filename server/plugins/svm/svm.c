/* SPDX-License-Identifier: Apache-2.0 */
#include "support/learner.h"

#define ALGORITHMS(X)                                                                                                  \
    X(svr, "Support vector regression, errors up to epsilon are free.", 0)                                             \
    X(nu_svr, "Support vector regression of a given share of support vectors.", 0)                                     \
    X(linear_svr, "Linear support vector regression.", MLTRAINER_USES_SEED)

ALGORITHMS(LEARNER_DECLARE)
ALGORITHMS(LEARNER_ALGORITHM)
static const struct mltrainer_algorithm *const algorithms[] = {ALGORITHMS(LEARNER_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "svm",
    .version = "1.0.0",
    .description = "Support vector regression.",
    .licence = "Apache-2.0; libsvm and liblinear: BSD-3-Clause",
    .engine = "libsvm, liblinear",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
