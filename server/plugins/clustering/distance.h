/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLUSTERING_DISTANCE_H
#define CLUSTERING_DISTANCE_H

#include <stddef.h>

/** Is the squared distance at most @limit? Most rows are told apart by their first numbers. */
static inline int distance_within(const double *a, const double *b, size_t count, double limit)
{
    double sum = 0;
    size_t i = 0;

    for (; i + 4 <= count; i += 4) {
        for (size_t j = i; j < i + 4; j++)
            sum += (a[j] - b[j]) * (a[j] - b[j]);
        if (sum > limit)
            return 0;
    }
    for (; i < count; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum <= limit;
}

#endif
