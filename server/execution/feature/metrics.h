/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_METRICS_H
#define MLT_EXECUTION_METRICS_H

#include <stddef.h>
#include <stdint.h>

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

/** The same for "as it was @horizon rows before", the last value known when predicting: @all[row - horizon] predicts
 *  @all[row], for each of @rows (@count of them) that has such a predecessor. NaN when none has. */
void metric_last_value(const double *all, const uint64_t *rows, size_t count, size_t horizon,
                       struct metric_regression *out);

/** Mean absolute step from row to row of the training part: what a forecast's mean absolute error is divided by to be a
 *  MASE. NaN below 2 rows or when nothing moves. Source: Hyndman, Koehler, "Another look at measures of forecast
 *  accuracy", 2006. */
double metric_naive_step(const double *training, size_t count);
/** Share of @actual that lies in [lower, upper]. NaN for 0 rows. */
double metric_coverage(const double *actual, const double *lower, const double *upper, size_t count);

/** Mean and standard deviation (n - 1) of @values, one a fold; the latter NaN below 2. */
void metric_spread(const double *values, size_t count, double *mean, double *deviation);

double metric_mean(const double *values, size_t count);

#endif
