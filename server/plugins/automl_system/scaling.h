/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUTOML_SCALING_H
#define AUTOML_SCALING_H

#include "support/call.h"

/* Columns less their mean, over their (population) standard deviation over some rows; a constant one becomes 0. */

struct scaling {
    double mean, over; /* (value - mean) * over */
};

static inline struct scaling scaling_of(const double *values, int64_t from, int64_t to)
{
    double sum = 0, squares = 0, count = (double)(to - from);

    for (int64_t row = from; row < to; row++)
        sum += values[row];
    double mean = sum / count;
    for (int64_t row = from; row < to; row++)
        squares += (values[row] - mean) * (values[row] - mean);
    double deviation = sqrt(squares / count);
    return (struct scaling){.mean = mean, .over = deviation > 1e-13 * fabs(mean) ? 1 / deviation : 0};
}

static inline double scaled(struct scaling scaling, double value)
{
    return (value - scaling.mean) * scaling.over;
}

#endif
