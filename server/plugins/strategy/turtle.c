/* SPDX-License-Identifier: Apache-2.0 */
/* The turtles' first system: in when the close leaves the channel of entry_breakout rows, out when it leaves that of
 * exit_breakout rows on the other side. The position is the share of the capital that loses risk_per_trade when the
 * price moves by two average true ranges, at most 1. Source: Faith (2003), "The Original Turtle Trading Rules". */
#include "strategies.h"
#include "support/backtest.h"
#include "support/rolling.h"

enum { UPPER, LOWER, RANGE, POSITION, EARNED, EQUITY };

static int32_t fill(struct call *call)
{
    int64_t entry = call_window(call, "entry_breakout", 1), way_out = call_window(call, "exit_breakout", 1);
    int64_t window = call_window(call, "atr_period", 1);
    double risk = call_number_within(call, "risk_per_trade", 0, 1), cost = call_number_within(call, "cost", 0, 0.5);
    double *high = call_numbers(call, call->rows), *low = call_numbers(call, call->rows),
           *exit_high = call_numbers(call, call->rows), *exit_low = call_numbers(call, call->rows), side = 0;
    const double *close = call->in[2];

    strategy_need_prices(call, call->in[1], "low");
    strategy_need_prices(call, close, "close");
    if (call->status)
        return call->status;
    rolling_extreme(call->in[0], call->rows, entry, 1, high);
    rolling_extreme(call->in[1], call->rows, entry, -1, low);
    rolling_extreme(call->in[0], call->rows, way_out, 1, exit_high);
    rolling_extreme(call->in[1], call->rows, way_out, -1, exit_low);
    rolling_true_range(call->in[0], call->in[1], call->in[2], call->rows, window, call->out[RANGE]);
    for (int64_t row = 0; row < call->rows; row++) {
        call->out[UPPER][row] = row > 0 ? high[row - 1] : NAN;
        call->out[LOWER][row] = row > 0 ? low[row - 1] : NAN;
        double range = call->out[RANGE][row], position = row > 0 ? call->out[POSITION][row - 1] : 0;
        if (row > 0 && ((side > 0 && close[row] < exit_low[row - 1]) || (side < 0 && close[row] > exit_high[row - 1])))
            side = position = 0;
        double entered = (close[row] > call->out[UPPER][row]) - (close[row] < call->out[LOWER][row]);
        if (side == 0 && entered != 0 && range > 0) {
            side = entered;
            position = side * fmin(1, risk * close[row] / (2 * range));
        }
        call->out[POSITION][row] = position;
    }
    backtest_run(close, call->out[POSITION], call->rows, cost, call->out[EARNED], call->out[EQUITY]);
    return call->status;
}

TABULAR(turtle, .inputs = {"high", "low", "close"},
        .outputs = {"upper", "lower", "range", "position", "earned", "equity"}, .fill = fill);
