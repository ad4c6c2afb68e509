/* SPDX-License-Identifier: Apache-2.0 */
/* Strategies that choose among several assets, the columns of prices that the caller names. Of equal ones the first in
 * that order. Source: Jegadeesh and Titman (1993), "Returns to buying winners and selling losers". */
#include "strategies.h"
#include "support/order.h"

static void need_all_prices(struct call *call)
{
    for (size_t i = 0; !call->status && i < call->feature_count; i++)
        need_prices(call, call->features[i], call->feature_names[i]);
}

/* Earnings of equal parts of the assets that are chosen, and what changing them cost. @chosen, @before: one byte
 * each. */
static double earn(const struct call *call, int64_t row, const char *chosen, const char *before, double cost)
{
    double count = 0, count_before = 0, earned = 0, traded = 0;

    for (size_t i = 0; i < call->feature_count; i++) {
        count += chosen[i];
        count_before += before[i];
    }
    for (size_t i = 0; i < call->feature_count; i++) {
        double part = chosen[i] ? 1 / count : 0, part_before = before[i] ? 1 / count_before : 0;
        earned += part * momentum_at(call->features[i], row, 1);
        traded += fabs(part - part_before);
    }
    return earned - cost * traded;
}

/* The bytes of three choices in turn: this row's, the last one's, the one before. */
struct choices {
    char *of[3];
    double cost, equity;
};

static struct choices choices_of(struct call *call)
{
    struct choices choices = {.cost = call_number_within(call, "cost", 0, 0.5), .equity = 1};

    for (int i = 0; i < 3; i++)
        choices.of[i] = call_memory(call, call->feature_count, 1);
    return choices;
}

/* What the last row's choice earned on this one goes to columns @first and the next; then there is room for a new. */
static void turn(struct call *call, struct choices *choices, int64_t row, size_t first)
{
    char *oldest = choices->of[2];
    double earned = row > 0 ? earn(call, row, choices->of[0], choices->of[1], choices->cost) : 0;

    choices->equity *= 1 + earned;
    call->out[first][row] = earned;
    call->out[first + 1][row] = choices->equity;
    choices->of[2] = choices->of[1];
    choices->of[1] = choices->of[0];
    choices->of[0] = oldest;
}

static int32_t fill_cross_sectional(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    double percentile = call_number_within(call, "percentile_threshold", 0, 1);
    double *each = call_numbers(call, (int64_t)call->feature_count),
           *sorted = call_numbers(call, (int64_t)call->feature_count);
    struct choices choices = choices_of(call);

    need_all_prices(call);
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (call_step_row(call, row, call->rows))
            break;
        turn(call, &choices, row, 3);
        memset(choices.of[0], 0, call->feature_count);
        call->out[0][row] = call->out[1][row] = NAN;
        if (row < window)
            continue;
        for (size_t i = 0; i < call->feature_count; i++)
            sorted[i] = each[i] = momentum_at(call->features[i], row, window);
        order_sort(sorted, call->feature_count);
        double least = order_quantile(sorted, call->feature_count, percentile), sum = 0, count = 0;
        for (size_t i = 0; i < call->feature_count; i++)
            if (each[i] >= least) {
                choices.of[0][i] = 1;
                sum += each[i];
                count++;
            }
        call->out[0][row] = least;
        call->out[1][row] = sum / count;
        call->out[2][row] = count;
    }
    return call->status;
}

TABULAR(cross_sectional_momentum, .features = 1, .outputs = {"threshold", "momentum", "chosen", "earned", "equity"},
        .fill = fill_cross_sectional);

/* The asset with the largest return over the window; -1 when none is above @least. */
static int64_t best_of(const struct call *call, int64_t row, int64_t window, double least, double *momentum)
{
    int64_t best = -1;

    *momentum = least;
    for (size_t i = 0; i < call->feature_count; i++)
        if (momentum_at(call->features[i], row, window) > *momentum) {
            *momentum = momentum_at(call->features[i], row, window);
            best = (int64_t)i;
        }
    return best;
}

/* @hold rows go by between two choices. */
static int32_t rotate(struct call *call, int64_t window, double least, int64_t hold)
{
    struct choices choices = choices_of(call);

    need_all_prices(call);
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (call_step_row(call, row, call->rows))
            break;
        turn(call, &choices, row, 2);
        double momentum = NAN, any = NAN;
        int64_t best = row >= window ? best_of(call, row, window, least, &any) : -1;
        if (row >= window)
            (void)best_of(call, row, window, -INFINITY, &momentum);
        if (row >= window && (row - window) % hold != 0) {
            memcpy(choices.of[0], choices.of[1], call->feature_count);
            call->out[0][row] = call->out[0][row - 1];
        } else {
            memset(choices.of[0], 0, call->feature_count);
            if (best >= 0)
                choices.of[0][best] = 1;
            call->out[0][row] = (double)best;
        }
        call->out[1][row] = momentum;
    }
    return call->status;
}

static int32_t fill_sector_rotation(struct call *call)
{
    int64_t window = call_window(call, "window", 1);
    double least = call_number_within(call, "sector_threshold", -1, 1e6);

    return call->status ? call->status : rotate(call, window, least, 1);
}

TABULAR(sector_rotation_momentum, .features = 1, .outputs = {"chosen", "momentum", "earned", "equity"},
        .fill = fill_sector_rotation);

static int32_t fill_system(struct call *call)
{
    static const char *const frequencies[] = {"daily", "weekly", "monthly", "quarterly", NULL};
    static const int64_t rows[] = {1, 5, 21, 63}; /* trading days */
    int64_t lookback = call_window(call, "lookback", 1);
    size_t frequency = call_choice(call, "rebalance_freq", frequencies);

    return call->status ? call->status : rotate(call, lookback, 0, rows[frequency]);
}

TABULAR(dual_momentum_system, .features = 1, .outputs = {"chosen", "momentum", "earned", "equity"},
        .fill = fill_system);
