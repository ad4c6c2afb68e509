/* SPDX-License-Identifier: Apache-2.0 */
/* Volatility of returns or prices, row by row. A year's is `annualization_factor` rows' worth. */
#include "models.h"
#include "support/family.h"
#include "support/rolling.h"

double *volatility_returns(struct call *call)
{
    double *out = call_numbers(call, call->rows);

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        if (!(call->in[0][row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, "close", "row %lld (from 0) is not above 0", (long long)row);
        else
            out[row] = row > 0 ? log(call->in[0][row] / call->in[0][row - 1]) : NAN;
    }
    return out;
}

static int32_t fill_rolling(struct call *call)
{
    int64_t window = call_window(call, "window", 2);
    double year = call_number_within(call, "annualization_factor", 1, 1e9);
    double *returns = volatility_returns(call), *mean = call_numbers(call, call->rows);

    if (call->status)
        return call->status;
    rolling_deviation(returns, call->rows, window, 1, mean, call->out[0]);
    for (int64_t row = 0; row < call->rows; row++)
        call->out[1][row] = call->out[0][row] * sqrt(year);
    return call->status;
}

TABULAR(rolling, .inputs = {"close"}, .outputs = {"volatility", "yearly"}, .fill = fill_rolling);

/* Andersen, Bollerslev, Diebold and Labys (2003), "Modeling and forecasting realized volatility". */
static int32_t fill_realized(struct call *call)
{
    static const char *const frequencies[] = {"daily", "weekly", "monthly", NULL};
    static const double rows_a_year[] = {252, 52, 12};
    int64_t window = call_window(call, "window", 1);
    size_t frequency = call_choice(call, "frequency", frequencies);
    double *squares = volatility_returns(call);

    if (call->status)
        return call->status;
    for (int64_t row = 0; row < call->rows; row++)
        squares[row] *= squares[row];
    rolling_sum(squares, call->rows, window, call->out[0]);
    for (int64_t row = 0; row < call->rows; row++) {
        call->out[0][row] = sqrt(fmax(0, call->out[0][row]));
        if (row < window)
            call->out[0][row] = NAN;
        call->out[1][row] = call->out[0][row] * sqrt(rows_a_year[frequency] / (double)window);
    }
    return call->status;
}

TABULAR(realized, .inputs = {"close"}, .outputs = {"volatility", "yearly"}, .fill = fill_realized);

/* RiskMetrics (1996): v[t] = lambda v[t-1] + (1 - lambda) r[t]^2, started at the first squared return. The forecast of
 * the next row's variance is v itself. */
static int32_t fill_exponential(struct call *call)
{
    double decay = call_number_within(call, "lambda", 0, 0.999999),
           year = call_number_within(call, "annualization_factor", 1, 1e9);
    double level = call_number_within(call, "value_at_risk_z", 0, 10), variance = NAN;
    double *returns = volatility_returns(call);

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double square = returns[row] * returns[row];
        if (row > 0)
            variance = isnan(variance) ? square : decay * variance + (1 - decay) * square;
        call->out[0][row] = sqrt(variance);
        call->out[1][row] = sqrt(variance * year);
        call->out[2][row] = level * sqrt(variance);
    }
    return call->status;
}

TABULAR(exponential, .inputs = {"close"}, .outputs = {"volatility", "yearly", "value_at_risk"},
        .fill = fill_exponential);

LEARNERS(LEARNER_ALGORITHM)
MODELS(TABULAR_ALGORITHM)
DRAWN_MODELS(TABULAR_ALGORITHM_SEEDED)

static const struct mltrainer_algorithm *const algorithms[] = {
    LEARNERS(LEARNER_ENTRY) MODELS(TABULAR_ENTRY) DRAWN_MODELS(TABULAR_ENTRY)};

FAMILY("volatility", algorithms, .description = "How much prices move, and will.", .licence = "Apache-2.0 AND Zlib",
       .engine = "C of this project");
