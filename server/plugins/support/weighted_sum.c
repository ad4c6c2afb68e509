/* SPDX-License-Identifier: Apache-2.0 */
#include "support/weighted_sum.h"

#include "support/wide.h"

#define PART_ROWS 1024 /* whose sums stay near while the columns go by */

/* Four columns a time: a sum is read and written a quarter as often. */
WIDE static void add_columns(const double *weights, const double *const *columns, size_t count, int64_t first,
                             int64_t end, double *restrict out)
{
    size_t i = 0;

    for (; i + 4 <= count; i += 4) {
        const double *a = columns[i], *b = columns[i + 1], *c = columns[i + 2], *d = columns[i + 3];
        double wa = weights[i], wb = weights[i + 1], wc = weights[i + 2], wd = weights[i + 3];
        for (int64_t row = first; row < end; row++)
            out[row] = (((out[row] + wa * a[row]) + wb * b[row]) + wc * c[row]) + wd * d[row];
    }
    for (; i < count; i++)
        for (int64_t row = first; row < end; row++)
            out[row] += weights[i] * columns[i][row];
}

void weighted_sum(double constant, const double *weights, const double *const *columns, size_t count, int64_t rows,
                  double *out)
{
    for (int64_t first = 0; first < rows; first += PART_ROWS) {
        int64_t end = rows - first < PART_ROWS ? rows : first + PART_ROWS;
        for (int64_t row = first; row < end; row++)
            out[row] = constant;
        add_columns(weights, columns, count, first, end, out);
    }
}
