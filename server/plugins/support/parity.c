/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parity.h"

#define ROUNDS 10000

double parity_variance(const double *covariance, const double *part, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            sum += part[i] * part[j] * covariance[i * count + j];
    return sum;
}

/* Cyclical coordinate descent on x'Cx/2 - sum(log x)/n, whose minimum has equal shares: each step solves one
 * coordinate's quadratic equation. */
static int descend(struct call *call, const double *covariance, double *part, size_t n)
{
    for (size_t i = 0; i < n; i++)
        part[i] = 1 / sqrt(covariance[i * n + i] * (double)n);
    for (int round = 0; round < ROUNDS && !call_step(call, round, ROUNDS); round++) {
        double moved = 0;
        for (size_t i = 0; i < n; i++) {
            double others = 0, own = covariance[i * n + i];
            for (size_t j = 0; j < n; j++)
                others += j == i ? 0 : covariance[i * n + j] * part[j];
            double next = (-others + sqrt(others * others + 4 * own / (double)n)) / (2 * own);
            moved = fmax(moved, fabs(next - part[i]) / next);
            part[i] = next;
        }
        if (moved < 1e-13)
            return 0;
    }
    return call_fail(call, MLTRAINER_NOT_CONVERGED, "", "the parts did not settle in %d rounds", ROUNDS);
}

int32_t parity_find(struct call *call, const double *covariance, size_t count, double *part)
{
    double sum = 0;

    if (descend(call, covariance, part, count))
        return call->status;
    for (size_t i = 0; i < count; i++)
        sum += part[i];
    for (size_t i = 0; i < count; i++)
        part[i] /= sum;
    return call->status;
}
