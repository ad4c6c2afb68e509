/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTRACT_MODELS_H
#define CONTRACT_MODELS_H

#include "worker_bench.h"

/* The algorithms under contract, and inputs for them. */

enum contract_input {
    CONTRACT_REGRESSION, /* x0 x1 x2 y */
    CONTRACT_PRICES,     /* close */
    CONTRACT_OPTIONS,    /* spot strike time_to_expiry risk_free_rate volatility */
};

struct contract_model {
    const char *plugin;
    const char *algorithm;
    enum contract_input input;
    int degree; /* multiply target or money by f, and the first output column is multiplied by f^degree */
    double alpha; /* NAN: has none; with degree 1 and an absolute penalty it is multiplied too */
    int alpha_scales;
};

extern const struct contract_model contract_models[];
extern const size_t contract_model_count;

/** A table for the model, @rows long, money or target multiplied by @factor; the same every time. */
struct table *contract_table(const struct contract_model *model, int64_t rows, double factor);
/** The column that bad-input tests spoil. */
const char *contract_column(const struct contract_model *model);

/** Train on @table and predict the same rows, or compute: *@outcome is the last task's. Returns its code. */
int contract_run(struct worker_bench *bench, const struct contract_model *model, const struct table *table,
                 double alpha_factor, struct outcome *outcome);
/** The training alone. */
int contract_train(struct worker_bench *bench, const struct contract_model *model, const struct table *table,
                   double alpha_factor, struct outcome *outcome);
/** Does the model learn? */
int contract_learns(const struct contract_model *model);

#endif
