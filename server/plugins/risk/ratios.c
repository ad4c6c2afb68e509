/* SPDX-License-Identifier: Apache-2.0 */
#include "measures.h"
#include "support/order.h"

/* ---- Against a benchmark: Grinold and Kahn (1999) ---- */

static int32_t fill_information(struct call *call);

TABULAR(information_ratio, .inputs = {"@column", "@benchmark"},
        .outputs = {"information_ratio", "active_return", "tracking_error", "beta"}, .own_rows = 1,
        .fill = fill_information);

static int32_t fill_information(struct call *call)
{
    double periods = call_number_within(call, "periods", 1, 1e6), products = 0, squares = 0;
    double *active = call_numbers(call, call->rows);

    if (!call->status && call->rows < 2)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than 2", (long long)call->rows);
    if (tabular_start(call, &information_ratio_tabular, 1))
        return call->status;
    double mean = measure_mean(call->in[0], call->rows), other = measure_mean(call->in[1], call->rows);
    for (int64_t row = 0; row < call->rows; row++) {
        active[row] = call->in[0][row] - call->in[1][row];
        products += (call->in[0][row] - mean) * (call->in[1][row] - other);
        squares += (call->in[1][row] - other) * (call->in[1][row] - other);
    }
    double error = measure_deviation(active, call->rows);
    call->out[1][0] = measure_mean(active, call->rows) * periods;
    call->out[2][0] = error * sqrt(periods);
    call->out[0][0] = error > 0 ? call->out[1][0] / call->out[2][0] : NAN;
    call->out[3][0] = squares > 0 ? products / squares : NAN;
    return call->status;
}

/* ---- Keating and Shadwick (2002) ---- */

static int32_t fill_omega(struct call *call);

TABULAR(omega_ratio, .inputs = {"@column"}, .outputs = {"omega", "gains", "losses"}, .own_rows = 1, .fill = fill_omega);

static int32_t fill_omega(struct call *call)
{
    double threshold = call_number_within(call, "threshold", -1, 1), gains = 0, losses = 0;

    if (!call->status && call->rows < 1)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the table has no rows");
    if (tabular_start(call, &omega_ratio_tabular, 1))
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        gains += fmax(0, call->in[0][row] - threshold) / (double)call->rows;
        losses += fmax(0, threshold - call->in[0][row]) / (double)call->rows;
    }
    call->out[0][0] = gains / losses; /* infinite without losses; NaN without either */
    call->out[1][0] = gains;
    call->out[2][0] = losses;
    return call->status;
}

/* ---- Jones's Sterling ratio: yearly return over the mean of the years' deepest drawdowns and a tenth ---- */

static int32_t fill_sterling(struct call *call);

TABULAR(sterling_ratio, .inputs = {"@column"}, .outputs = {"sterling", "yearly_return", "mean_drawdown"},
        .own_rows = 1, .fill = fill_sterling);

static int32_t fill_sterling(struct call *call)
{
    int64_t periods = call_window(call, "periods", 1);
    double logarithm = 0, drawdowns = 0, pieces = 0;

    measure_need_returns(call, call->in[0], "returns");
    if (!call->status && call->rows < 1)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the table has no rows");
    if (tabular_start(call, &sterling_ratio_tabular, 1))
        return call->status;
    for (int64_t from = 0; from < call->rows; from += periods, pieces++)
        drawdowns += measure_drawdown(call->in[0] + from, call->rows - from < periods ? call->rows - from : periods);
    for (int64_t row = 0; row < call->rows; row++)
        logarithm += log1p(call->in[0][row]);
    call->out[1][0] = expm1(logarithm * (double)periods / (double)call->rows);
    call->out[2][0] = drawdowns / pieces;
    call->out[0][0] = call->out[1][0] / (call->out[2][0] + 0.1);
    return call->status;
}

/* ---- Equal parts of the assets ---- */

static int32_t fill_portfolio(struct call *call);

TABULAR(portfolio_risk, .features = 1,
        .outputs = {"yearly_return", "volatility", "sharpe", "sortino", "value_at_risk", "expected_shortfall",
                    "drawdown", "diversification", "exposure"},
        .own_rows = 1, .fill = fill_portfolio);

static double below_zero_deviation(const double *values, int64_t count, double floor)
{
    double squares = 0;

    for (int64_t i = 0; i < count; i++)
        squares += pow(fmin(0, values[i] - floor), 2);
    return sqrt(squares / (double)count);
}

static void fill_tail(struct call *call, double *returns)
{
    double sum = 0, count = 0;

    order_sort(returns, (size_t)call->rows);
    double quantile = order_quantile(returns, (size_t)call->rows, 0.05);
    for (int64_t i = 0; i < call->rows && returns[i] <= quantile; i++, count++)
        sum += returns[i];
    call->out[4][0] = -quantile;
    call->out[5][0] = -sum / count;
}

static int32_t fill_portfolio(struct call *call)
{
    double free_rate = call_number_within(call, "risk_free_rate", -1, 1), parts = 0;
    double target = call_number_within(call, "target_volatility", 1e-6, 10);
    double *returns = call_numbers(call, call->rows);

    if (!call->status && call->rows < 2)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than 2", (long long)call->rows);
    if (tabular_start(call, &portfolio_risk_tabular, 1))
        return call->status;
    for (size_t i = 0; i < call->feature_count; i++) {
        parts += measure_deviation(call->features[i], call->rows) / (double)call->feature_count;
        for (int64_t row = 0; row < call->rows; row++)
            returns[row] += call->features[i][row] / (double)call->feature_count;
    }
    double mean = measure_mean(returns, call->rows), deviation = measure_deviation(returns, call->rows);
    double excess = mean * PERIODS - free_rate, down = below_zero_deviation(returns, call->rows, free_rate / PERIODS);
    call->out[0][0] = mean * PERIODS;
    call->out[1][0] = deviation * sqrt(PERIODS);
    call->out[2][0] = deviation > 0 ? excess / call->out[1][0] : NAN;
    call->out[3][0] = down > 0 ? excess / (down * sqrt(PERIODS)) : NAN;
    call->out[6][0] = measure_drawdown(returns, call->rows);
    call->out[7][0] = deviation > 0 ? parts / deviation : NAN;
    call->out[8][0] = deviation > 0 ? target / call->out[1][0] : NAN;
    fill_tail(call, returns);
    return call->status;
}
