/* SPDX-License-Identifier: Apache-2.0 */
#include "periods.h"

static double mean_and_deviation(const double *values, int64_t rows, double *deviation)
{
    double mean = 0, squares = 0;

    for (int64_t row = 0; row < rows; row++)
        mean += values[row];
    mean /= (double)rows;
    for (int64_t row = 0; row < rows; row++)
        squares += (values[row] - mean) * (values[row] - mean);
    *deviation = sqrt(squares / (double)rows);
    if (*deviation <= 1e-13 * fabs(mean)) /* rounding of a constant */
        *deviation = 0;
    return mean;
}

void periods_start(struct periods *periods, struct call *call, int64_t rows_least)
{
    double deviation;

    *periods = (struct periods){.call = call,
                                .count = (size_t)call_integer(call, "tasks", 2, 1000),
                                .means = call_memory(call, call->feature_count, sizeof(double)),
                                .factors = call_memory(call, call->feature_count, sizeof(double))};
    if (call->status)
        return;
    if (call->rows < rows_least * (int64_t)periods->count) {
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are too few for %zu periods of at least %lld",
                  (long long)call->rows, periods->count, (long long)rows_least);
        return;
    }
    for (size_t i = 0; i < call->feature_count; i++) {
        periods->means[i] = mean_and_deviation(call->features[i], call->rows, &deviation);
        periods->factors[i] = deviation > 0 ? 1 / deviation : 0;
    }
    periods->base = mean_and_deviation(call->target, call->rows, &deviation);
    periods->unit = deviation > 0 ? deviation : 1;
}
