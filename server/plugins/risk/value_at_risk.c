/* SPDX-License-Identifier: Apache-2.0 */
/* What is lost at most with a confidence, and the mean of what is lost beyond, both as positive shares. Historical: the
 * quantile of the returns. Parametric: the normal distribution's. Monte Carlo: of draws from that distribution, with
 * the standard error of the quantile by order statistics. Source: McNeil, Frey and Embrechts (2015), "Quantitative Risk
 * Management", chapters 2 and 9. */
#include "measures.h"
#include "support/distribution.h"
#include "support/order.h"
#include "support/random.h"

enum { HISTORICAL, PARAMETRIC, MONTE_CARLO };
enum { VALUE, SHORTFALL, STANDARD_ERROR, LEVEL };

struct tail {
    size_t method;
    const double *sorted; /* returns or draws, ascending */
    int64_t count;
    double mean, deviation; /* over the holding period */
    double scale;           /* from sorted values to the holding period */
};

static double mean_of_tail(const struct tail *tail, double quantile)
{
    double sum = 0, count = 0;

    for (int64_t i = 0; i < tail->count && tail->sorted[i] <= quantile; i++, count++)
        sum += tail->sorted[i];
    return count > 0 ? sum / count : quantile;
}

/* Half the distance between the order statistics one standard deviation of a binomial count around the quantile. */
static double quantile_error(const struct tail *tail, double share)
{
    double spread = sqrt(share * (1 - share) / (double)tail->count);
    double above = order_quantile(tail->sorted, (size_t)tail->count, fmin(1, share + spread));
    double below = order_quantile(tail->sorted, (size_t)tail->count, fmax(0, share - spread));

    return (above - below) / 2;
}

static void fill_row(struct call *call, const struct tail *tail, double level, int64_t row)
{
    double share = 1 - level;

    if (tail->method == PARAMETRIC) {
        double z = distribution_normal_quantile(share);
        call->out[VALUE][row] = -(tail->mean + z * tail->deviation);
        call->out[SHORTFALL][row] = tail->deviation * distribution_normal_density(z) / share - tail->mean;
        return;
    }
    double quantile = order_quantile(tail->sorted, (size_t)tail->count, share);
    call->out[VALUE][row] = -quantile * tail->scale;
    call->out[SHORTFALL][row] = -mean_of_tail(tail, quantile) * tail->scale;
    call->out[STANDARD_ERROR][row] = quantile_error(tail, share) * tail->scale;
}

static double *draw(struct call *call, const struct tail *tail, int64_t count)
{
    double *draws = call_numbers(call, count);
    struct random random;

    random_start(&random, call->host, 0);
    for (int64_t i = 0; !call->status && i < count && !call_step_row(call, i, count); i++)
        draws[i] = tail->mean + tail->deviation * random_normal(&random);
    return draws;
}

static struct tail tail_of(struct call *call)
{
    static const char *const methods[] = {"historical", "parametric", "monte_carlo", NULL};
    struct tail tail = {.method = call_choice(call, "method", methods), .scale = 1};
    double period = (double)call_integer(call, "holding_period", 1, 1000);
    int64_t window = call_integer(call, "window", 0, INT32_MAX),
            draws = call_integer(call, "n_simulations", 100, 10000000);
    const double *returns = measure_last(call, call->in[0], window, 2, &tail.count);

    if (call->status)
        return tail;
    tail.mean = measure_mean(returns, tail.count) * period;
    tail.deviation = measure_deviation(returns, tail.count) * sqrt(period);
    double *values = call_numbers(call, tail.count);
    if (call->status)
        return tail;
    memcpy(values, returns, (size_t)tail.count * sizeof(double));
    if (tail.method == HISTORICAL)
        tail.scale = sqrt(period);
    if (tail.method == MONTE_CARLO) {
        values = draw(call, &tail, draws);
        tail.count = draws;
    }
    if (!call->status)
        order_sort(values, (size_t)tail.count);
    tail.sorted = values;
    return tail;
}

static int32_t fill(struct call *call);
static int32_t fill_levels(struct call *call);

TABULAR(value_at_risk, .inputs = {"@column"}, .outputs = {"value_at_risk", "expected_shortfall", "standard_error"},
        .own_rows = 1, .fill = fill);
TABULAR(value_at_risk_levels, .inputs = {"@column"},
        .outputs = {"value_at_risk", "expected_shortfall", "standard_error", "confidence_level"}, .own_rows = 1,
        .fill = fill_levels);

static int32_t fill(struct call *call)
{
    double level = call_number_within(call, "confidence_level", 0.5, 0.999999);
    struct tail tail = tail_of(call);

    if (!tabular_start(call, &value_at_risk_tabular, 1))
        fill_row(call, &tail, level, 0);
    return call->status;
}

static int32_t fill_levels(struct call *call)
{
    size_t count;
    const double *levels = call_list(call, "confidence_levels", 16, &count);
    struct tail tail = tail_of(call);

    for (size_t i = 0; i < count; i++)
        if (!(levels[i] >= 0.5 && levels[i] <= 0.999999))
            call_fail(call, MLTRAINER_INVALID_PARAMETER, "confidence_levels", "%g is not between 0.5 and 0.999999",
                      levels[i]);
    if (tabular_start(call, &value_at_risk_levels_tabular, (int64_t)count))
        return call->status;
    for (size_t i = 0; i < count; i++) {
        fill_row(call, &tail, levels[i], (int64_t)i);
        call->out[LEVEL][i] = levels[i];
    }
    return call->status;
}
