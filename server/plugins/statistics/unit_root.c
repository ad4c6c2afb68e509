/* SPDX-License-Identifier: Apache-2.0 */
/* The augmented test of Dickey and Fuller (null: a unit root) beside that of Kwiatkowski, Phillips, Schmidt and Shin
 * (null: stationary). Sources: Said and Dickey (1984); MacKinnon (1994), tables 3 and 4, for its p-values;
 * Kwiatkowski et al. (1992), table 1; Hobijn, Franses and Ooms (1998) for the number of lags of the latter. */
#include "regression.h"
#include "support/distribution.h"
#include "tests.h"

enum { ADF, ADF_P, ADF_LAGS, ADF_ROWS, KPSS, KPSS_P, KPSS_LAGS, STATIONARY };

struct mackinnon {
    double star, least, most; /* of tau */
    double small[3], large[4];
};

/* Without constant, with one, with a trend too. */
static const struct mackinnon tables[] = {
    {-1.04, -19.04, INFINITY, {0.6344, 1.2378, 0.032496}, {0.4797, 0.93557, -0.06999, 0.033066}},
    {-1.61, -18.83, 2.74, {2.1659, 1.4412, 0.038269}, {1.7339, 0.93202, -0.12745, -0.010368}},
    {-2.89, -16.18, 0.7, {3.2512, 1.6047, 0.049588}, {2.5261, 0.61654, -0.37956, -0.060285}},
};

static double mackinnon_p(const struct mackinnon *t, double tau)
{
    if (tau > t->most || tau < t->least)
        return tau > t->most ? 1 : 0;
    if (tau <= t->star)
        return distribution_normal(t->small[0] + tau * (t->small[1] + tau * t->small[2]));
    return distribution_normal(t->large[0] + tau * (t->large[1] + tau * (t->large[2] + tau * t->large[3])));
}

/* The regression of the changes on deterministic terms, the level before and @lags changes before, from row @first. */
static struct regression design(struct call *call, int64_t lags, int64_t first, size_t terms)
{
    const double *x = call->in[0];
    int64_t rows = call->rows - first;
    struct regression r = regression_new(call, rows, terms + 1 + (size_t)lags);

    for (int64_t i = 0; !call->status && i < rows; i++) {
        int64_t at = first + i;
        size_t column = 0;
        r.y[i] = x[at] - x[at - 1];
        if (terms > 0)
            r.x[(size_t)rows * column++ + (size_t)i] = 1;
        if (terms > 1)
            r.x[(size_t)rows * column++ + (size_t)i] = (double)(i + 1);
        r.x[(size_t)rows * column++ + (size_t)i] = x[at - 1];
        for (int64_t lag = 1; lag <= lags; lag++)
            r.x[(size_t)rows * column++ + (size_t)i] = x[at - lag] - x[at - lag - 1];
    }
    return r;
}

enum { AKAIKE, SCHWARZ, LAST_T, ALL_LAGS };

/* The fewest lags whose last one says something: from the most down to the first with |t| of 1.645. */
static int64_t last_that_tells(const struct regression *r, int64_t most, size_t terms)
{
    int64_t lags = most;

    for (; lags > 0; lags--) {
        size_t columns = terms + 1 + (size_t)lags;
        double gone = r->squares[columns - 1] - r->squares[columns];
        if (sqrt(gone * (double)(r->rows - (int64_t)columns) / r->squares[columns]) >= 1.6448536269514722)
            break;
    }
    return lags;
}

/* By a criterion, all on the rows that the most lags leave. */
static int64_t choose_lags(struct call *call, int64_t most, size_t terms, size_t autolag)
{
    if (autolag == ALL_LAGS)
        return most;
    struct regression r = design(call, most, most + 1, terms);
    double least = INFINITY, rows = (double)r.rows, price = autolag == SCHWARZ ? log(rows) : 2;
    int64_t best = 0;

    if (call->status || regression_factor(call, &r))
        return 0;
    if (autolag == LAST_T)
        return last_that_tells(&r, most, terms);
    for (int64_t lags = 0; lags <= most; lags++) {
        size_t columns = terms + 1 + (size_t)lags;
        double criterion = rows * log(r.squares[columns] / rows) + price * (double)columns;
        if (criterion < least) {
            least = criterion;
            best = lags;
        }
    }
    return best;
}

static void fill_adf(struct call *call, size_t terms, int64_t max_lags, size_t autolag)
{
    int64_t most = max_lags >= 0 ? max_lags : (int64_t)ceil(12 * pow((double)call->rows / 100, 0.25));
    int64_t bound = call->rows / 2 - (int64_t)terms - 1;

    most = most < bound ? most : bound;
    if (most < 0) {
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are too few", (long long)call->rows);
        return;
    }
    int64_t lags = choose_lags(call, most, terms, autolag);
    struct regression r = design(call, lags, lags + 1, terms);
    if (call->status || regression_factor(call, &r))
        return;
    call->out[ADF][0] = regression_t_value(call, &r, terms);
    call->out[ADF_P][0] = mackinnon_p(&tables[terms], call->out[ADF][0]);
    call->out[ADF_LAGS][0] = (double)lags;
    call->out[ADF_ROWS][0] = (double)r.rows;
}

