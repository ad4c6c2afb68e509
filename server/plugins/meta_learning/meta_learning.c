/* SPDX-License-Identifier: Apache-2.0 */
#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(maml, "A network that starts where a few steps suffice for each period.", MLTRAINER_USES_SEED)                   \
    X(similar_tasks, "A linear model from the periods that are like the last one, adapted to it.", 0)                  \
    X(strategy_selector, "The strategy that did best on periods like the whole.", 0)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "meta_learning",
    .version = "1.0.0",
    .description = "Learning from how earlier periods were learnt.",
    .licence = "Apache-2.0",
    .engine = "C of this project",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
