/* SPDX-License-Identifier: Apache-2.0 */
#include "measures.h"
#include "support/family.h"

const double *measure_last(struct call *call, const double *values, int64_t window, int64_t least, int64_t *count)
{
    *count = window == 0 || window > call->rows ? call->rows : window;
    if (*count >= least)
        return values + call->rows - *count;
    call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than %lld", (long long)*count, (long long)least);
    return NULL;
}

double measure_mean(const double *values, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

double measure_deviation(const double *values, int64_t count)
{
    double mean = measure_mean(values, count), squares = 0;

    for (int64_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
}

double measure_drawdown(const double *returns, int64_t count)
{
    double capital = 1, high = 1, deepest = 0;

    for (int64_t i = 0; i < count; i++) {
        capital *= 1 + returns[i];
        high = fmax(high, capital);
        deepest = fmax(deepest, 1 - capital / high);
    }
    return deepest;
}

int measure_moments(struct call *call, int64_t window, int64_t behind, double **mean, double **covariance)
{
    size_t n = call->feature_count;
    int64_t count = 0;

    if (!call->status)
        measure_last(call, call->features[0], window, 2, &count);
    *mean = call_numbers(call, (int64_t)n);
    *covariance = call_memory(call, n * n, sizeof(double));
    if (call->status)
        return call->status;
    for (size_t i = 0; i < n; i++)
        (*mean)[i] = measure_mean(call->features[i] + call->rows - behind - count, count);
    for (size_t i = 0; i < n && !call_step(call, (double)i, (double)n); i++)
        for (size_t j = 0; j <= i; j++) {
            const double *x = call->features[i] + call->rows - behind - count;
            const double *y = call->features[j] + call->rows - behind - count;
            double sum = 0;
            for (int64_t row = 0; row < count; row++)
                sum += (x[row] - (*mean)[i]) * (y[row] - (*mean)[j]);
            (*covariance)[i * n + j] = (*covariance)[j * n + i] = sum / (double)(count - 1);
        }
    return call->status;
}

void measure_need_returns(struct call *call, const double *values, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(values[row] > -1))
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is %g: a return is above -1",
                      (long long)row, values[row]);
}

MEASURES(TABULAR_ALGORITHM)
DRAWN_MEASURES(TABULAR_ALGORITHM_SEEDED)

static const struct mltrainer_algorithm *const algorithms[] = {MEASURES(TABULAR_ENTRY) DRAWN_MEASURES(TABULAR_ENTRY)};

FAMILY("risk", algorithms, .description = "Measures of risk and sizes of positions.", .licence = "Apache-2.0",
       .engine = "C of this project");
