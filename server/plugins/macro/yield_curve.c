/* SPDX-License-Identifier: Apache-2.0 */
/* A curve through yields by maturity: its value, its slope, and the forward rate f(t) = y(t) + t y'(t) that they
 * give. */
#include "curves.h"
#include "support/cholesky.h"
#include "support/order.h"

enum { FITTED, FORWARD, DISCOUNT, RESIDUAL };

/* Points in ascending order of maturity. */
struct curve {
    int64_t count;
    uint32_t *order;
    double *t, *y;
    double *fitted, *slope;
};

static int read_curve(struct call *call, struct curve *c)
{
    uint32_t *scratch = call_memory(call, (size_t)call->rows, sizeof(*scratch));

    *c = (struct curve){.count = call->rows,
                        .order = call_memory(call, (size_t)call->rows, sizeof(uint32_t)),
                        .t = call_numbers(call, call->rows),
                        .y = call_numbers(call, call->rows),
                        .fitted = call_numbers(call, call->rows),
                        .slope = call_numbers(call, call->rows)};
    if (call->status)
        return call->status;
    order_indexes(call->in[0], (size_t)c->count, c->order, scratch);
    for (int64_t i = 0; i < c->count; i++) {
        c->t[i] = call->in[0][c->order[i]];
        c->y[i] = call->in[1][c->order[i]];
        if (!(c->t[i] > 0))
            return call_fail(call, MLTRAINER_INVALID_DATA, "time_to_maturity", "row %lld (from 0) is not above 0",
                             (long long)c->order[i]);
        if (i > 0 && c->t[i] - c->t[i - 1] < 1e-9)
            return call_fail(call, MLTRAINER_INVALID_DATA, "time_to_maturity",
                             "rows %lld and %lld (from 0) are the same", (long long)c->order[i - 1],
                             (long long)c->order[i]);
    }
    if (c->count < 5)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld points are fewer than 5", (long long)c->count);
    return call->status;
}

/* ---- Natural cubic spline: the least sum of squares + penalty times the integral of the second derivative squared.
 * Reinsch (1967), "Smoothing by spline functions": (R + penalty Q'Q) second = Q'y, five diagonals; penalty 0 goes
 * through every point. ---- */

/* Row i of the system: diagonals 0 to 2 of the symmetric matrix, into band[3 * i]. */
static void build(const struct curve *c, double penalty, double *band, double *right)
{
    int64_t inner = c->count - 2;

    for (int64_t i = 0; i < inner; i++) {
        double h0 = c->t[i + 1] - c->t[i], h1 = c->t[i + 2] - c->t[i + 1], a = 1 / h0, b = -1 / h0 - 1 / h1, d = 1 / h1;
        right[i] = (c->y[i + 2] - c->y[i + 1]) / h1 - (c->y[i + 1] - c->y[i]) / h0;
        band[3 * i] = (h0 + h1) / 3 + penalty * (a * a + b * b + d * d);
        band[3 * i + 1] = band[3 * i + 2] = 0;
        if (i + 1 < inner) {
            double h2 = c->t[i + 3] - c->t[i + 2];
            band[3 * i + 1] = h1 / 6 + penalty * (b / h1 + d * (-1 / h1 - 1 / h2));
            if (i + 2 < inner)
                band[3 * i + 2] = penalty * d / h2;
        }
    }
}

/* L D L' of the band, and the solution in place. */
static void solve(double *band, double *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double *row = band + 3 * i, one = row[1], two = row[2];
        if (i + 1 < count) {
            row[1] = one / row[0];
            row[3] -= row[1] * one;
            row[4] -= row[1] * two;
            x[i + 1] -= row[1] * x[i];
        }
        if (i + 2 < count) {
            row[2] = two / row[0];
            row[6] -= row[2] * two;
            x[i + 2] -= row[2] * x[i];
        }
    }
    for (int64_t i = count; i-- > 0;) {
        x[i] /= band[3 * i];
        if (i + 1 < count)
            x[i] -= band[3 * i + 1] * x[i + 1];
        if (i + 2 < count)
            x[i] -= band[3 * i + 2] * x[i + 2];
    }
}

static void fit_spline(struct call *call, struct curve *c, double penalty)
{
    int64_t n = c->count;
    double *band = call_numbers(call, 3 * n), *second = call_numbers(call, n);

    if (call->status)
        return;
    build(c, penalty, band, second + 1);
    solve(band, second + 1, n - 2);
    for (int64_t i = 0; i < n; i++) { /* fitted = y - penalty Q second */
        double left = i > 0 ? (second[i] - second[i - 1]) / (c->t[i] - c->t[i - 1]) : 0;
        double right = i + 1 < n ? (second[i + 1] - second[i]) / (c->t[i + 1] - c->t[i]) : 0;
        c->fitted[i] = c->y[i] - penalty * (right - left);
    }
    for (int64_t i = 0; i + 1 < n; i++) {
        double h = c->t[i + 1] - c->t[i], rise = (c->fitted[i + 1] - c->fitted[i]) / h;
        c->slope[i] = rise - h * (2 * second[i] + second[i + 1]) / 6;
        c->slope[i + 1] = rise + h * (second[i] + 2 * second[i + 1]) / 6; /* the next round finds the same */
    }
}

