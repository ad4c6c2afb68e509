/* SPDX-License-Identifier: Apache-2.0 */
/* The capital in parts, a row an asset: the assets are the columns of returns that the caller names. */
#include "measures.h"
#include "support/cholesky.h"
#include "support/order.h"
#include "support/parity.h"

#define ASSETS_MAX 2000

static int few_assets(struct call *call)
{
    if (!call->status && call->feature_count > ASSETS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu assets are more than %d", call->feature_count, ASSETS_MAX);
    return call->status;
}

/* ---- Equal risk ---- */

static int32_t fill_parity(struct call *call);

TABULAR(risk_parity, .features = 1, .label = "asset", .outputs = {"part", "risk_share", "exposure"}, .own_rows = 1,
        .fill = fill_parity);

/* Parts are decided at the end of the first window, and again each so many rows. */
static int64_t rows_since_decision(struct call *call, int64_t window)
{
    static const char *const rhythms[] = {"daily", "weekly", "monthly", "quarterly", NULL};
    static const int64_t rows[] = {1, 5, 21, 63}; /* trading days */
    size_t rhythm = call_choice(call, "rebalance_freq", rhythms);

    return call->rows > window ? (call->rows - window) % rows[rhythm] : 0;
}

static int32_t fill_parity(struct call *call)
{
    int64_t window = call_window(call, "window", 2), behind = rows_since_decision(call, window);
    double target = call_number_within(call, "target_volatility", 1e-6, 10), *mean, *covariance;
    size_t n = call->feature_count;

    if (few_assets(call) || measure_moments(call, window, behind, &mean, &covariance))
        return call->status;
    for (size_t i = 0; i < n; i++)
        if (!(covariance[i * n + i] > 0))
            return call_fail(call, MLTRAINER_INVALID_DATA, call->feature_names[i], "its returns never change");
    if (tabular_start(call, &risk_parity_tabular, (int64_t)n) || tabular_label(call, call->feature_names) ||
        parity_find(call, covariance, n, call->out[0]))
        return call->status;
    double variance = parity_variance(covariance, call->out[0], n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            call->out[1][i] += call->out[0][i] * covariance[i * n + j] * call->out[0][j] / variance;
        call->out[2][i] = call->out[0][i] * target / sqrt(variance * PERIODS);
    }
    return call->status;
}

/* ---- Least variance for a return: Markowitz (1952), short positions allowed ---- */

static int32_t fill_return(struct call *call);

TABULAR(target_return, .features = 1, .label = "asset", .outputs = {"part", "size"}, .own_rows = 1,
        .fill = fill_return);

/* Two Lagrange multipliers: parts = a C^-1 1 + b C^-1 mean, with sum 1 and the return asked for. Where all means are
 * one the parts of least variance. */
static void parts_for(struct call *call, const double *mean, const double *ones, const double *means, double target,
                      double *part)
{
    double aa = 0, ab = 0, bb = 0;
    size_t n = call->feature_count;

    for (size_t i = 0; i < n; i++) {
        aa += ones[i];
        ab += means[i];
        bb += mean[i] * means[i];
    }
    double determinant = aa * bb - ab * ab;
    int alike = determinant <= 1e-10 * aa * bb;
    double a = alike ? 1 / aa : (bb - target * ab) / determinant;
    double b = alike ? 0 : (target * aa - ab) / determinant;
    for (size_t i = 0; i < n; i++)
        part[i] = a * ones[i] + b * means[i];
}

static int32_t fill_return(struct call *call)
{
    double target = call_number_within(call, "target_return", -10, 10) / PERIODS;
    double most = call_number_within(call, "target_volatility", 1e-6, 10), *mean, *covariance;
    size_t n = call->feature_count;

    if (few_assets(call) || measure_moments(call, call_integer(call, "window", 0, INT32_MAX), 0, &mean, &covariance))
        return call->status;
    double *factor = call_memory(call, n * n, sizeof(double)), *ones = call_numbers(call, (int64_t)n),
           *means = call_numbers(call, (int64_t)n);
    if (tabular_start(call, &target_return_tabular, (int64_t)n) || tabular_label(call, call->feature_names))
        return call->status;
    memcpy(factor, covariance, n * n * sizeof(double));
    if (cholesky_factor(factor, n))
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "the assets' covariances are singular");
    for (size_t i = 0; i < n; i++) {
        ones[i] = 1;
        means[i] = mean[i];
    }
    cholesky_solve(factor, n, ones);
    cholesky_solve(factor, n, means);
    parts_for(call, mean, ones, means, target, call->out[0]);
    double volatility = sqrt(parity_variance(covariance, call->out[0], n) * PERIODS);
    for (size_t i = 0; i < n; i++)
        call->out[1][i] = call->out[0][i] * fmin(1, most / volatility);
    return call->status;
}

/* ---- Smaller parts for what moves together ---- */

static int32_t fill_correlation(struct call *call);

TABULAR(correlation_sizing, .features = 1, .label = "asset", .outputs = {"mean_correlation", "together", "size"},
        .own_rows = 1, .fill = fill_correlation);

static int32_t fill_correlation(struct call *call)
{
    double threshold = call_number_within(call, "correlation_threshold", 0, 1);
    double base = call_number_within(call, "base_size", 0, 100), *mean, *covariance;
    size_t n = call->feature_count;

    if (few_assets(call) || measure_moments(call, call_integer(call, "window", 0, INT32_MAX), 0, &mean, &covariance) ||
        tabular_start(call, &correlation_sizing_tabular, (int64_t)n) || tabular_label(call, call->feature_names))
        return call->status;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double both = sqrt(covariance[i * n + i] * covariance[j * n + j]);
            double correlation = both > 0 ? fabs(covariance[i * n + j]) / both : 0;
            if (i == j)
                continue;
            call->out[0][i] += correlation / (double)(n - 1);
            call->out[1][i] += correlation > threshold;
        }
        call->out[2][i] = base / (1 + call->out[1][i]);
    }
    return call->status;
}

/* ---- One asset: a size whose losses stay within a limit ---- */

static int32_t fill_limit(struct call *call);

TABULAR(loss_limit_size, .inputs = {"@column"}, .outputs = {"size", "drawdown", "value_at_risk"}, .own_rows = 1,
        .fill = fill_limit);

/* The limit over the larger of the deepest drawdown and the (historical) value at risk of a row; at most 1. */
static int32_t fill_limit(struct call *call)
{
    double limit = call_number_within(call, "max_drawdown", 0, 1);
    double level = call_number_within(call, "var_confidence", 0.5, 0.9999);
    double *sorted = call_numbers(call, call->rows);

    measure_need_returns(call, call->in[0], "returns");
    if (!call->status && call->rows < 2)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than 2", (long long)call->rows);
    if (tabular_start(call, &loss_limit_size_tabular, 1))
        return call->status;
    memcpy(sorted, call->in[0], (size_t)call->rows * sizeof(double));
    order_sort(sorted, (size_t)call->rows);
    call->out[1][0] = measure_drawdown(call->in[0], call->rows);
    call->out[2][0] = -order_quantile(sorted, (size_t)call->rows, 1 - level);
    double worst = fmax(call->out[1][0], call->out[2][0]);
    call->out[0][0] = worst > limit ? limit / worst : 1;
    return call->status;
}
