/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(bagging, "Mean of trees, each of a share of the rows, drawn with replacement.", MLTRAINER_USES_SEED)             \
    X(ada_boost, "Median of trees, each of rows that were hard before (AdaBoost.R2).", MLTRAINER_USES_SEED)            \
    X(voting, "Weighted mean of a line, a tree and boosted trees, with the share of weight that agrees.", 0)           \
    X(stacking, "A line through what a line, a tree and boosted trees say of rows they have not seen.", 0)       \
    X(class_voting, "A vote on classes by a logistic regression, a naive Bayes and trees.", 0)                         \
    X(blend, "Weighted mean of a forest, boosted trees, a support vector machine and a network.",                      \
      MLTRAINER_USES_SEED)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("ensemble", algorithms, .description = "Models over other models: bagging, boosting, voting, stacking.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "C of this project on OpenBLAS, libsvm");
