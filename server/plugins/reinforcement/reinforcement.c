/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
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

FAMILY("reinforcement", algorithms, .description = "Positions learned by trying them on prices.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "tables of this project, its networks on OpenBLAS");
