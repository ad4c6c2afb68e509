/* SPDX-License-Identifier: Apache-2.0 */
#ifndef META_LEARNING_LINEAR_MODEL_H
#define META_LEARNING_LINEAR_MODEL_H

#include "periods.h"
#include "support/artifact.h"

/* Numbers of standardised features and, where it is quadratic, their squares. Memory by malloc(). */
struct linear_model {
    size_t features;
    uint32_t is_quadratic;
    double base;
    double numbers[]; /* a feature: mean, factor, coefficient, coefficient of the square */
};

/** @b: coefficients of the features, then (when quadratic) of their squares, then the constant; all of standardised
 *  values. NULL when memory is out. */
struct linear_model *linear_model_new(const struct periods *periods, const double *b, int is_quadratic);
int32_t linear_model_apply(struct call *call, const void *model);
void linear_model_save(const void *model, struct artifact_writer *writer);
void *linear_model_restore(struct artifact_reader *reader, size_t features);

#endif
