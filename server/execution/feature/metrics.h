/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_METRICS_H
#define MLT_EXECUTION_METRICS_H

#include <stddef.h>

/* How good predictions are, and how good trivial ones would have been. Pure. */

struct metric_regression {
    double rmse; /* root of the mean squared error */
    double mae;  /* mean absolute error */
    double r2; /* 1 - squared error / squared deviation from the mean of the actual values; NaN when they do not vary */
};

/** @count at least 1, else all are NaN. */
void metric_regression(const double *actual, const double *predicted, size_t count, struct metric_regression *out);

/** The same for one constant as the prediction: the training mean, say. */
void metric_constant(const double *actual, double constant, size_t count, struct metric_regression *out);

/** The same for "as it was @horizon rows before", the last value known when predicting: @all[first - horizon + i]
 * predicts
 *  @all[first + i]. @horizon at most @first, else all are NaN. */
void metric_last_value(const double *all, size_t first, size_t count, size_t horizon, struct metric_regression *out);

double metric_mean(const double *values, size_t count);

#endif
