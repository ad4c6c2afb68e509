/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cholesky.h"

#include <math.h>

int cholesky_factor(double *matrix, size_t order)
{
    for (size_t j = 0; j < order; j++) {
        double *row = matrix + j * order, whole = row[j];
        for (size_t k = 0; k < j; k++)
            row[j] -= row[k] * row[k];
        if (!(row[j] > 1e-13 * fabs(whole)))
            return 1;
        row[j] = sqrt(row[j]);
        for (size_t i = j + 1; i < order; i++) {
            double *below = matrix + i * order;
            for (size_t k = 0; k < j; k++)
                below[j] -= below[k] * row[k];
            below[j] /= row[j];
        }
    }
    return 0;
}

void cholesky_solve(const double *factor, size_t order, double *b)
{
    for (size_t i = 0; i < order; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= factor[i * order + k] * b[k];
        b[i] /= factor[i * order + i];
    }
    for (size_t i = order; i-- > 0;) {
        for (size_t k = i + 1; k < order; k++)
            b[i] -= factor[k * order + i] * b[k];
        b[i] /= factor[i * order + i];
    }
}
