/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STATISTICS_TESTS_H
#define STATISTICS_TESTS_H

#include "support/tabular.h"

#define TESTS(X)                                                                                                       \
    X(adf_kpss, "Unit root and stationarity.")                                                                         \
    X(granger, "Does one series help to tell the other?")                                                              \
    X(hurst, "How far a series' path gets over sizes.")                                                                \
    X(higuchi, "Fractal dimension of a curve.")                                                                        \
    X(lempel_ziv, "New patterns in a sequence of ups and downs.")                                                      \
    X(mutual_information, "What each feature says about a column.")                                                    \
    X(transfer_entropy, "What one series says about the other's next step.")                                           \
    X(network, "Who is central among what moves together.")

TESTS(TABULAR_DECLARE)

#define TEST_ROWS_MAX 200000

/** Fails the call outside [@least, TEST_ROWS_MAX]. Returns call->status. */
int32_t test_need_rows(struct call *call, int64_t least);

/** Slope of the line of least squares through @count points, and the share of the variance that it explains. */
double test_slope(const double *x, const double *y, int64_t count, double *explained);

#endif