/* ---- KPSS ---- */

static double lagged_product(const double *e, int64_t rows, int64_t lag)
{
    double sum = 0;

    for (int64_t i = lag; i < rows; i++)
        sum += e[i] * e[i - lag];
    return sum;
}

static int64_t hobijn_lags(const double *e, int64_t rows)
{
    double n = (double)rows, s0 = lagged_product(e, rows, 0) / n, s1 = 0;
    int64_t most = (int64_t)pow(n, 2.0 / 9);

    for (int64_t lag = 1; lag <= most; lag++) {
        double product = lagged_product(e, rows, lag) / (n / 2);
        s0 += product;
        s1 += (double)lag * product;
    }
    int64_t lags = (int64_t)(1.1447 * cbrt(s1 / s0 * (s1 / s0)) * cbrt(n));
    return lags < rows - 1 ? lags : rows - 1;
}

static double kpss_p(double statistic, int has_trend)
{
    static const double critical[2][4] = {{0.347, 0.463, 0.574, 0.739}, {0.119, 0.146, 0.176, 0.216}};
    static const double shares[] = {0.10, 0.05, 0.025, 0.01};
    const double *at = critical[has_trend];

    if (statistic <= at[0] || statistic >= at[3])
        return statistic <= at[0] ? shares[0] : shares[3];
    int i = statistic > at[2] ? 2 : statistic > at[1] ? 1 : 0;
    return shares[i] + (shares[i + 1] - shares[i]) * (statistic - at[i]) / (at[i + 1] - at[i]);
}

/* The series less its mean or its line. */
static double *residuals(struct call *call, int has_trend)
{
    double *e = call_numbers(call, call->rows), n = (double)call->rows, mean = 0, products = 0, squares = 0;

    for (int64_t i = 0; !call->status && i < call->rows; i++)
        mean += call->in[0][i] / n;
    for (int64_t i = 0; !call->status && i < call->rows; i++) {
        double time = (double)i - (n - 1) / 2;
        products += time * (call->in[0][i] - mean);
        squares += time * time;
    }
    for (int64_t i = 0; !call->status && i < call->rows; i++)
        e[i] = call->in[0][i] - mean - (has_trend ? products / squares * ((double)i - (n - 1) / 2) : 0);
    return e;
}

static void fill_kpss(struct call *call, int has_trend)
{
    double *e = residuals(call, has_trend), n = (double)call->rows, sum = 0, eta = 0;

    if (call->status)
        return;
    double variance = lagged_product(e, call->rows, 0);
    if (!(variance > 0)) {
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the series does not change");
        return;
    }
    int64_t lags = hobijn_lags(e, call->rows);
    for (int64_t lag = 1; lag <= lags && !call_step(call, (double)lag, (double)lags); lag++)
        variance += 2 * (1 - (double)lag / ((double)lags + 1)) * lagged_product(e, call->rows, lag);
    for (int64_t i = 0; i < call->rows; i++) {
        sum += e[i];
        eta += sum * sum / (n * n);
    }
    call->out[KPSS][0] = eta / (variance / n);
    call->out[KPSS_P][0] = kpss_p(call->out[KPSS][0], has_trend);
    call->out[KPSS_LAGS][0] = (double)lags;
}

static int32_t fill(struct call *call);

TABULAR(adf_kpss, .inputs = {"@column"},
        .outputs = {"adf", "adf_p_value", "adf_lags", "adf_rows", "kpss", "kpss_p_value", "kpss_lags", "stationary"},
        .own_rows = 1, .fill = fill);

static int32_t fill(struct call *call)
{
    static const char *const kinds[] = {"c", "ct", NULL};
    static const char *const criteria[] = {"AIC", "BIC", "t-stat", "none", NULL};
    size_t kind = call_choice(call, "regression", kinds), autolag = call_choice(call, "autolag", criteria);
    int64_t max_lags = call_integer(call, "max_lags", -1, 1000);
    double level = call_number_within(call, "level", 1e-6, 0.5);

    if (call->status || test_need_rows(call, 10) || tabular_start(call, &adf_kpss_tabular, 1))
        return call->status;
    call_part(call, 0, 0.1);
    fill_kpss(call, kind == 1);
    call_part(call, 0.1, 1);
    if (!call->status)
        fill_adf(call, kind + 1, max_lags, autolag);
    call->out[STATIONARY][0] = (call->out[ADF_P][0] < level) - (call->out[KPSS_P][0] < level);
    return call->status;
}
