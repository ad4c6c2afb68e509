/* SPDX-License-Identifier: Apache-2.0 */
/* Many paths, and what became of them. Each moment has a stream of random numbers of its own, in which each path has
 * its place: results depend on the seed alone. */
#include "support/family.h"
#include "support/order.h"
#include "support/random.h"
#include "support/tabular.h"

#define MODELS(X)                                                                                                      \
    X(gbm, "Paths of geometric Brownian motion.")                                                                      \
    X(bootstrap, "Totals of returns that are drawn from those that were.")

MODELS(TABULAR_DECLARE)

#define PATHS_MAX 1000000
#define STEPS_MAX 10000

enum { MEAN, ERROR, DEVIATION, LOW, MEDIAN, HIGH, NEXT };

/* The figures of @values, which are sorted by it, into @row. */
static void fill_figures(struct call *call, double *values, int64_t count, int64_t row)
{
    double sum = 0, squares = 0;

    for (int64_t i = 0; i < count; i++)
        sum += values[i];
    double mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    double deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
    order_sort(values, (size_t)count);
    call->out[MEAN][row] = mean;
    call->out[ERROR][row] = deviation / sqrt((double)count);
    call->out[DEVIATION][row] = deviation;
    call->out[LOW][row] = order_quantile(values, (size_t)count, 0.05);
    call->out[MEDIAN][row] = order_quantile(values, (size_t)count, 0.5);
    call->out[HIGH][row] = order_quantile(values, (size_t)count, 0.95);
}

/* ---- dS/S = mu dt + sigma dW, exactly at each step ---- */

static int32_t fill_gbm(struct call *call);

TABULAR(gbm, .outputs = {"mean", "standard_error", "deviation", "low", "median", "high", "time"}, .own_rows = 1,
        .fill = fill_gbm);

static int32_t fill_gbm(struct call *call)
{
    double start = call_number_within(call, "S0", 1e-9, 1e12), mu = call_number_within(call, "mu", -100, 100);
    double sigma = call_number_within(call, "sigma", 0, 100), years = call_number_within(call, "T", 0, 1000);
    int64_t steps = call_integer(call, "steps", 1, STEPS_MAX),
            paths = call_integer(call, "n_simulations", 1, PATHS_MAX);
    double *logs = call_numbers(call, paths), *prices = call_numbers(call, paths);
    double step = years / (double)steps;

    if (tabular_start(call, &gbm_tabular, steps + 1))
        return call->status;
    for (int64_t moment = 0; moment <= steps && !call_step(call, (double)moment, (double)steps); moment++) {
        struct random random;
        random_start(&random, call->host, (uint64_t)moment);
        for (int64_t path = 0; path < paths && !call_step_row(call, moment * 1024 + path, steps * 1024); path++) {
            if (moment > 0)
                logs[path] += (mu - sigma * sigma / 2) * step + sigma * sqrt(step) * random_normal(&random);
            prices[path] = start * exp(logs[path]);
        }
        if (!call->status)
            fill_figures(call, prices, paths, moment);
        call->out[NEXT][moment] = step * (double)moment;
    }
    return call->status;
}

/* ---- Efron (1979): returns of the column, drawn with replacement ---- */

static int32_t fill_bootstrap(struct call *call);

TABULAR(bootstrap, .inputs = {"@column"},
        .outputs = {"mean", "standard_error", "deviation", "low", "median", "high", "loss_chance", "mean_drawdown"},
        .own_rows = 1, .fill = fill_bootstrap);

static double draw_total(struct call *call, struct random *random, int64_t horizon, double *drawdown)
{
    double capital = 1, high = 1;

    *drawdown = 0;
    for (int64_t i = 0; i < horizon; i++) {
        capital *= 1 + call->in[0][random_below(random, (uint64_t)call->rows)];
        high = fmax(high, capital);
        *drawdown = fmax(*drawdown, 1 - capital / high);
    }
    return capital - 1;
}

static int32_t fill_bootstrap(struct call *call)
{
    int64_t paths = call_integer(call, "n_simulations", 1, PATHS_MAX),
            horizon = call_integer(call, "horizon", 1, STEPS_MAX);
    uint64_t seed = (uint64_t)call_integer(call, "random_seed", 0, INT32_MAX) << 32;
    double *totals = call_numbers(call, paths), losses = 0, drawdowns = 0;

    if (!call->status && call->rows < 1)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the table has no rows");
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(call->in[0][row] > -1))
            call_fail(call, MLTRAINER_INVALID_DATA, call_text(call, "column"),
                      "row %lld (from 0) is %g: a return is above -1", (long long)row, call->in[0][row]);
    if (tabular_start(call, &bootstrap_tabular, 1))
        return call->status;
    for (int64_t path = 0; path < paths; path++) {
        struct random random;
        double drawdown;
        if ((path & 15) == 0 && call_step(call, (double)path, (double)paths))
            return call->status;
        random_start(&random, call->host, seed + (uint64_t)path);
        totals[path] = draw_total(call, &random, horizon, &drawdown);
        losses += totals[path] < 0;
        drawdowns += drawdown;
    }
    fill_figures(call, totals, paths, 0);
    call->out[NEXT][0] = losses / (double)paths;
    call->out[NEXT + 1][0] = drawdowns / (double)paths;
    return call->status;
}

MODELS(TABULAR_ALGORITHM_SEEDED)

static const struct mltrainer_algorithm *const algorithms[] = {MODELS(TABULAR_ENTRY)};

FAMILY("simulation", algorithms, .description = "Monte Carlo paths and their figures.", .licence = "Apache-2.0",
       .engine = "Philox4x64-10 of the host, normal numbers by inversion");
