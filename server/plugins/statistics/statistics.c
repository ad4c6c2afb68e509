/* SPDX-License-Identifier: Apache-2.0 */
#include "tests.h"
#include "support/family.h"

int32_t test_need_rows(struct call *call, int64_t least)
{
    if (call->rows < least)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than %lld", (long long)call->rows,
                  (long long)least);
    if (call->rows > TEST_ROWS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are more than %d", (long long)call->rows, TEST_ROWS_MAX);
    return call->status;
}

double test_slope(const double *x, const double *y, int64_t count, double *explained)
{
    double mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;

    for (int64_t i = 0; i < count; i++) {
        mean_x += x[i] / (double)count;
        mean_y += y[i] / (double)count;
    }
    for (int64_t i = 0; i < count; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    *explained = yy > 0 ? xy * xy / (xx * yy) : NAN;
    return xy / xx;
}

TESTS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {TESTS(TABULAR_ENTRY)};

FAMILY("statistics", algorithms, .description = "Tests, information and complexity of series.", .licence = "Apache-2.0",
       .engine = "C of this project");
