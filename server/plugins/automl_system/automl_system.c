/* SPDX-License-Identifier: Apache-2.0 */
#include "support/family.h"
#include "support/learner.h"
#include "support/tabular.h"

#define TABULARS(X)                                                                                                    \
    X(feature_engineering, "Products, differences, ratios and shapes of columns that go with a target.")               \
    X(backdoor_effects, "What each column does to the target while all others are held.")                              \
    X(adwin, "Where the mean of a stream changes.")                                                                    \
    X(walk_forward, "A ridge regression chosen anew in each window, predicting what follows.")                         \
    X(adversarial_validation, "Can the last rows be told from those before?")                                          \
    X(auto_arima, "The ARIMA order of least information criterion, and its forecast.")

#define LEARNERS(X)                                                                                                    \
    X(bayesian_search, "Kernel regression tuned by a Gaussian process and an acquisition function.",                   \
      MLTRAINER_USES_SEED)                                                                                             \
    X(evolving_search, "Kernel regression tuned by Parzen estimators, evolution or chance.", MLTRAINER_USES_SEED)      \
    X(architecture_search, "A network of random layers whose architecture evolves.", MLTRAINER_USES_SEED)              \
    X(federated_averaging, "A linear model averaged from clients that keep their rows.", MLTRAINER_USES_SEED)          \
    X(greedy_ensemble, "Models chosen one by one for what their mean predicts.", 0)

TABULARS(TABULAR_DECLARE)
TABULARS(TABULAR_ALGORITHM)
LEARNERS(LEARNER_DECLARE)
LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {TABULARS(TABULAR_ENTRY) LEARNERS(LEARNER_ENTRY)};

FAMILY("automl_system", algorithms,
       .description = "Search for models and features, and what holds of the data under them.",
       .licence = "Apache-2.0 AND Zlib", .engine = "C of this project");
