/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LINEAR_LINE_H
#define LINEAR_LINE_H

#include "support/learner.h"

/* What algorithms of this family that are learners keep: y = intercept + sum of coefficient times feature. And the sums
 * that they start from: of rows less their means, multiplied by weights. */

struct line {
    size_t features;
    double intercept;
    double coefficients[];
};

/** NULL when out of memory, by call_fail(). */
struct line *line_new(struct call *call);
/** Put the intercept where the means meet, and hand over; fails when a number is not finite. */
int32_t line_finish(struct call *call, struct line *line, const double *means, double target_mean, void **state);

int32_t line_apply(struct call *call, const void *state);
void line_save(const void *state, struct artifact_writer *writer);
void *line_restore(struct artifact_reader *reader, size_t feature_count);

#define LINE_FEATURES_MAX 4096

struct moments {
    double weight;      /* of all rows */
    double *means;      /* of features */
    double target_mean;
    double *products;   /* of features with each other, symmetric, whole */
    double *with_target;
    double target_squares;
};

/** Memory of the call. Refuses more than LINE_FEATURES_MAX features. */
int32_t moments_take(struct call *call, struct moments *moments);

#endif
