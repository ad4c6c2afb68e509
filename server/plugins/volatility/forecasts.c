/* SPDX-License-Identifier: Apache-2.0 */
/* What the next rows' mean squared return will be, from the squares of those past: learnt at each row from the rows
 * whose outcome is known by then. Corsi (2009), "A simple approximate long-memory model of realized volatility". */
#include "models.h"
#include "support/cholesky.h"
#include "support/rolling.h"
#include "support/tree/exact.h"

#define TERMS_MAX 6
#define TREE_TERMS 3
#define WARM 22       /* rows before the first that has all its terms */
#define KNOWN_LEAST 60 /* outcomes that a forest learns from */

enum kind { HETEROGENEOUS, AUTOREGRESSIVE, FOREST };

struct past {
    double *squares, *week, *month; /* squared returns over their first month's mean, and their means */
    double *outcome;                /* the mean of the @horizon squares that end with the row */
    double scale;                   /* of all of them */
    int64_t horizon;
    enum kind kind;
};

/* ---- Least squares over all rows whose outcome is known ---- */

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

static void terms_at(const struct past *p, int64_t row, double *x)
{
    x[0] = 1;
    x[1] = p->squares[row];
    x[2] = p->kind == HETEROGENEOUS ? p->week[row] : p->squares[row - 1];
    x[3] = p->kind == HETEROGENEOUS ? p->month[row] : p->squares[row - 2];
    x[4] = p->squares[row - 3];
    x[5] = p->squares[row - 4];
}

/* The variance expected after @row, over the scale; NaN while too few outcomes are known. */
static double by_least_squares(struct regression *regression, const struct past *past, int64_t row)
{
    double x[TERMS_MAX], variance = 0;

    if (row - past->horizon >= WARM) {
        terms_at(past, row - past->horizon, x);
        add(regression, x, past->outcome[row]);
    }
    if (solve(regression))
        return NAN;
    terms_at(past, row, x);
    for (size_t i = 0; i < regression->count; i++)
        variance += regression->weights[i] * x[i];
    return variance;
}

/* ---- A random forest over the last of them, grown anew after some rows: Breiman (2001). Tree i of forest k takes its
 * chances from stream k * trees + i ---- */

struct grove {
    struct call inner; /* the rows to learn from, as a call's */
    const double *all[TREE_TERMS], *some[TREE_TERMS];
    struct exact exact;
    struct exact_options options;
    struct forest *forest;
    double *drawn; /* how often each row is */
    int64_t trees, window, step, grown;
};

static void grove_start(struct call *call, struct grove *grove, const struct past *past)
{
    grove->trees = call_integer(call, "n_estimators", 1, 10000);
    grove->window = call_integer(call, "train_window", KNOWN_LEAST, 100000);
    grove->step = call_integer(call, "step_size", 1, 100000);
    grove->options = (struct exact_options){
        .depth_max = (size_t)call_integer(call, "max_depth", 1, 1000),
        .split_rows_min = 2,
        .leaf_rows_min = (size_t)call_integer(call, "min_samples_leaf", 1, INT32_MAX),
    };
    grove->drawn = call_numbers(call, grove->window);
    grove->all[0] = past->squares;
    grove->all[1] = past->week;
    grove->all[2] = past->month;
    for (size_t i = 0; i < TREE_TERMS; i++)
        grove->some[i] = grove->all[i] + WARM;
    grove->inner = *call;
    grove->inner.features = grove->some;
    grove->inner.feature_count = TREE_TERMS;
    grove->inner.rows = grove->window < call->rows - WARM ? grove->window : call->rows - WARM;
    call->status = exact_start(&grove->exact, &grove->inner);
}

