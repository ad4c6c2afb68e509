/* SPDX-License-Identifier: Apache-2.0 */
/* Short rates that return to a mean: bonds, and where the rate will be.
 * Sources: Vasicek (1977); Cox, Ingersoll and Ross (1985), equations 19 and 23. */
#include "support/family.h"
#include "support/tabular.h"

#define MODELS(X)                                                                                                      \
    X(vasicek, "Bonds under a normal rate that returns to its mean.")                                                  \
    X(cox_ingersoll_ross, "Bonds under a rate that returns to its mean and stays above 0.")

MODELS(TABULAR_DECLARE)

enum { PRICE, YIELD, MEAN, DEVIATION };

struct process {
    double speed, level, volatility;
};

static struct process read_process(struct call *call)
{
    return (struct process){.speed = call_number_within(call, "mean_reversion_speed", 0, 1000),
                            .level = call_number_within(call, "long_term_mean", -10, 10),
                            .volatility = call_number_within(call, "volatility", 0, 100)};
}

/* (1 - exp(-speed years)) / speed, also when the speed is 0. */
static double discounted_time(double speed, double years)
{
    return speed * years > 1e-12 ? -expm1(-speed * years) / speed : years;
}

static double vasicek_price(const struct process *p, double rate, double years)
{
    double b = discounted_time(p->speed, years), square = p->volatility * p->volatility;

    if (p->speed * years < 1e-5) /* the limit: drift to the mean and variance at leading orders */
        return exp(-rate * years - p->speed * (p->level - rate) * years * years / 2 +
                   square * years * years * years / 6);
    double a = (p->level - square / (2 * p->speed * p->speed)) * (b - years) - square * b * b / (4 * p->speed);
    return exp(a - b * rate);
}

static double cir_price(const struct process *p, double rate, double years)
{
    double square = p->volatility * p->volatility, root = sqrt(p->speed * p->speed + 2 * square);

    if (square < 1e-14) /* no surprise: the integral of the expected rate */
        return exp(-p->level * years - (rate - p->level) * discounted_time(p->speed, years));
    double grown = expm1(root * years), below = (root + p->speed) * grown + 2 * root;
    double a = 2 * p->speed * p->level / square * (log(2 * root / below) + (root + p->speed) * years / 2);
    return exp(a - 2 * grown / below * rate);
}

static void fill_future(struct call *call, const struct process *p, double rate, double years, int is_square_root,
                        int64_t row)
{
    double decay = exp(-p->speed * years), square = p->volatility * p->volatility;
    double twice = discounted_time(2 * p->speed, years), once = discounted_time(p->speed, years);

    call->out[MEAN][row] = p->level + (rate - p->level) * decay;
    call->out[DEVIATION][row] =
        is_square_root ? p->volatility * sqrt(rate * decay * once + p->level * p->speed * once * once / 2)
                       : sqrt(square * twice);
}

static int32_t fill_rates(struct call *call, int is_square_root)
{
    struct process process = read_process(call);

    if (!call->status && is_square_root && process.level < 0)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "long_term_mean", "%g is below 0", process.level);
    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++) {
        double rate = call->in[0][row], years = call->in[1][row];
        if (is_square_root && rate < 0)
            return call_fail(call, MLTRAINER_INVALID_DATA, "short_rate", "row %lld (from 0) is %g: it is never below 0",
                             (long long)row, rate);
        if (years < 0)
            return call_fail(call, MLTRAINER_INVALID_DATA, "time_to_maturity", "row %lld (from 0) is %g, below 0",
                             (long long)row, years);
        double price = is_square_root ? cir_price(&process, rate, years) : vasicek_price(&process, rate, years);
        call->out[PRICE][row] = price;
        call->out[YIELD][row] = years > 0 ? -log(price) / years : rate;
        fill_future(call, &process, rate, years, is_square_root, row);
    }
    return call->status;
}

static int32_t fill_vasicek(struct call *call)
{
    return fill_rates(call, 0);
}

static int32_t fill_cir(struct call *call)
{
    return fill_rates(call, 1);
}

TABULAR(vasicek, .inputs = {"short_rate", "time_to_maturity"}, .outputs = {"price", "yield", "mean", "deviation"},
        .fill = fill_vasicek);
TABULAR(cox_ingersoll_ross, .inputs = {"short_rate", "time_to_maturity"},
        .outputs = {"price", "yield", "mean", "deviation"}, .fill = fill_cir);

MODELS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {MODELS(TABULAR_ENTRY)};

FAMILY("rates", algorithms, .description = "Models of the short rate.", .licence = "Apache-2.0",
       .engine = "closed forms");
