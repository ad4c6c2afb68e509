/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
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

FAMILY("clustering", algorithms, .description = "Groups of rows that are near each other.",
       .licence = "Apache-2.0 AND BSD-3-Clause AND Zlib", .engine = "C of this project on OpenBLAS");
