/* SPDX-License-Identifier: Apache-2.0 */
#include "measures.h"
#include "support/order.h"
#include "support/rolling.h"

#define SCENARIOS_MAX 16

static int32_t fill_stress(struct call *call);

TABULAR(stress, .inputs = {"@column"}, .label = "scenario",
        .outputs = {"shock", "mean", "volatility", "value_at_risk", "worst", "total"}, .own_rows = 1,
        .fill = fill_stress);

/* Every return has the shock added to it; the figures are those of the shocked returns. */
static int32_t fill_stress(struct call *call)
{
    size_t names, shocks;
    const char *const *name = call_texts(call, "scenarios", SCENARIOS_MAX, &names);
    const double *shock = call_list(call, "shocks", SCENARIOS_MAX, &shocks);
    int64_t count = 0;
    const double *returns = measure_last(call, call->in[0], 0, 2, &count);

    if (!call->status && names != shocks)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "shocks", "there are %zu for %zu scenarios", shocks, names);
    double *sorted = call_numbers(call, call->rows);
    if (tabular_start(call, &stress_tabular, (int64_t)names) || tabular_label(call, name))
        return call->status;
    memcpy(sorted, returns, (size_t)count * sizeof(double));
    order_sort(sorted, (size_t)count);
    for (size_t i = 0; i < names; i++) {
        double capital = 1;
        for (int64_t row = 0; row < count; row++)
            capital *= fmax(0, 1 + returns[row] + shock[i]);
        call->out[0][i] = shock[i];
        call->out[1][i] = measure_mean(returns, count) + shock[i];
        call->out[2][i] = measure_deviation(returns, count);
        call->out[3][i] = -(order_quantile(sorted, (size_t)count, 0.05) + shock[i]);
        call->out[4][i] = sorted[0] + shock[i];
        call->out[5][i] = capital - 1;
    }
    return call->status;
}

/* Drawdown from the highest point so far over what counts as a crash, and volatility of @window rows over that of four
 * times as many; the score is the mean of those that are chosen, each at most 1. */
static int32_t fill_indicators(struct call *call)
{
    static const char *const known[] = {"market_crash", "volatility_spike", NULL};
    size_t count;
    const char *const *chosen = call_texts(call, "stress_scenarios", 2, &count);
    int64_t window = call_window(call, "window", 2);
    double crash = call_number_within(call, "crash", 1e-6, 1), capital = 1, high = 1;
    double *mean = call_numbers(call, call->rows), *slow = call_numbers(call, call->rows);
    int wanted[2] = {0, 0};

    for (size_t i = 0; i < count; i++) {
        int at = strcmp(chosen[i], known[0]) == 0 ? 0 : strcmp(chosen[i], known[1]) == 0 ? 1 : -1;
        if (at < 0)
            call_fail(call, MLTRAINER_INVALID_PARAMETER, "stress_scenarios", "\"%.40s\" is not known", chosen[i]);
        else
            wanted[at] = 1;
    }
    measure_need_returns(call, call->in[0], "returns");
    if (call->status)
        return call->status;
    rolling_deviation(call->in[0], call->rows, window, 1, mean, call->out[1]);
    rolling_deviation(call->in[0], call->rows, 4 * window, 1, mean, slow);
    for (int64_t row = 0; row < call->rows; row++) {
        capital *= 1 + call->in[0][row];
        high = fmax(high, capital);
        double fall = 1 - capital / high, spike = slow[row] > 0 ? call->out[1][row] / slow[row] : NAN;
        call->out[0][row] = fall;
        call->out[1][row] = spike;
        double parts = (wanted[0] ? fmin(1, fall / crash) : 0) +
                       (wanted[1] ? isnan(spike) ? 0 : fmin(1, fmax(0, spike - 1)) : 0);
        call->out[2][row] = parts / (wanted[0] + wanted[1]);
    }
    return call->status;
}

TABULAR(stress_indicators, .inputs = {"@column"}, .outputs = {"drawdown", "volatility_ratio", "stress"},
        .fill = fill_indicators);
