/* SPDX-License-Identifier: Apache-2.0 */
/* Columns that the caller brings (satellites, social media, patents, whatever was counted elsewhere), each in
 * deviations from its mean over the last rows, the mean of its lags, and all of them fused into one signal. */
#include <math.h>

#include "support/order.h"
#include "support/tabular.h"

#define LAGS_MAX 16
#define WINDOW_MAX 5000
#define WEIGHTS_MAX 4096

enum fusion { WEIGHTED_AVERAGE, MEDIAN, STRONGEST };

/* In deviations (population) of the last @window values, or as many as there are; 0 where they are all the same. */
static double standardised(const double *values, int64_t row, int64_t window)
{
    int64_t count = row + 1 < window ? row + 1 : window;
    const double *first = values + row + 1 - count;
    double mean = 0, squares = 0;

    for (int64_t i = 0; i < count; i++)
        mean += first[i] / (double)count;
    for (int64_t i = 0; i < count; i++)
        squares += (first[i] - mean) * (first[i] - mean) / (double)count;
    return sqrt(squares) > 1e-12 * fabs(mean) ? (values[row] - mean) / sqrt(squares) : 0;
}

/* Over the lags that reach no further back than the first row; 0 where there is none. */
static double mean_of_lags(const double *scores, int64_t row, const double *lags, size_t lag_count)
{
    double total = 0;
    int64_t count = 0;

    for (size_t i = 0; i < lag_count; i++)
        if (row >= (int64_t)lags[i]) {
            total += scores[row - (int64_t)lags[i]];
            count++;
        }
    return count > 0 ? total / (double)count : 0;
}

static double fuse(enum fusion how, double *signals, const double *weights, size_t count, double *agreement)
{
    double sum = 0, total = 0, strongest = 0, fused, agreeing = 0;

    for (size_t i = 0; i < count; i++) {
        sum += weights[i] * signals[i];
        total += weights[i];
        strongest = fabs(signals[i]) > fabs(strongest) ? signals[i] : strongest;
    }
    fused = how == WEIGHTED_AVERAGE ? sum / total : strongest;
    if (how == MEDIAN) {
        order_sort(signals, count);
        fused = order_quantile(signals, count, 0.5);
    }
    for (size_t i = 0; i < count; i++)
        agreeing += (signals[i] > 0) == (fused > 0) && (signals[i] < 0) == (fused < 0);
    *agreement = agreeing / (double)count;
    return fused;
}

/* One a column, or one for all; not negative, and not all 0. */
static double *read_weights(struct call *call)
{
    size_t count;
    const double *given = call_list(call, "weights", WEIGHTS_MAX, &count);
    double *weights = call_numbers(call, (int64_t)call->feature_count), total = 0;

    if (!call->status && count != 1 && count != call->feature_count)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "weights",
                  "%zu weights are not one, nor one for each of %zu columns", count, call->feature_count);
    for (size_t i = 0; !call->status && i < call->feature_count; i++) {
        weights[i] = given[count == 1 ? 0 : i];
        total += weights[i];
        if (!(weights[i] >= 0))
            call_fail(call, MLTRAINER_INVALID_PARAMETER, "weights", "%g is negative", weights[i]);
    }
    if (!call->status && !(total > 0))
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "weights", "none is above 0");
    return weights;
}

static void check_lags(struct call *call, const double *lags, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(lags[i] >= 0 && lags[i] <= 1e6) || lags[i] != floor(lags[i]))
            call_fail(call, MLTRAINER_INVALID_PARAMETER, "lag_periods", "%g is not a whole number of rows", lags[i]);
}

static int32_t fill(struct call *call)
{
    static const char *const ways[] = {"weighted_average", "median", "strongest", NULL};
    int64_t window = call_integer(call, "window", 2, WINDOW_MAX);
    enum fusion how = (enum fusion)call_choice(call, "fusion_method", ways);
    size_t lag_count, columns = call->feature_count;
    const double *lags = call_list(call, "lag_periods", LAGS_MAX, &lag_count);
    double *weights = read_weights(call), *scores = call_numbers(call, call->rows),
           *signals = call_memory(call, (size_t)call->rows * columns, sizeof(double));

    check_lags(call, lags, lag_count);
    for (size_t i = 0; i < columns && !call->status; i++) {
        for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++)
            scores[row] = standardised(call->features[i], row, window);
        for (int64_t row = 0; !call->status && row < call->rows; row++)
            signals[(size_t)row * columns + i] = mean_of_lags(scores, row, lags, lag_count);
    }
    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++)
        call->out[0][row] = fuse(how, signals + (size_t)row * columns, weights, columns, &call->out[1][row]);
    return call->status;
}

TABULAR(data_fusion, .features = 1, .outputs = {"signal", "agreement"}, .fill = fill);
