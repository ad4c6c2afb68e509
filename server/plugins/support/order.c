/* SPDX-License-Identifier: Apache-2.0 */
#include "support/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void order_sort(double *values, size_t count)
{
    if (count > 1)
        qsort(values, count, sizeof(*values), compare);
}

/* Merge sort from below: stable, and free of callbacks. */
void order_indexes(const double *values, size_t count, uint32_t *indexes, uint32_t *scratch)
{
    for (size_t i = 0; i < count; i++)
        indexes[i] = (uint32_t)i;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = start + 2 * width < count ? start + 2 * width : count;
            size_t left = start, right = middle;
            for (size_t out = start; out < end; out++)
                scratch[out] = left < middle && (right >= end || values[indexes[left]] <= values[indexes[right]])
                                   ? indexes[left++]
                                   : indexes[right++];
        }
        memcpy(indexes, scratch, count * sizeof(*indexes));
    }
}

void order_ranks(const double *values, const uint32_t *indexes, size_t count, double *ranks)
{
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && values[indexes[to]] == values[indexes[from]]; to++)
            ;
        for (size_t i = from; i < to; i++)
            ranks[indexes[i]] = 0.5 * (double)(from + 1 + to);
    }
}

double order_quantile(const double *sorted, size_t count, double share)
{
    if (count == 0)
        return NAN;
    double place = share * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}
