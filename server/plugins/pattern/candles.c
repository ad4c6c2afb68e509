/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of one row or two. Source: Nison (1991), "Japanese Candlestick Charting Techniques". */
#include "patterns.h"

#define TREND_ROWS 5

enum { OPEN, HIGH, LOW, CLOSE };
enum { DOJI, HAMMER, ENGULFING, SIGNAL };

/* A body of at most sensitivity/5 of the range. */
static int is_doji(struct call *call, int64_t row, double sensitivity)
{
    double range = call->in[HIGH][row] - call->in[LOW][row];

    return range > 0 && fabs(call->in[CLOSE][row] - call->in[OPEN][row]) <= 0.2 * sensitivity * range;
}

/* A lower shadow of at least 1/sensitivity bodies under a body with hardly a shadow above: 1 after a fall (hammer), -1
 * after a rise (hanging man). */
static int hammer(struct call *call, int64_t row, double sensitivity)
{
    double open = call->in[OPEN][row], close = call->in[CLOSE][row], body = fabs(close - open);
    double below = fmin(open, close) - call->in[LOW][row], above = call->in[HIGH][row] - fmax(open, close);

    if (row < TREND_ROWS || !(body > 0) || below < body / sensitivity || above > sensitivity * body)
        return 0;
    double before = call->in[CLOSE][row - TREND_ROWS], last = call->in[CLOSE][row - 1];
    return (last < before) - (last > before);
}

/* A body that covers the one before it, which has the other colour. */
static int engulfing(struct call *call, int64_t row)
{
    const double *open = call->in[OPEN], *close = call->in[CLOSE];

    if (row == 0)
        return 0;
    double body = close[row] - open[row], before = close[row - 1] - open[row - 1];
    int sign = (body > 0) - (body < 0), sign_before = before >= 0 ? 1 : -1; /* no body counts as a rise */
    if (sign == 0 || sign == sign_before)
        return 0;
    double head = sign * (close[row] - open[row - 1]), foot = sign * (close[row - 1] - open[row]);
    return head >= 0 && foot >= 0 && (head > 0 || foot > 0) ? sign : 0;
}

static int32_t fill(struct call *call)
{
    static const char *const known[] = {"doji", "hammer", "engulfing", NULL};
    unsigned chosen = pattern_chosen(call, "pattern_types", known);
    double sensitivity = call_number_within(call, "sensitivity", 1e-3, 10);

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        call->out[DOJI][row] = is_doji(call, row, sensitivity);
        call->out[HAMMER][row] = hammer(call, row, sensitivity);
        call->out[ENGULFING][row] = engulfing(call, row);
        double votes = (chosen >> HAMMER & 1 ? call->out[HAMMER][row] : 0) +
                       (chosen >> ENGULFING & 1 ? call->out[ENGULFING][row] : 0);
        int undecided = chosen >> DOJI & 1 && call->out[DOJI][row] != 0;
        call->out[SIGNAL][row] = undecided ? 0 : (votes > 0) - (votes < 0);
    }
    return call->status;
}

TABULAR(candlestick, .inputs = {"open", "high", "low", "close"}, .outputs = {"doji", "hammer", "engulfing", "signal"},
        .fill = fill);
