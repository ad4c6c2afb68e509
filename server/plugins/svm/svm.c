/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
#include "support/learner.h"

#define ALGORITHMS(X)                                                                                                  \
    X(svr, "Support vector regression, errors up to epsilon are free.", 0)                                             \
    X(nu_svr, "Support vector regression of a given share of support vectors.", 0)                                     \
    X(linear_svr, "Linear support vector regression.", MLTRAINER_USES_SEED)

ALGORITHMS(LEARNER_DECLARE)
ALGORITHMS(LEARNER_ALGORITHM)
static const struct mltrainer_algorithm *const algorithms[] = {ALGORITHMS(LEARNER_ENTRY)};

FAMILY("svm", algorithms, .description = "Support vector regression.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "libsvm, liblinear");
