/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes between pivots. They stand from the row that makes their last pivot known until another pivot comes.
 * Source: Lo, Mamaysky and Wang (2000), "Foundations of technical analysis", for the definitions by extrema. */
#include "patterns.h"
#include "pivots.h"

enum { HEAD_SHOULDERS, TRIANGLE, WEDGE, SIGNAL };

/* The middle of the last three stands out by the tolerance, the outer two are level within it. */
static int has_head(const struct pivot *pivots, int count, double tolerance, int sign)
{
    if (count < 3)
        return 0;
    double right = pivots[0].price, head = pivots[1].price, left = pivots[2].price;
    double further = sign > 0 ? fmax(left, right) : fmin(left, right);
    return sign * (head / further - 1) > tolerance && fabs(left / right - 1) <= tolerance;
}

static void find_shapes(struct call *call, const struct pivots *p, double tolerance, int64_t row)
{
    double highs = p->high_count > 1 ? p->highs[0].price - p->highs[1].price : 0;
    double lows = p->low_count > 1 ? p->lows[0].price - p->lows[1].price : 0;

    call->out[HEAD_SHOULDERS][row] =
        has_head(p->lows, p->low_count, tolerance, -1) - has_head(p->highs, p->high_count, tolerance, 1);
    if (p->high_count < 2 || p->low_count < 2)
        return;
    call->out[TRIANGLE][row] = highs < 0 && lows > 0;
    if (highs > 0 && lows > 0)
        call->out[WEDGE][row] = lows > highs ? -1 : 0; /* rising: the lows catch up */
    else if (highs < 0 && lows < 0)
        call->out[WEDGE][row] = highs < lows ? 1 : 0;
}

static int32_t fill_chart(struct call *call)
{
    static const char *const known[] = {"head_shoulders", "triangle", "wedge", NULL};
    unsigned chosen = pattern_chosen(call, "pattern_library", known);
    struct pivots pivots = {.reach = call_integer(call, "reach", 1, 1000)};
    double tolerance = call_number_within(call, "tolerance", 0, 10);

    pattern_need_prices(call, 1, "low");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (call_step_row(call, row, call->rows))
            break;
        if (pivots_see(&pivots, call->in[0], call->in[1], row))
            find_shapes(call, &pivots, tolerance, row);
        else
            for (int i = HEAD_SHOULDERS; row > 0 && i <= WEDGE; i++)
                call->out[i][row] = call->out[i][row - 1];
        double votes = (chosen >> HEAD_SHOULDERS & 1 ? call->out[HEAD_SHOULDERS][row] : 0) +
                       (chosen >> WEDGE & 1 ? call->out[WEDGE][row] : 0);
        int narrowing = chosen >> TRIANGLE & 1 && call->out[TRIANGLE][row] != 0;
        call->out[SIGNAL][row] = narrowing ? 0 : (votes > 0) - (votes < 0);
    }
    return call->status;
}

TABULAR(chart, .inputs = {"high", "low"}, .outputs = {"head_shoulders", "triangle", "wedge", "signal"},
        .fill = fill_chart);

/* Two extremes of a kind, level within the threshold and not further apart than the window, with a way between them
 * that is longer than the threshold. */
static int is_double(const struct pivot *same, int same_count, const struct pivot *other, int other_count,
                     int64_t window, double threshold, int sign)
{
    if (same_count < 2 || other_count < 1 || same[0].row - same[1].row > window ||
        fabs(same[0].price / same[1].price - 1) > threshold)
        return 0;
    double level = sign > 0 ? fmin(same[0].price, same[1].price) : fmax(same[0].price, same[1].price);
    for (int i = 0; i < other_count; i++)
        if (other[i].row > same[1].row && other[i].row < same[0].row && sign * (level / other[i].price - 1) > threshold)
            return 1;
    return 0;
}

static int32_t fill_double(struct call *call)
{
    int64_t window = call_window(call, "pattern_window", 2);
    double threshold = call_number_within(call, "pattern_threshold", 0, 10);
    struct pivots p = {.reach = call_integer(call, "reach", 1, 1000)};

    pattern_need_prices(call, 1, "low");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (call_step_row(call, row, call->rows))
            break;
        if (pivots_see(&p, call->in[0], call->in[1], row)) {
            call->out[0][row] = is_double(p.highs, p.high_count, p.lows, p.low_count, window, threshold, 1);
            call->out[1][row] = is_double(p.lows, p.low_count, p.highs, p.high_count, window, threshold, -1);
        } else if (row > 0) {
            call->out[0][row] = call->out[0][row - 1];
            call->out[1][row] = call->out[1][row - 1];
        }
        call->out[2][row] = call->out[1][row] - call->out[0][row];
    }
    return call->status;
}

TABULAR(double_extremes, .inputs = {"high", "low"}, .outputs = {"double_top", "double_bottom", "signal"},
        .fill = fill_double);
