/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTERING_DISTANCE_H
#define CLUSTERING_DISTANCE_H

#include <stddef.h>

/** Squared distance of two rows of @count numbers. */
static inline double distance_squared(const double *a, const double *b, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

#endif
