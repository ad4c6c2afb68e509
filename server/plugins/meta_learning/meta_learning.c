/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(maml, "A network that starts where a few steps suffice for each period.", MLTRAINER_USES_SEED)                   \
    X(similar_tasks, "A linear model from the periods that are like the last one, adapted to it.", 0)                  \
    X(strategy_selector, "The strategy that did best on periods like the whole.", 0)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("meta_learning", algorithms, .description = "Learning from how earlier periods were learnt.",
       .licence = "Apache-2.0 AND Zlib", .engine = "C of this project");