static void grow(struct grove *grove, const double *target)
{
    struct call *inner = &grove->inner;
    struct random random;

    forest_free(grove->forest);
    grove->forest = forest_new(TREE_TERMS);
    if (!grove->forest)
        call_fail(inner, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the forest");
    exact_sort(&grove->exact);
    for (int64_t tree = 0; tree < grove->trees && !inner->status; tree++) {
        random_start(&random, inner->host, (uint64_t)(grove->grown * grove->trees + tree));
        memset(grove->drawn, 0, (size_t)inner->rows * sizeof(double));
        for (int64_t i = 0; i < inner->rows; i++)
            grove->drawn[random_below(&random, (uint64_t)inner->rows)] += 1;
        exact_grow(&grove->exact, grove->forest, target, grove->drawn, &grove->options);
    }
    grove->grown++;
}

static double by_forest(struct call *call, struct grove *grove, const struct past *past, int64_t row)
{
    int64_t known = row - past->horizon - WARM + 1, count = known < grove->window ? known : grove->window;
    int64_t from = row - past->horizon - count + 1;
    double sum = 0;

    if (known < KNOWN_LEAST)
        return NAN;
    if ((known - KNOWN_LEAST) % grove->step == 0) {
        for (size_t i = 0; i < TREE_TERMS; i++)
            grove->some[i] = grove->all[i] + from;
        grove->inner.rows = count;
        grove->exact.done = (double)row;
        grove->exact.whole = (double)call->rows;
        grow(grove, past->outcome + from + past->horizon);
        call->status = grove->inner.status;
    }
    for (int64_t tree = 0; tree < grove->trees && !call->status; tree++)
        sum += tree_says(grove->forest, (size_t)tree, grove->all, row);
    return sum / (double)grove->trees;
}

/* ---- Row by row ---- */

static int read_past(struct call *call, struct past *past)
{
    static const char *const kinds[] = {"linear", "autoregressive", "rf", NULL};
    double *returns = volatility_returns(call);
    int64_t rows = call->rows;

    past->kind = (enum kind)call_choice(call, "model_type", kinds);
    past->horizon = call_integer(call, "forecast_horizon", 1, 100000);
    past->squares = call_numbers(call, rows);
    past->week = call_numbers(call, rows);
    past->month = call_numbers(call, rows);
    past->outcome = call_numbers(call, rows);
    if (!call->status && rows < WARM + 2)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than %d", (long long)rows, WARM + 2);
    if (call->status)
        return call->status;
    for (int64_t row = 1; row <= WARM; row++)
        past->scale += returns[row] * returns[row] / WARM;
    if (!(past->scale > 0))
        return call_fail(call, MLTRAINER_INVALID_DATA, "close", "the first %d rows never change", WARM + 1);
    for (int64_t row = 0; row < rows; row++)
        past->squares[row] = returns[row] * returns[row] / past->scale;
    rolling_mean(past->squares, rows, 5, past->week);
    rolling_mean(past->squares, rows, 22, past->month);
    rolling_mean(past->squares, rows, past->horizon, past->outcome);
    return call->status;
}

static int32_t fill_forecasting(struct call *call)
{
    struct past past = {0};
    double year = call_number_within(call, "annualization_factor", 1, 1e9);
    int64_t rows = call->rows;

    if (read_past(call, &past))
        return call->status;
    struct regression regression = {.count = past.kind == HETEROGENEOUS ? 4 : 6};
    struct grove grove = {0};
    if (past.kind == FOREST)
        grove_start(call, &grove, &past);
    for (int64_t row = 0; row < rows && !call->status; row++) {
        double variance = NAN;
        if (call_step_row(call, row, rows))
            break;
        if (row >= WARM)
            variance = past.kind == FOREST ? by_forest(call, &grove, &past, row)
                                           : by_least_squares(&regression, &past, row);
        call->out[0][row] = isnan(variance) ? NAN : sqrt(past.scale * fmax(variance, 0));
        call->out[1][row] = call->out[0][row] * sqrt(year);
    }
    forest_free(grove.forest);
    return call->status;
}

TABULAR(forecasting, .inputs = {"close"}, .outputs = {"volatility", "yearly"}, .fill = fill_forecasting);
