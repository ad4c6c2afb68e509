/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAR_MODEL_H
#define LINEAR_MODEL_H

#include <mltrainer/plugin.h>

/* What every method of this family learns: y = intercept + sum of coefficient * feature. */

enum linear_method {
    LINEAR_OLS = 1,
    LINEAR_RIDGE = 2,
    LINEAR_LASSO = 3,
    LINEAR_ELASTIC_NET = 4,
};

struct linear_model {
    enum linear_method method;
    size_t feature_count;
    char **names;
    double *coefficients;
    double intercept;
};

/** Room for @feature_count coefficients, all zero, without names. NULL when out of memory. */
struct linear_model *linear_model_new(enum linear_method method, size_t feature_count);
void linear_model_free(void *model);
/** Errors: MLTRAINER_OUT_OF_MEMORY. */
int32_t linear_model_set_name(struct linear_model *model, size_t index, const char *name, size_t name_bytes);

extern const struct mltrainer_predictable linear_predictable;
extern const struct mltrainer_evaluable linear_evaluable;
extern const struct mltrainer_serializable linear_serializable;

#endif
