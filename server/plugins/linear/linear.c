/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/plugin.h>

#include "coordinate_descent.h"
#include "least_squares.h"
#include "model.h"
#include "support/family.h"
#include "support/learner.h"

#define LEARNERS(X)                                                                                                    \
    X(bayesian_ridge, "Ridge regression whose penalty is learnt.", 0)                                                  \
    X(omp, "Least squares on few features, taken one by one.", 0)                                                      \
    X(huber, "Least squares that few wild rows do not bend.", 0)                                                       \
    X(ransac, "Least squares on the rows that agree with each other.", MLTRAINER_USES_SEED)                            \
    X(theil_sen, "The middle of lines through few rows each.", MLTRAINER_USES_SEED)                                    \
    X(sgd, "Least squares row by row, over many passes.", MLTRAINER_USES_SEED)                                         \
    X(passive_aggressive, "The least step that meets each row, over many passes.", MLTRAINER_USES_SEED)                \
    X(online, "Least squares row by row, in one pass as they arrive.", 0)                                              \
    X(logistic, "The chances of classes, in proportion to exponents of lines.", 0)

LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

#define LINEAR(name, text, train)                                                                                      \
    {                                                                                                                  \
        .size = sizeof(struct mltrainer_algorithm), .flags = MLTRAINER_DETERMINISTIC, .id = name, .description = text, \
        .release = linear_model_free, .trainable = &(train), .predictable = &linear_predictable,                       \
        .evaluable = &linear_evaluable, .serializable = &linear_serializable,                                          \
    }

static const struct mltrainer_algorithm ols = LINEAR("ols", "Ordinary least squares of least length.", ols_trainable);
static const struct mltrainer_algorithm ridge =
    LINEAR("ridge", "Least squares with a squared penalty.", ridge_trainable);
static const struct mltrainer_algorithm lasso =
    LINEAR("lasso", "Least squares with an absolute penalty.", lasso_trainable);
static const struct mltrainer_algorithm elastic_net =
    LINEAR("elastic_net", "Least squares with a squared and an absolute penalty.", elastic_net_trainable);

static const struct mltrainer_algorithm *const algorithms[] = {&ols, &ridge, &lasso, &elastic_net,
                                                               LEARNERS(LEARNER_ENTRY)};

FAMILY("linear", algorithms,
       .description = "Lines: least squares with and without penalties, robust, row by row; logistic regression.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib",
       .engine = "LAPACK on OpenBLAS; coordinate descent and Newton of this project");
