/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAR_DESIGN_H
#define LINEAR_DESIGN_H

#include <mltrainer/plugin.h>

#include "model.h"

/** The numbers that a method fits: features by column, target, weights, all in host memory and all finite. */
struct design {
    size_t rows;
    size_t features;
    double *x;          /* rows x features, column by column */
    double *y;
    double *weights;    /* or NULL: all 1 */
    const char **names; /* of the features */

    /* what design_prepare() took away */
    double *x_mean;
    double *x_scale;
    double y_mean;
};

/** Read target, weights and features. Errors: MLTRAINER_INVALID_DATA (no rows, no feature, absent, not numeric, not
 *  finite, negative weight), MLTRAINER_INVALID_PARAMETER (no target named), MLTRAINER_OUT_OF_MEMORY. */
int32_t design_read(const struct mltrainer_host *host, const struct mltrainer_request *request, struct design *design,
                    struct mltrainer_error *error);

/** Read one numeric column whose values are all finite. */
int32_t design_read_column(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           const char *name, double **out, struct mltrainer_error *error);

/** The same, to be read only: the table's own memory where it has doubles there. */
int32_t design_view_column(const struct mltrainer_host *host, const struct mltrainer_request *request,
                           const char *name, const double **out, struct mltrainer_error *error);

/** Take (weighted) means away if @center, divide features by their (population) standard deviation if @scale, and
 *  multiply rows by the root of their weight. Weights are first made to sum to the number of rows, as scikit-learn
 *  does for coordinate descent, if @normalize_weights. A constant feature keeps the scale 1 and becomes zero. */
void design_prepare(struct design *design, int center, int scale, int normalize_weights);

/** Make the model of coefficients that were found for the prepared design. */
int32_t design_finish(const struct design *design, enum linear_method method, const double *coefficients,
                      struct linear_model **out, struct mltrainer_error *error);

#endif
