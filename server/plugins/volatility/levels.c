/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of a window's deviation. */
#include "models.h"
#include "support/breaks.h"
#include "support/rolling.h"
#include "support/switching.h"

#define GROUPS_MAX 64

/* Deviations of the windows, into the second output; the row of the first. */
static int64_t fill_deviations(struct call *call, const char *window_name)
{
    int64_t window = call_window(call, window_name, 2);
    double *returns = volatility_returns(call), *mean = call_numbers(call, call->rows);

    if (!call->status && call->rows <= window)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows have no window of %lld returns", (long long)call->rows,
                  (long long)window);
    if (!call->status)
        rolling_deviation(returns, call->rows, window, 1, mean, call->out[1]);
    return window;
}

static int32_t fill_clusters(struct call *call)
{
    size_t groups = (size_t)call_integer(call, "n_clusters", 1, GROUPS_MAX);
    int64_t first = fill_deviations(call, "cluster_window");
    uint32_t *labels = call_memory(call, (size_t)call->rows, sizeof(*labels));
    double centres[GROUPS_MAX];

    if (call->status || breaks_find(call, call->out[1] + first, call->rows - first, groups, labels, centres))
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        call->out[0][row] = row < first ? NAN : labels[row - first];
        call->out[2][row] = row < first ? NAN : centres[labels[row - first]];
    }
    return call->status;
}

TABULAR(clusters, .inputs = {"close"}, .outputs = {"cluster", "volatility", "centre"}, .fill = fill_clusters);

/* The logs of the deviations, a mean each regime and one deviation. */
static int32_t fill_regimes(struct call *call)
{
    size_t k = (size_t)call_integer(call, "n_regimes", 2, SWITCHING_REGIMES_MAX);
    int64_t first = fill_deviations(call, "regime_window"), count = call->rows - first;
    double *logs = call_numbers(call, call->rows), *filtered = call_numbers(call, call->rows * (int64_t)k),
           *smoothed = call_numbers(call, call->rows * (int64_t)k);
    struct switching model;

    for (int64_t i = 0; !call->status && i < count; i++) {
        if (!(call->out[1][first + i] > 0))
            return call_fail(call, MLTRAINER_INVALID_DATA, "close", "the window to row %lld (from 0) never changes",
                             (long long)(first + i));
        logs[i] = log(call->out[1][first + i]);
    }
    if (call->status || switching_fit(call, logs, count, k, 1, &model) ||
        switching_filter(call, &model, logs, count, filtered, smoothed))
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        const double *chances = smoothed + (size_t)(row < first ? 0 : row - first) * k;
        size_t best = switching_likeliest(chances, k);
        call->out[0][row] = row < first ? NAN : (double)best;
        call->out[2][row] = row < first ? NAN : chances[best];
        call->out[3][row] = row < first ? NAN : exp(model.mean[best]);
    }
    return call->status;
}

TABULAR(regimes, .inputs = {"close"}, .outputs = {"regime", "volatility", "probability", "level"},
        .fill = fill_regimes);
