/* SPDX-License-Identifier: Apache-2.0 */
/* Elliott's impulse: five waves between six pivots. In its direction, wave 2 does not go back behind the start of wave
 * 1, wave 3 goes beyond wave 1 and is not the shortest of 1, 3 and 5, wave 4 does not reach into wave 1, and wave 5
 * goes beyond wave 3. How near the ways back (2 of 1, 4 of 3) and on (3 of 1) are to the ratios given is the score.
 * Source: Frost and Prechter (1978), "Elliott Wave Principle". */
#include "patterns.h"
#include "pivots.h"

enum { IMPULSE, SCORE, RETRACEMENT, SIGNAL };

/* 1 or -1 when the last six pivots are an impulse of that direction, else 0. */
static int impulse(const struct pivots *p)
{
    double at[6];

    if (p->wave_count < 6)
        return 0;
    int sign = p->waves[0].sign; /* an impulse up ends at a high */
    for (int i = 0; i < 6; i++)
        at[i] = sign * p->waves[5 - i].price;
    double first = at[1] - at[0], third = at[3] - at[2], fifth = at[5] - at[4];
    int keeps = at[2] > at[0] && at[3] > at[1] && at[4] > at[1] && at[5] > at[3] && !(third < first && third < fifth);
    return keeps ? sign : 0;
}

/* 1 at one of the ratios, 0 at a distance of a half and beyond. */
static double nearness(double ratio, const double *ratios, size_t count)
{
    double best = INFINITY;

    for (size_t i = 0; i < count; i++)
        best = fmin(best, fabs(ratio - ratios[i]));
    return fmax(0, 1 - 2 * best);
}

static double way(const struct pivots *p, int wave)
{
    return fabs(p->waves[5 - wave].price - p->waves[6 - wave].price);
}

static void judge(struct call *call, const struct pivots *p, const double *ratios, size_t count, int64_t row)
{
    int found = impulse(p);

    call->out[IMPULSE][row] = found;
    call->out[SCORE][row] = call->out[RETRACEMENT][row] = 0;
    if (found == 0)
        return;
    double back = way(p, 2) / way(p, 1);
    call->out[RETRACEMENT][row] = back;
    call->out[SCORE][row] = (nearness(back, ratios, count) + nearness(way(p, 3) / way(p, 1), ratios, count) +
                             nearness(way(p, 4) / way(p, 3), ratios, count)) /
                            3;
}

static int32_t fill(struct call *call)
{
    static const char *const degrees[] = {"primary", "cycle", "supercycle", NULL};
    size_t degree = call_choice(call, "wave_degree", degrees), count;
    const double *ratios = call_list(call, "fibonacci_ratios", 16, &count);
    struct pivots pivots = {.reach = call_integer(call, "minimum_wave_length", 1, 1000) << degree};

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (call_step_row(call, row, call->rows))
            break;
        int came = pivots_see(&pivots, call->in[0], call->in[1], row);
        if (came)
            judge(call, &pivots, ratios, count, row);
        for (int i = IMPULSE; !came && row > 0 && i <= RETRACEMENT; i++)
            call->out[i][row] = call->out[i][row - 1];
        call->out[SIGNAL][row] = came ? -call->out[IMPULSE][row] : 0; /* after five waves the correction */
    }
    return call->status;
}

TABULAR(elliott_wave, .inputs = {"high", "low"}, .outputs = {"impulse", "score", "retracement", "signal"},
        .fill = fill);
