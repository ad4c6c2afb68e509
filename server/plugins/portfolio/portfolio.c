/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a capital, a row an asset: the assets are the columns of returns that the caller names. Yearly figures are
 * of `rows_a_year` rows. */
#include "frontier.h"
#include "support/family.h"
#include "support/parity.h"
#include "support/tabular.h"

#define ASSETS_MAX 1000

#define MODELS(X)                                                                                                      \
    X(mean_variance, "Least variance for a return, or the sharpest portfolio.")                                        \
    X(utility, "Return less a price for variance.")                                                                    \
    X(risk_parity, "The same risk from each asset.")                                                                   \
    X(rolling_parity, "The same risk from each asset, kept up over time.")

MODELS(TABULAR_DECLARE)

/* Means and covariances (over count - 1) of @count rows that end with row @last. */
static void measure(const struct call *call, int64_t last, int64_t count, double *mean, double *covariance)
{
    size_t n = call->feature_count;

    for (size_t i = 0; i < n; i++) {
        const double *x = call->features[i] + last - count + 1;
        mean[i] = 0;
        for (int64_t row = 0; row < count; row++)
            mean[i] += x[row] / (double)count;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            const double *x = call->features[i] + last - count + 1, *y = call->features[j] + last - count + 1;
            double sum = 0;
            for (int64_t row = 0; row < count; row++)
                sum += (x[row] - mean[i]) * (y[row] - mean[j]);
            covariance[i * n + j] = covariance[j * n + i] = sum / (double)(count - 1);
        }
}

struct portfolio {
    size_t n;
    double year; /* rows */
    double *mean, *covariance;
};

static int need_variances(struct call *call, const struct portfolio *p)
{
    for (size_t i = 0; !call->status && i < p->n; i++)
        if (!(p->covariance[i * p->n + i] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, call->feature_names[i], "its returns never change");
    return call->status;
}

/* Over the last `window` rows; all when it is 0. */
static int read_portfolio(struct call *call, struct portfolio *p)
{
    int64_t window = call_integer(call, "window", 0, INT32_MAX), count = window > 0 ? window : call->rows;

    p->n = call->feature_count;
    p->year = call_number_within(call, "rows_a_year", 1, 1e9);
    if (!call->status && p->n > ASSETS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu assets are more than %d", p->n, ASSETS_MAX);
    if (!call->status && (count < 2 || count > call->rows))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than the window's, or than 2",
                  (long long)call->rows);
    p->mean = call_numbers(call, (int64_t)p->n);
    p->covariance = call_memory(call, p->n * p->n, sizeof(double));
    if (call->status)
        return call->status;
    measure(call, call->rows - 1, count, p->mean, p->covariance);
    return need_variances(call, p);
}

enum { WEIGHT, RISK_SHARE, THIRD };

static int start_assets(struct call *call, const struct tabular *tabular)
{
    return tabular_start(call, tabular, (int64_t)call->feature_count) || tabular_label(call, call->feature_names);
}

static void show(struct call *call, const struct portfolio *p, const double *part)
{
    double variance = parity_variance(p->covariance, part, p->n), mean = 0;

    for (size_t i = 0; i < p->n; i++) {
        mean += part[i] * p->mean[i];
        call->out[WEIGHT][i] = part[i];
        for (size_t j = 0; variance > 0 && j < p->n; j++)
            call->out[RISK_SHARE][i] += part[i] * p->covariance[i * p->n + j] * part[j] / variance;
    }
    call->host->metric(call->host, "expected_return", MLTRAINER_STEP_FINAL, mean * p->year);
    call->host->metric(call->host, "volatility", MLTRAINER_STEP_FINAL, sqrt(variance * p->year));
}

static int32_t fill_mean_variance(struct call *call);
static int32_t fill_utility(struct call *call);
static int32_t fill_parity(struct call *call);

TABULAR(mean_variance, .features = 1, .label = "asset", .outputs = {"weight", "risk_share", "mean"}, .own_rows = 1,
        .fill = fill_mean_variance);
TABULAR(utility, .features = 1, .label = "asset", .outputs = {"weight", "risk_share", "mean"}, .own_rows = 1,
        .fill = fill_utility);
TABULAR(risk_parity, .features = 1, .label = "asset", .outputs = {"weight", "risk_share", "exposure"}, .own_rows = 1,
        .fill = fill_parity);

static int start_frontier(struct call *call, const struct portfolio *p, struct frontier *frontier)
{
    size_t count;
    const double *bounds = call_list(call, "weight_bounds", 2, &count);

    if (!call->status && count != 2)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "weight_bounds", "it has %zu entries: the least and the most",
                  count);
    if (call->status)
        return call->status;
    return frontier_start(frontier, call, p->mean, p->covariance, p->n, bounds[0], bounds[1]);
}

static int32_t finish(struct call *call, const struct portfolio *p, const double *part)
{
    show(call, p, part);
    for (size_t i = 0; i < p->n; i++)
        call->out[THIRD][i] = p->mean[i] * p->year;
    return call->status;
}

