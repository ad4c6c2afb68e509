/* SPDX-License-Identifier: Apache-2.0 */
/* The binomial lattice of Cox, Ross and Rubinstein (1979): up by exp(volatility sqrt(step)), down by its inverse, the
 * chance of up such that the forward is met. Who gives step or chance has them in every row instead. */
#include "contract.h"

enum { PRICE, DELTA, GAMMA };

struct lattice {
    int64_t steps;
    int is_american;
    double up_factor, chance; /* 0: of the row's volatility, of its forward */
    double *values;           /* of the nodes of one moment */
};

/* What exercise at a node is worth; node i of moment m has i ups and m - i downs. */
static double exercise(const struct vanilla *option, double up, int64_t moment, int64_t node)
{
    double price = option->spot * pow(up, (double)(2 * node - moment));

    return fmax(0, option->sign * (price - option->strike));
}

/* Too coarse a step has no chance between 0 and 1. */
static int chance_of_up(struct call *call, const struct lattice *lattice, const struct vanilla *option, double step,
                        double up, double *chance, int64_t row)
{
    *chance = lattice->chance;
    if (*chance > 0)
        return 0;
    *chance = (exp((option->rate - option->dividend_yield) * step) - 1 / up) / (up - 1 / up);
    if (*chance >= 0 && *chance <= 1)
        return 0;
    return call_fail(call, MLTRAINER_INVALID_PARAMETER, "n_steps",
                     "%lld steps are too few for the rate and volatility of row %lld (from 0)",
                     (long long)lattice->steps, (long long)row);
}

static void value_row(struct call *call, const struct lattice *lattice, const struct vanilla *option, int64_t row)
{
    double step = option->years / (double)lattice->steps, up = lattice->up_factor, chance;
    double *values = lattice->values, at_one[2] = {0, 0}, at_two[3] = {0, 0, 0};

    if (up == 0)
        up = exp(option->volatility * sqrt(step));
    if (!(up > 1) || option->years == 0) { /* no time or no volatility: what the forward is worth */
        double forward = option->spot * exp((option->rate - option->dividend_yield) * option->years);
        double later = exp(-option->rate * option->years) * fmax(0, option->sign * (forward - option->strike));
        double now = fmax(0, option->sign * (option->spot - option->strike));
        call->out[PRICE][row] = lattice->is_american ? fmax(now, later) : later;
        call->out[DELTA][row] = call->out[PRICE][row] > 0 ? option->sign : 0;
        call->out[GAMMA][row] = 0;
        return;
    }
    if (chance_of_up(call, lattice, option, step, up, &chance, row))
        return;
    double discount = exp(-option->rate * step);
    for (int64_t node = 0; node <= lattice->steps; node++)
        values[node] = exercise(option, up, lattice->steps, node);
    for (int64_t moment = lattice->steps - 1; moment >= 0; moment--) {
        double price = option->spot * pow(up, (double)-moment);
        if (moment == 1)
            memcpy(at_two, values, sizeof(at_two));
        if (moment == 0)
            memcpy(at_one, values, sizeof(at_one));
        for (int64_t node = 0; node <= moment; node++, price *= up * up) {
            values[node] = discount * (chance * values[node + 1] + (1 - chance) * values[node]);
            if (lattice->is_american)
                values[node] = fmax(values[node], option->sign * (price - option->strike));
        }
    }
    double high = option->spot * up * up, low = option->spot / (up * up);
    call->out[PRICE][row] = values[0];
    call->out[DELTA][row] = (at_one[1] - at_one[0]) / (option->spot * (up - 1 / up));
    call->out[GAMMA][row] = ((at_two[2] - at_two[1]) / (high - option->spot) -
                             (at_two[1] - at_two[0]) / (option->spot - low)) /
                            ((high - low) / 2);
}

static int32_t fill(struct call *call)
{
    static const char *const exercises[] = {"european", "american", NULL};
    struct lattice lattice = {.steps = call_integer(call, "n_steps", 2, 10000),
                              .is_american = call_choice(call, "exercise", exercises) == 1,
                              .up_factor = call_number_within(call, "up_factor", 0, 1000),
                              .chance = call_number_within(call, "risk_neutral_prob", 0, 1)};
    struct vanilla_terms terms = vanilla_terms(call);

    if (!call->status && lattice.up_factor > 0 && !(lattice.up_factor > 1))
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "up_factor", "%.17g is not above 1, nor 0", lattice.up_factor);
    lattice.values = call_numbers(call, lattice.steps + 1);
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        struct vanilla option;
        if (call_step(call, (double)row, (double)call->rows) || vanilla_read(call, &terms, call->in[4], row, &option))
            break;
        value_row(call, &lattice, &option, row);
    }
    return call->status;
}

TABULAR(binomial_tree, .inputs = {"spot", "strike", "time_to_expiry", "risk_free_rate", "volatility"},
        .outputs = {"price", "delta", "gamma"}, .fill = fill);
