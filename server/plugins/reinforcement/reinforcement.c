/* SPDX-License-Identifier: Apache-2.0 */
#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(q_table, "Values of actions in a table.", MLTRAINER_USES_SEED)                                                   \
    X(double_q_table, "Values of actions in two tables, one choosing, one judging.", MLTRAINER_USES_SEED)              \
    X(deep_q, "Values of actions by a network.", MLTRAINER_USES_SEED)                                                  \
    X(dueling_deep_q, "Values of a state and advantages of actions by a network.", MLTRAINER_USES_SEED)                \
    X(regime_deep_q, "Values of actions by a network that sees regimes.", MLTRAINER_USES_SEED)                         \
    X(proximal_policy, "Shares of actions by a network, in small steps.", MLTRAINER_USES_SEED)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(struct mltrainer_plugin),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "reinforcement",
    .version = "1.0.0",
    .description = "Positions learned by trying them on prices.",
    .licence = "Apache-2.0",
    .engine = "tables of this project, its networks on OpenBLAS",
    .algorithm_count = sizeof(algorithms) / sizeof(algorithms[0]),
    .algorithms = algorithms,
};