static int32_t fill_mean_variance(struct call *call)
{
    static const char *const objectives[] = {"max_sharpe", "target_return", "least_variance", "auto", NULL};
    struct portfolio p;
    struct frontier frontier;
    size_t objective = call_choice(call, "objective", objectives);
    double free = call_number_within(call, "risk_free_rate", -10, 10),
           target = call_number_within(call, "target_return", -10, 10);

    if (objective == 3)
        objective = target > 0;
    if (read_portfolio(call, &p) || start_frontier(call, &p, &frontier) || start_assets(call, &mean_variance_tabular))
        return call->status;
    if (objective == 0)
        frontier_sharpest(&frontier, free / p.year);
    else if (objective == 1)
        frontier_for_return(&frontier, target / p.year);
    else
        frontier_find(&frontier, 0);
    return call->status ? call->status : finish(call, &p, frontier.part);
}

/* mean'w - aversion w'Cw / 2, both of a year: the appetite is 1 / aversion. */
static int32_t fill_utility(struct call *call)
{
    struct portfolio p;
    struct frontier frontier;
    double aversion = call_number_within(call, "risk_aversion", 1e-9, 1e9);

    if (read_portfolio(call, &p) || start_frontier(call, &p, &frontier) || start_assets(call, &utility_tabular) ||
        frontier_find(&frontier, 1 / aversion))
        return call->status;
    return finish(call, &p, frontier.part);
}

static int32_t fill_parity(struct call *call)
{
    struct portfolio p;
    double target = call_number_within(call, "target_volatility", 1e-9, 100);

    if (read_portfolio(call, &p) || start_assets(call, &risk_parity_tabular))
        return call->status;
    double *part = call_numbers(call, (int64_t)p.n);
    if (call->status || parity_find(call, p.covariance, p.n, part))
        return call->status;
    show(call, &p, part);
    double volatility = sqrt(parity_variance(p.covariance, part, p.n) * p.year);
    for (size_t i = 0; i < p.n; i++)
        call->out[THIRD][i] = part[i] * target / volatility;
    return call->status;
}

/* ---- Over time: parts decided at a row's end are held from the next row on; between two decisions they drift ---- */

enum { EARNED, EQUITY, TRADED, LARGEST, VOLATILITY };

/* New parts at the end of @row into @next; nothing when a return there never changed. */
static int decide(struct call *call, struct portfolio *p, int64_t row, int64_t lookback, double *next)
{
    measure(call, row, lookback, p->mean, p->covariance);
    return need_variances(call, p) || parity_find(call, p->covariance, p->n, next);
}

static void drift(const struct call *call, int64_t row, double *part, double earned)
{
    for (size_t i = 0; i < call->feature_count; i++)
        part[i] *= (1 + call->features[i][row]) / (1 + earned);
}

static int32_t fill_rolling(struct call *call)
{
    int64_t every = call_integer(call, "rebalance_frequency", 1, INT32_MAX);
    int64_t lookback = call_integer(call, "volatility_lookback", 2, INT32_MAX);
    double cost = call_number_within(call, "cost", 0, 0.5), equity = 1;
    struct portfolio p = {.n = call->feature_count, .year = call_number_within(call, "rows_a_year", 1, 1e9)};
    double *part = call_numbers(call, (int64_t)p.n), *next = call_numbers(call, (int64_t)p.n);

    p.mean = call_numbers(call, (int64_t)p.n);
    p.covariance = call_memory(call, p.n * p.n, sizeof(double));
    if (!call->status && (p.n > ASSETS_MAX || call->rows <= lookback))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu assets and %lld rows: at most %d, more than %lld", p.n,
                  (long long)call->rows, ASSETS_MAX, (long long)lookback);
    for (int64_t row = 0; row < call->rows && !call->status; row++) {
        double earned = 0, traded = 0;
        if ((row & 63) == 0 && call_step(call, (double)row, (double)call->rows))
            break;
        for (size_t i = 0; i < p.n; i++)
            earned += part[i] * call->features[i][row];
        if (!(earned > -1))
            return call_fail(call, MLTRAINER_INVALID_DATA, "", "row %lld (from 0): the portfolio lost everything",
                             (long long)row);
        if (row >= lookback)
            drift(call, row, part, earned);
        if (row >= lookback - 1 && (row - lookback + 1) % every == 0) {
            if (decide(call, &p, row, lookback, next))
                return call->status;
            for (size_t i = 0; i < p.n; i++)
                traded += fabs(next[i] - part[i]);
            memcpy(part, next, p.n * sizeof(double));
        }
        equity *= (1 + earned) * (1 - cost * traded);
        call->out[EARNED][row] = (1 + earned) * (1 - cost * traded) - 1;
        call->out[EQUITY][row] = equity;
        call->out[TRADED][row] = traded;
        for (size_t i = 0; i < p.n; i++)
            call->out[LARGEST][row] = fmax(call->out[LARGEST][row], part[i]);
        call->out[VOLATILITY][row] =
            row >= lookback - 1 ? sqrt(parity_variance(p.covariance, part, p.n) * p.year) : NAN;
    }
    return call->status;
}

TABULAR(rolling_parity, .features = 1, .outputs = {"earned", "equity", "traded", "largest_weight", "volatility"},
        .fill = fill_rolling);

MODELS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {MODELS(TABULAR_ENTRY)};

FAMILY("portfolio", algorithms, .description = "Parts of a capital that suit what its assets did.",
       .licence = "Apache-2.0", .engine = "C of this project");
