/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract_run.h"

/* What differs from model to model: clauses that do not hold, and defaults that would take long. */

/* Those that a general clause cannot hold, and why. */
static const struct exception {
    const char *family, *algorithm, *clause;
} exceptions[] = {
    {"linear", "lasso", "scales"},          /* the penalty stays while the target grows */
    {"linear", "elastic_net", "scales"},    /* the same */
    {"linear", "bayesian_ridge", "scales"}, /* the priors stay */
    {"linear", "sgd", "scales"},            /* where it ends is in the target's unit */
    {"linear", "passive_aggressive", "scales"}, /* the same; also the step and what is near enough */
    {"linear", "sgd", "row order"},         /* it learns row by row */
    {"linear", "passive_aggressive", "row order"},
    {"linear", "online", "row order"},
    {"linear", "ransac", "row order"},      /* chance draws rows by their number */
    {"linear", "theil_sen", "row order"},   /* the same */
    {"meta_learning", "maml", "row order"}, /* tasks are periods */
    {"meta_learning", "similar_tasks", "row order"},
    {"meta_learning", "strategy_selector", "row order"},
    {"gaussian_process", "rbf", "scales"},  /* the noise and the variance stay while the target grows */
    {"gaussian_process", "matern", "scales"},
    {"gaussian_process", "rational_quadratic", "scales"},
    {"svm", "svr", "scales"},               /* the price of errors stays while the target grows */
    {"svm", "nu_svr", "scales"},
    {"svm", "linear_svr", "scales"},
    {"svm", "svr", "row order"},            /* solvers end at a tolerance, on paths that the order makes */
    {"svm", "nu_svr", "row order"},
    {"svm", "linear_svr", "row order"},
    {"svm", "svr", "cancel"},               /* libsvm and liblinear ask nobody whether to go on */
    {"svm", "nu_svr", "cancel"},
    {"svm", "linear_svr", "cancel"},
    {"tree", "random_forest", "row order"}, /* chance draws rows by their number */
    {"tree", "ada_boost", "row order"},     /* the same */
    {"ensemble", "bagging", "row order"},   /* chance draws rows by their number */
    {"ensemble", "ada_boost", "row order"}, /* the same */
    {"ensemble", "blend", "row order"},     /* the same, and a solver that ends at a tolerance */
    {"ensemble", "blend", "cancel"},        /* libsvm is in it */
    {"ensemble", "voting", "row order"},    /* folds are runs of rows */
    {"ensemble", "stacking", "row order"},  /* the same */
    {"automl_system", "feature_engineering", "no number"}, /* as its page says: fewer features than columns */
    {"microstructure", "liquidity", "no number"},          /* no movement */
    {"regime", "performance", "no number"},                /* no deviation: no ratio */
    {"risk", "information_ratio", "no number"},            /* the same */
    {"risk", "portfolio_risk", "no number"},               /* the same */
    {"risk", "omega_ratio", "no number"},                  /* no losses */
    {"technical", "bollinger", "no number"},               /* flat windows */
    {"technical", "bollinger_signal", "no number"},
    {"technical", "volume_divergence", "no number"},
    {"technical", "volume_price_analysis", "no number"},
    {"technical", "volume_price_relationship", "no number"},
    {"neural", "mlp", "row order"},         /* batches are of rows by their number */
    {"neural", "feedforward", "row order"}, /* the same */
    {"neural", "adversarial", "row order"}, /* the same */
    {"neural", "graph_convolution", "row order"},  /* the same */
    {"neural", "vision_transformer", "row order"}, /* it looks at the rows before */
    {"exotic", "quantum_circuit", "row order"},            /* batches are of rows by their number */
    {"anomaly", "isolation_forest", "row order"},  /* chance draws rows by their number */
};

/* What a contract is held with instead of a default that would take long. */
static const struct override {
    const char *family, *parameter;
    int64_t value;
    double list; /* for a parameter that is a list of numbers: the only one in it */
} overrides[] = {
    {"linear", "max_subpopulation", 200},
    {"simulation", "n_simulations", 200},
    {"tree", "n_estimators", 6},
    {"tree", "max_iter", 6},
    {"tree", "iterations", 6},
    {"meta_learning", "iterations", 3},
    {"automl_system", "n_trials", 10},
    {"automl_system", "max_trials", 3},
    {"automl_system", "components", 8},
    {"automl_system", "boosting_rounds", 2},
    {"automl_system", "max_p", 2},
    {"automl_system", "max_q", 1},
    {"tree", "min_samples_leaf", 3}, /* else a tree knows each row by heart, whatever its features */
    {"ensemble", "n_estimators", 6},
    {"ensemble", "cv", 2},
    {"ensemble", "max_iter", 5},
    {"ensemble", "hidden_layer_sizes", .list = 8},
    {"neural", "max_iter", 1},
    {"neural", "batch_size", 200},
    {"neural", "hidden_layer_sizes", .list = 8},
    {"neural", "lookback", 2},
    {"neural", "units", 4},
    {"neural", "encoding_dim", 4},
    {"neural", "lstm_units", 4},
    {"neural", "filters", 4},
    {"neural", "num_heads", 2},
    {"neural", "num_layers", 1},
    {"neural", "d_model", 8},
    {"neural", "key_dim", 4},
    {"neural", "hidden_size", 4},
    {"neural", "hidden_channels", 4},
    {"neural", "patch_size", 2},
    {"neural", "num_attention_heads", 2},
    {"neural", "attention_heads", 2},
    {"neural", "dim_feedforward", 8},
    {"reinforcement", "episodes", 1},
    {"reinforcement", "hidden_layer_sizes", .list = 8},
    {"reinforcement", "n_steps", 64},
    {"reinforcement", "n_epochs", 2},
    {"reinforcement", "learning_starts", 10},
    {"exotic", "max_iter", 1},
    {"exotic", "batch_size", 100},
    {"exotic", "n_qubits", 3},
    {"exotic", "n_layers", 1},
    {"gaussian_process", "max_iter", 0},
    {"gaussian_process", "alpha", 1}, /* less lets rounding show */
};
#define OVERRIDES (sizeof(overrides) / sizeof(overrides[0]))
_Static_assert(OVERRIDES <= CONTRACT_OVERRIDES_MAX, "all of them fit");

size_t contract_override(const struct catalog_model *model, struct mltrainer_parameter *given)
{
    size_t count = 0;

    for (size_t i = 0; i < OVERRIDES; i++)
        for (size_t p = 0; strcmp(model->family, overrides[i].family) == 0 && p < model->parameter_count; p++)
            if (strcmp(model->parameters[p].name, overrides[i].parameter) == 0)
                given[count++] =
                    (struct mltrainer_parameter){.size = sizeof(*given),
                                                 .kind = overrides[i].list > 0 ? MLTRAINER_NUMBERS : MLTRAINER_INTEGER,
                                                 .name = overrides[i].parameter,
                                                 .integer = overrides[i].value,
                                                 .count = 1,
                                                 .numbers = &overrides[i].list};
    return count;
}

int contract_excepted(const struct contract *contract, const char *clause)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (strcmp(exceptions[i].family, contract->model->family) == 0 &&
            strcmp(exceptions[i].algorithm, contract->model->algorithm) == 0 &&
            strcmp(exceptions[i].clause, clause) == 0)
            return 1;
    return 0;
}
