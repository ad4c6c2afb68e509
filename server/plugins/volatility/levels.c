/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of a window's deviation, and what the next rows' variance will be. */
#include "models.h"
#include "support/breaks.h"
#include "support/cholesky.h"
#include "support/rolling.h"
#include "support/switching.h"

#define GROUPS_MAX 64
#define TERMS_MAX 6

/* ---- Levels ---- */

/* Deviations of the windows, into the second output; the row of the first. */
static int64_t fill_deviations(struct call *call, const char *window_name)
{
    int64_t window = call_window(call, window_name, 2);
    double *returns = volatility_returns(call), *mean = call_numbers(call, call->rows);

    if (!call->status && call->rows <= window)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows have no window of %lld returns", (long long)call->rows,
                  (long long)window);
    if (!call->status)
        rolling_deviation(returns, call->rows, window, 1, mean, call->out[1]);
    return window;
}

static int32_t fill_clusters(struct call *call)
{
    size_t groups = (size_t)call_integer(call, "n_clusters", 1, GROUPS_MAX);
    int64_t first = fill_deviations(call, "cluster_window");
    uint32_t *labels = call_memory(call, (size_t)call->rows, sizeof(*labels));
    double centres[GROUPS_MAX];

    if (call->status || breaks_find(call, call->out[1] + first, call->rows - first, groups, labels, centres))
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        call->out[0][row] = row < first ? NAN : labels[row - first];
        call->out[2][row] = row < first ? NAN : centres[labels[row - first]];
    }
    return call->status;
}

TABULAR(clusters, .inputs = {"close"}, .outputs = {"cluster", "volatility", "centre"}, .fill = fill_clusters);

/* The logs of the deviations, a mean each regime and one deviation. */
static int32_t fill_regimes(struct call *call)
{
    size_t k = (size_t)call_integer(call, "n_regimes", 2, SWITCHING_REGIMES_MAX);
    int64_t first = fill_deviations(call, "regime_window"), count = call->rows - first;
    double *logs = call_numbers(call, call->rows), *filtered = call_numbers(call, call->rows * (int64_t)k),
           *smoothed = call_numbers(call, call->rows * (int64_t)k);
    struct switching model;

    for (int64_t i = 0; !call->status && i < count; i++) {
        if (!(call->out[1][first + i] > 0))
            return call_fail(call, MLTRAINER_INVALID_DATA, "close", "the window to row %lld (from 0) never changes",
                             (long long)(first + i));
        logs[i] = log(call->out[1][first + i]);
    }
    if (call->status || switching_fit(call, logs, count, k, 1, &model) ||
        switching_filter(call, &model, logs, count, filtered, smoothed))
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        const double *chances = smoothed + (size_t)(row < first ? 0 : row - first) * k;
        size_t best = switching_likeliest(chances, k);
        call->out[0][row] = row < first ? NAN : (double)best;
        call->out[2][row] = row < first ? NAN : chances[best];
        call->out[3][row] = row < first ? NAN : exp(model.mean[best]);
    }
    return call->status;
}

TABULAR(regimes, .inputs = {"close"}, .outputs = {"regime", "volatility", "probability", "level"},
        .fill = fill_regimes);

/* ---- Forecasts: the mean squared return of the next rows on those past, by least squares over all rows whose outcome
 * is known by then. Corsi (2009), "A simple approximate long-memory model of realized volatility" ---- */

enum { HETEROGENEOUS, AUTOREGRESSIVE };

struct regression {
    size_t count;
    double xx[TERMS_MAX * TERMS_MAX], xy[TERMS_MAX], weights[TERMS_MAX];
    int64_t rows;
};

static void add(struct regression *r, const double *x, double y)
{
    for (size_t i = 0; i < r->count; i++) {
        r->xy[i] += x[i] * y;
        for (size_t j = 0; j <= i; j++)
            r->xx[i * r->count + j] += x[i] * x[j];
    }
    r->rows++;
}

/* Non-zero when there is none yet. */
static int solve(struct regression *r)
{
    double factor[TERMS_MAX * TERMS_MAX];

    if (r->rows < 3 * (int64_t)r->count)
        return 1;
    memcpy(factor, r->xx, sizeof(factor));
    if (cholesky_factor(factor, r->count))
        return 1;
    memcpy(r->weights, r->xy, r->count * sizeof(double));
    cholesky_solve(factor, r->count, r->weights);
    return 0;
}

struct past {
    double *squares, *week, *month; /* squared returns over their first month's mean, and their means */
    size_t kind;
};

static void terms_at(const struct past *p, int64_t row, double *x)
{
    x[0] = 1;
    x[1] = p->squares[row];
    x[2] = p->kind == HETEROGENEOUS ? p->week[row] : p->squares[row - 1];
    x[3] = p->kind == HETEROGENEOUS ? p->month[row] : p->squares[row - 2];
    x[4] = p->squares[row - 3];
    x[5] = p->squares[row - 4];
}

static int32_t fill_forecasting(struct call *call)
{
    static const char *const kinds[] = {"linear", "autoregressive", NULL};
    struct past past = {.kind = call_choice(call, "model_type", kinds)};
    struct regression regression = {.count = past.kind == HETEROGENEOUS ? 4 : 6};
    int64_t horizon = call_integer(call, "forecast_horizon", 1, 100000), rows = call->rows;
    double year = call_number_within(call, "annualization_factor", 1, 1e9), x[TERMS_MAX];
    double *returns = volatility_returns(call), *outcome = call_numbers(call, rows), scale = 0;

    past.squares = call_numbers(call, rows);
    past.week = call_numbers(call, rows);
    past.month = call_numbers(call, rows);
    if (!call->status && rows < 24)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than 24", (long long)rows);
    if (call->status)
        return call->status;
    for (int64_t row = 1; row < 23; row++)
        scale += returns[row] * returns[row] / 22;
    if (!(scale > 0))
        return call_fail(call, MLTRAINER_INVALID_DATA, "close", "the first 23 rows never change");
    for (int64_t row = 0; row < rows; row++)
        past.squares[row] = returns[row] * returns[row] / scale;
    rolling_mean(past.squares, rows, 5, past.week);
    rolling_mean(past.squares, rows, 22, past.month);
    rolling_mean(past.squares, rows, horizon, outcome);
    for (int64_t row = 0; row < rows; row++) {
        if (call_step_row(call, row, rows))
            break;
        if (row - horizon >= 22) {
            terms_at(&past, row - horizon, x);
            add(&regression, x, outcome[row]);
        }
        if (row < 22 || solve(&regression)) {
            call->out[0][row] = call->out[1][row] = NAN;
            continue;
        }
        double variance = 0;
        terms_at(&past, row, x);
        for (size_t i = 0; i < regression.count; i++)
            variance += regression.weights[i] * x[i];
        call->out[0][row] = sqrt(scale * fmax(variance, 0));
        call->out[1][row] = call->out[0][row] * sqrt(year);
    }
    return call->status;
}

TABULAR(forecasting, .inputs = {"close"}, .outputs = {"volatility", "yearly"}, .fill = fill_forecasting);
