/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(decision_tree, "One least-squares tree.", 0)                                                                     \
    X(random_forest, "Mean of trees, each of rows drawn with replacement.", MLTRAINER_USES_SEED)                       \
    X(extra_trees, "Mean of trees whose cuts are drawn at random.", MLTRAINER_USES_SEED)                               \
    X(ada_boost, "Median of trees, each of rows that were hard before (AdaBoost.R2).", MLTRAINER_USES_SEED)            \
    X(gradient_boosting, "Sum of small trees, each of what is left; every cut considered.", 0)                         \
    X(hist_gradient_boosting, "Sum of trees over binned features, grown leaf by leaf.", 0)                             \
    X(lightgbm, "LightGBM's trees: leaf by leaf, over binned features.", 0)                                            \
    X(xgboost, "XGBoost's trees: level by level, penalised, over binned features.", 0)                                 \
    X(catboost, "CatBoost's trees: one cut a level, over binned features.", 0)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("tree", algorithms, .description = "Decision trees, forests and boosting.", .licence = "Apache-2.0 AND Zlib",
       .engine = "C of this project");
