/* SPDX-License-Identifier: Apache-2.0 */
/* Regimes that a Markov chain switches: support/switching.h over a series and over windows of returns. */
#include "support/switching.h"

#include "regimes.h"
#include "support/rolling.h"

enum { REGIME, PROBABILITY, FILTERED_LAST, SMOOTHED_LAST, MEAN, DEVIATION };

static int32_t fill_markov(struct call *call)
{
    size_t k = (size_t)call_integer(call, "k_regimes", 2, SWITCHING_REGIMES_MAX);
    int one_deviation = !call_flag(call, "switching_variance");
    double *filtered = call_numbers(call, call->rows * (int64_t)k),
           *smoothed = call_numbers(call, call->rows * (int64_t)k);
    struct switching model;

    if (switching_fit(call, call->in[0], call->rows, k, one_deviation, &model) ||
        switching_filter(call, &model, call->in[0], call->rows, filtered, smoothed))
        return call->status;
    call->host->metric(call->host, "log_likelihood", MLTRAINER_STEP_FINAL, model.log_likelihood);
    for (int64_t row = 0; row < call->rows; row++) {
        const double *chances = smoothed + (size_t)row * k;
        size_t best = switching_likeliest(chances, k);
        call->out[REGIME][row] = (double)best;
        call->out[PROBABILITY][row] = chances[best];
        call->out[FILTERED_LAST][row] = filtered[(size_t)row * k + k - 1];
        call->out[SMOOTHED_LAST][row] = chances[k - 1];
        for (size_t i = 0; i < k; i++)
            call->out[MEAN][row] += chances[i] * model.mean[i];
        call->out[DEVIATION][row] = model.deviation[best];
    }
    return call->status;
}

TABULAR(markov_switching, .inputs = {"@column"},
        .outputs = {"regime", "probability", "filtered_last", "smoothed_last", "mean", "deviation"},
        .fill = fill_markov);

/* The regime changes when another's chance, given the rows so far, is above the threshold. */
static int32_t fill_windows(struct call *call)
{
    int64_t window = call_window(call, "window", 1), first = window;
    size_t k = (size_t)call_integer(call, "n_regimes", 2, SWITCHING_REGIMES_MAX), regime = 0;
    double threshold = call_number_within(call, "transition_threshold", 0, 1);
    double *returns = regime_returns(call), *mean = call_numbers(call, call->rows);
    double *filtered = call_numbers(call, call->rows * (int64_t)k);
    struct switching model;

    if (call->status)
        return call->status;
    if (call->rows <= window)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows have no window of %lld returns",
                         (long long)call->rows, (long long)window);
    rolling_mean(returns, call->rows, window, mean);
    if (switching_fit(call, mean + first, call->rows - first, k, 1, &model) ||
        switching_filter(call, &model, mean + first, call->rows - first, filtered, NULL))
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        const double *chances = filtered + (size_t)(row - first) * k;
        if (row < first) {
            call->out[0][row] = call->out[1][row] = call->out[2][row] = NAN;
            continue;
        }
        size_t best = switching_likeliest(chances, k);
        if (row == first || (best != regime && chances[best] > threshold))
            regime = best;
        call->out[0][row] = (double)regime;
        call->out[1][row] = chances[regime];
        call->out[2][row] = mean[row];
    }
    return call->status;
}

TABULAR(switching_windows, .inputs = {"close"}, .outputs = {"regime", "probability", "mean_return"},
        .fill = fill_windows);
