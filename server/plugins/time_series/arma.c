/* SPDX-License-Identifier: Apache-2.0 */
#include "arma.h"

#define N ARMA_STATE_MAX
#define ARMA_FARTHEST 0.9999 /* partial autocorrelation: short of a process that never settles */
#define LOG_TWO_PI 1.83787706640934548356

void arma_settle(const double *x, size_t count, double *coefficients)
{
    double before[ARMA_LAGS_MAX];

    for (size_t k = 0; k < count; k++) { /* Durbin and Levinson */
        double r = ARMA_FARTHEST * x[k] / sqrt(1 + x[k] * x[k]);
        memcpy(before, coefficients, k * sizeof(double));
        for (size_t i = 0; i < k; i++)
            coefficients[i] = before[i] - r * before[k - 1 - i];
        coefficients[k] = r;
    }
}

size_t arma_multiply(const double *a, size_t a_count, const double *s, size_t s_count, size_t season, double *out)
{
    size_t count = a_count + s_count * season;

    memset(out, 0, count * sizeof(double));
    for (size_t i = 0; i < a_count; i++)
        out[i] += a[i];
    for (size_t j = 0; j < s_count; j++) {
        out[(j + 1) * season - 1] += s[j];
        for (size_t i = 0; i < a_count; i++)
            out[(j + 1) * season + i] -= a[i] * s[j];
    }
    return count;
}

/* ---- The filter: state i holds what later rows will receive of what has been; T has the coefficients in its first
 * column and ones above its diagonal, R = (1, ma) ---- */

static void multiply(size_t n, double a[N][N], double b[N][N], double out[N][N])
{
    for (size_t i = 0; i < n; i++) {
        memset(out[i], 0, n * sizeof(double));
        for (size_t k = 0; k < n; k++)
            if (a[i][k] != 0)
                for (size_t j = 0; j < n; j++)
                    out[i][j] += a[i][k] * b[k][j];
    }
}

/* P = T P T' + R R' by doubling: after k rounds 2^k terms of the sum. Non-zero when it does not settle. */
static int settle(struct arma_room *s)
{
    double (*a)[N] = s->power, (*b)[N] = s->b, (*c)[N] = s->c;
    size_t n = s->n;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            a[i][j] = j == 0 ? s->ar[i] : j == i + 1;
            s->p[i][j] = s->r[i] * s->r[j];
        }
    for (int round = 0; round < 64; round++) {
        double change = 0, size = 0;
        multiply(n, a, s->p, b); /* b = A P, c = A P A' */
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++) {
                double sum = 0;
                for (size_t k = 0; k < n; k++)
                    sum += b[i][k] * a[j][k];
                c[i][j] = c[j][i] = sum;
            }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                s->p[i][j] += c[i][j];
                change = fmax(change, fabs(c[i][j]));
                size = fmax(size, fabs(s->p[i][j]));
            }
        if (!(size < 1e12))
            return 1;
        if (change <= 1e-15 * size)
            return 0;
        multiply(n, a, a, b);
        for (size_t i = 0; i < n; i++)
            memcpy(a[i], b[i], n * sizeof(double));
    }
    return 1;
}

/* The covariance one row on; gives how much the variance of a row changed. */
static double step_covariance(struct arma_room *s)
{
    size_t n = s->n;
    double before = s->f, first[N];

    for (size_t i = 0; i < n; i++)
        first[i] = s->p[i][0];
    for (size_t i = 0; i < n; i++) /* filtered, nothing is left of row 0; then all move up by one, ahead of its use */
        for (size_t j = 0; j <= i; j++) {
            double rest = i + 1 < n ? s->p[i + 1][j + 1] - first[i + 1] * first[j + 1] / before : 0;
            s->p[i][j] = s->p[j][i] = rest + s->r[i] * s->r[j];
        }
    s->f = s->p[0][0];
    return fabs(s->f - before);
}

static void set_gain(struct arma_room *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->gain[i] = (s->ar[i] * s->p[0][0] + (i + 1 < s->n ? s->p[i + 1][0] : 0)) / s->f;
}

static int start(struct arma_room *s, const struct arma *arma)
{
    s->n = arma->ar_count > arma->ma_count + 1 ? arma->ar_count : arma->ma_count + 1;
    memset(s->ar, 0, sizeof(s->ar));
    memset(s->r, 0, sizeof(s->r));
    memset(s->a, 0, sizeof(s->a));
    memcpy(s->ar, arma->ar, arma->ar_count * sizeof(double));
    s->r[0] = 1;
    memcpy(s->r + 1, arma->ma, arma->ma_count * sizeof(double));
    if (settle(s))
        return 1;
    s->f = s->p[0][0];
    set_gain(s);
    return 0;
}

double arma_likelihood(struct call *call, struct arma_room *s, const struct arma *arma, const double *z, int64_t rows,
                       double *scale, struct arma_state *state)
{
    double squares = 0, logs = 0, log_f;
    int is_steady = 0;

    if (start(s, arma))
        return NAN;
    log_f = log(s->f);
    for (int64_t row = 0; row < rows; row++) {
        double miss = z[row] - s->a[0], first = s->a[0];
        if ((row & 0xffff) == 0xffff && call->host->cancelled(call->host)) {
            call_fail(call, MLTRAINER_CANCELLED, "", "cancelled");
            return NAN;
        }
        squares += miss * miss / s->f;
        logs += log_f;
        for (size_t i = 0; i + 1 < s->n; i++)
            s->a[i] = s->a[i + 1] + s->ar[i] * first + s->gain[i] * miss;
        s->a[s->n - 1] = s->ar[s->n - 1] * first + s->gain[s->n - 1] * miss;
        if (is_steady)
            continue;
        /* it goes to 1, the innovation's own */
        is_steady = step_covariance(s) <= 1e-14 * s->f && fabs(s->f - 1) < 1e-11;
        set_gain(s);
        log_f = log(s->f);
    }
    double variance = squares / (double)rows;
    if (scale)
        *scale = variance;
    if (state) {
        state->count = s->n;
        memcpy(state->expected, s->a, sizeof(s->a));
    }
    return -0.5 * ((double)rows * (LOG_TWO_PI + log(variance) + 1) + logs);
}
