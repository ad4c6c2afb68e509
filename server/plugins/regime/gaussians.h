/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_GAUSSIANS_H
#define PLUGIN_GAUSSIANS_H

#include "regimes.h"

/* A few normal distributions of points: what hidden Markov models and mixtures are made of. */

#define GAUSSIANS_MAX 32
#define GAUSSIANS_FEATURES_MAX 128

enum gaussians_shape { GAUSSIANS_FULL, GAUSSIANS_DIAGONAL, GAUSSIANS_SPHERICAL, GAUSSIANS_TIED };

struct gaussians {
    size_t count, features;
    enum gaussians_shape shape;
    double floor;       /* added to each variance */
    const double *sizes; /* of features: the floor is times theirs; NULL: all 1 */
    double *means;      /* count * features */
    double *covariance; /* count * features * features */
    double *factor;     /* Cholesky's, of each covariance */
    double *level;      /* log of each density at its mean */
};

/** How many numbers gaussians_bind() lays out. */
size_t gaussians_numbers(size_t count, size_t features);
/** Lay the arrays into @numbers. */
void gaussians_bind(struct gaussians *g, double *numbers);
/** Factor the covariances; non-zero when one is not positive definite. */
int gaussians_factor(struct gaussians *g);
/** Logs of the densities of @rows points, @count a point. */
void gaussians_log_density(const struct gaussians *g, const double *points, int64_t rows, double *out);
/** The most likely means and covariances for points that belong by @parts (count a point) to each, factored. One that
 *  owns nothing keeps what it has. Non-zero when a covariance is not positive definite. */
int gaussians_update(struct gaussians *g, const double *points, int64_t rows, const double *parts);
/** k-means' groups, each with its own covariance. Returns call->status. */
int32_t gaussians_start(struct call *call, struct gaussians *g, const double *points, int64_t rows, uint64_t stream);
/** At rows drawn by chance, each with the covariance of all points: what groups would part may stay together. Returns
 *  call->status. */
int32_t gaussians_draw(struct call *call, struct gaussians *g, const double *points, int64_t rows, uint64_t stream);
/** The order of the means, dictionary-wise. */
void gaussians_order(const struct gaussians *g, size_t *order);

#endif
