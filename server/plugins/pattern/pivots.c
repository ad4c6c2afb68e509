/* SPDX-License-Identifier: Apache-2.0 */
#include "pivots.h"

#include <string.h>

static int is_pivot(const double *values, int64_t at, int64_t reach, int sign)
{
    for (int64_t i = at - reach; i < at; i++)
        if (sign * values[i] >= sign * values[at])
            return 0;
    for (int64_t i = at + 1; i <= at + reach; i++)
        if (sign * values[i] > sign * values[at])
            return 0;
    return 1;
}

static void put_first(struct pivot *list, int *count, struct pivot pivot)
{
    memmove(list + 1, list, (PIVOTS_KEPT - 1) * sizeof(*list));
    list[0] = pivot;
    *count += *count < PIVOTS_KEPT;
}

static void add_wave(struct pivots *pivots, struct pivot pivot)
{
    struct pivot *newest = &pivots->waves[0];

    if (pivots->wave_count == 0 || newest->sign != pivot.sign)
        put_first(pivots->waves, &pivots->wave_count, pivot);
    else if (pivot.sign * pivot.price > pivot.sign * newest->price)
        *newest = pivot;
}

int pivots_see(struct pivots *pivots, const double *high, const double *low, int64_t row)
{
    int64_t at = row - pivots->reach;
    int came = 0;

    if (at < pivots->reach)
        return 0;
    if (is_pivot(high, at, pivots->reach, 1)) {
        struct pivot pivot = {.row = at, .price = high[at], .sign = 1};
        put_first(pivots->highs, &pivots->high_count, pivot);
        add_wave(pivots, pivot);
        came = 1;
    }
    if (is_pivot(low, at, pivots->reach, -1)) {
        struct pivot pivot = {.row = at, .price = low[at], .sign = -1};
        put_first(pivots->lows, &pivots->low_count, pivot);
        add_wave(pivots, pivot);
        came = 1;
    }
    return came;
}