/* ---- Straight lines from point to point; the slope is that towards the next ---- */

static void fit_lines(struct curve *c)
{
    for (int64_t i = 0; i < c->count; i++) {
        int64_t from = i + 1 < c->count ? i : i - 1;
        c->fitted[i] = c->y[i];
        c->slope[i] = (c->y[from + 1] - c->y[from]) / (c->t[from + 1] - c->t[from]);
    }
}

/* ---- Nelson and Siegel (1987): level + slope g(t/tau) + curvature (g(t/tau) - exp(-t/tau)), g(x) = (1 - exp(-x))/x;
 * tau by search, the rest by least squares ---- */

struct nelson {
    const struct curve *curve;
    double beta[3];
};

static void loadings(double t, double tau, double *f)
{
    double x = t / tau;

    f[0] = 1;
    f[1] = -expm1(-x) / x;
    f[2] = f[1] - exp(-x);
}

static double nelson_squares(struct nelson *n, double tau)
{
    double a[9] = {0}, *b = n->beta, f[3], sum = 0;

    memset(b, 0, sizeof(n->beta));
    for (int64_t p = 0; p < n->curve->count; p++) {
        loadings(n->curve->t[p], tau, f);
        for (int i = 0; i < 3; i++) {
            b[i] += f[i] * n->curve->y[p];
            for (int j = 0; j < 3; j++)
                a[3 * i + j] += f[i] * f[j];
        }
    }
    if (cholesky_factor(a, 3))
        return INFINITY;
    cholesky_solve(a, 3, b);
    for (int64_t p = 0; p < n->curve->count; p++) {
        loadings(n->curve->t[p], tau, f);
        double miss = n->curve->y[p] - b[0] * f[0] - b[1] * f[1] - b[2] * f[2];
        sum += miss * miss;
    }
    return sum;
}

/* Golden section between two neighbours of the best of a grid. */
static double search_tau(struct call *call, struct nelson *n)
{
    const double golden = 0.61803398874989485;
    double shortest = n->curve->t[0], longest = n->curve->t[n->curve->count - 1], best = 0, least = INFINITY;
    double step = log(longest / shortest * 16) / 60;

    for (int i = 0; i <= 60 && !call_step(call, i, 120); i++) {
        double at = log(shortest / 4) + step * i, squares = nelson_squares(n, exp(at));
        if (squares < least) {
            least = squares;
            best = at;
        }
    }
    double low = best - step, high = best + step;
    for (int i = 0; i < 60 && !call_step(call, 60 + i, 120); i++) {
        double one = high - golden * (high - low), two = low + golden * (high - low);
        if (nelson_squares(n, exp(one)) < nelson_squares(n, exp(two)))
            high = two;
        else
            low = one;
    }
    return exp((low + high) / 2);
}

static void fit_nelson(struct call *call, struct curve *c)
{
    struct nelson nelson = {.curve = c};
    double tau = search_tau(call, &nelson), f[3];

    if (!call->status && !isfinite(nelson_squares(&nelson, tau)))
        call_fail(call, MLTRAINER_INVALID_DATA, "time_to_maturity", "the maturities do not tell the factors apart");
    for (int64_t i = 0; !call->status && i < c->count; i++) {
        double x = c->t[i] / tau;
        loadings(c->t[i], tau, f);
        double g = (exp(-x) - f[1]) / c->t[i]; /* of the second factor */
        c->fitted[i] = nelson.beta[0] + nelson.beta[1] * f[1] + nelson.beta[2] * f[2];
        c->slope[i] = nelson.beta[1] * g + nelson.beta[2] * (g + exp(-x) / tau);
    }
    call->host->metric(call->host, "tau", MLTRAINER_STEP_FINAL, tau);
}

static int32_t fill_curve(struct call *call)
{
    static const char *const methods[] = {"cubic_spline", "linear", "nelson_siegel", NULL};
    size_t method = call_choice(call, "interpolation_method", methods);
    double penalty = call_number_within(call, "smoothing_parameter", 0, 1e12);
    struct curve curve;

    if (read_curve(call, &curve))
        return call->status;
    if (method == 0)
        fit_spline(call, &curve, penalty);
    else if (method == 1)
        fit_lines(&curve);
    else
        fit_nelson(call, &curve);
    for (int64_t i = 0; !call->status && i < curve.count; i++) {
        uint32_t row = curve.order[i];
        call->out[FITTED][row] = curve.fitted[i];
        call->out[FORWARD][row] = curve.fitted[i] + curve.t[i] * curve.slope[i];
        call->out[DISCOUNT][row] = exp(-curve.fitted[i] * curve.t[i]);
        call->out[RESIDUAL][row] = curve.y[i] - curve.fitted[i];
    }
    return call->status;
}

TABULAR(yield_curve, .inputs = {"time_to_maturity", "yield"}, .outputs = {"fitted", "forward", "discount", "residual"},
        .fill = fill_curve);
