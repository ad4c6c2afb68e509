/* SPDX-License-Identifier: Apache-2.0 */
/* Sectors that lead, one after the other. */
#include "curves.h"
#include "support/family.h"

CURVES(TABULAR_DECLARE)

enum { HELD, LEADER, MOMENTUM, SPREAD, EARNED, EQUITY };

static double momentum_of(const struct call *call, size_t sector, int64_t row, int64_t lookback)
{
    return call->features[sector][row] / call->features[sector][row - lookback] - 1;
}

/* The features are prices of sectors. The one held is left for the leader when that gained more by the threshold; a
 * decision at a row's end earns from the next row on. */
static int32_t fill_rotation(struct call *call)
{
    int64_t lookback = call_window(call, "lookback_period", 1), held = -1, before = -1;
    double threshold = call_number_within(call, "rotation_threshold", 0, 10),
           cost = call_number_within(call, "cost", 0, 0.5);
    double equity = 1;

    for (size_t i = 0; i < call->feature_count && !call->status; i++)
        for (int64_t row = 0; row < call->rows && !call->status; row++)
            if (!(call->features[i][row] > 0))
                call_fail(call, MLTRAINER_INVALID_DATA, call->feature_names[i], "row %lld (from 0) is not above 0",
                          (long long)row);
    for (int64_t row = 0; row < call->rows && !call->status; row++) {
        size_t best = 0, worst = 0;
        if (call_step_row(call, row, call->rows))
            break;
        double earned = held >= 0 ? call->features[held][row] / call->features[held][row - 1] - 1 : 0;
        earned -= held != before ? cost * (before >= 0 ? 2 : 1) : 0;
        before = held;
        for (int output = HELD; output <= SPREAD; output++)
            call->out[output][row] = NAN;
        for (size_t i = 1; row >= lookback && i < call->feature_count; i++) {
            double gain = momentum_of(call, i, row, lookback);
            best = gain > momentum_of(call, best, row, lookback) ? i : best;
            worst = gain < momentum_of(call, worst, row, lookback) ? i : worst;
        }
        if (row >= lookback) {
            double most = momentum_of(call, best, row, lookback);
            if (held < 0 || most > momentum_of(call, (size_t)held, row, lookback) + threshold)
                held = (int64_t)best;
            call->out[HELD][row] = (double)held;
            call->out[LEADER][row] = (double)best;
            call->out[MOMENTUM][row] = most;
            call->out[SPREAD][row] = most - momentum_of(call, worst, row, lookback);
        }
        equity *= 1 + earned;
        call->out[EARNED][row] = earned;
        call->out[EQUITY][row] = equity;
    }
    return call->status;
}

TABULAR(sector_rotation, .features = 1, .outputs = {"held", "leader", "momentum", "spread", "earned", "equity"},
        .fill = fill_rotation);

CURVES(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {CURVES(TABULAR_ENTRY)};

FAMILY("macro", algorithms, .description = "Sectors that lead, and curves of yields.", .licence = "Apache-2.0",
       .engine = "C of this project");
