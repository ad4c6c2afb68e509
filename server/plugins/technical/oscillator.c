/* SPDX-License-Identifier: Apache-2.0 */
#include "indicators.h"
#include "support/rolling.h"
#include "support/tabular.h"

/* Relative strength and MACD in one number between -1 and 1: ((rsi - 50)/50 + tanh(100 macd/close)) / 2. The strength
 * is smoothed as Wilder did, starting at the mean of the first changes. */
static void strength(const double *close, int64_t rows, int64_t window, double *out)
{
    double up = 0, down = 0;

    for (int64_t row = 0; row < rows; row++) {
        double change = row > 0 ? close[row] - close[row - 1] : 0;
        if (row > window) {
            up += (fmax(change, 0) - up) / (double)window;
            down += (fmax(-change, 0) - down) / (double)window;
        } else {
            up += fmax(change, 0) / (double)window;
            down += fmax(-change, 0) / (double)window;
        }
        out[row] = row < window ? NAN : up + down > 0 ? 100 * up / (up + down) : 50;
    }
}

static int32_t fill(struct call *call)
{
    int64_t window = call_window(call, "rsi_period", 1);
    int64_t fast = call_window(call, "macd_fast", 1), slow = call_window(call, "macd_slow", 2);
    double *slow_mean = call_numbers(call, call->rows);
    const double *close = call->in[0];

    if (!call->status && fast >= slow)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "macd_fast", "%lld is not below macd_slow, %lld", (long long)fast,
                  (long long)slow);
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(close[row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, "close", "row %lld (from 0) is not above 0", (long long)row);
    if (call->status)
        return call->status;
    strength(close, call->rows, window, call->out[0]);
    rolling_smooth(close, call->rows, rolling_span_weight(fast), fast, call->out[1]);
    rolling_smooth(close, call->rows, rolling_span_weight(slow), slow, slow_mean);
    for (int64_t row = 0; row < call->rows; row++) {
        call->out[1][row] -= slow_mean[row];
        call->out[2][row] = ((call->out[0][row] - 50) / 50 + tanh(100 * call->out[1][row] / close[row])) / 2;
    }
    return call->status;
}

TABULAR(oscillator, .inputs = {"close"}, .outputs = {"rsi", "macd", "oscillator"}, .fill = fill);
