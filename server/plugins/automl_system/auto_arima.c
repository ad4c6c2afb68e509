/* SPDX-License-Identifier: Apache-2.0 */
/* The ARIMA order chosen as Hyndman and Khandakar (2008) do: differences until KPSS finds no unit root, then p and q of
 * the least corrected information criterion. All orders up to the limits are fitted, not a path through them. Estimates
 * are conditional least squares (errors before the first row are 0) by Levenberg and Marquardt, from 0 on; without
 * differences the mean is taken away first. */
#include "support/cholesky.h"
#include "support/tabular.h"

#define ORDER_MAX 10
#define TERMS_MAX (2 * ORDER_MAX)
#define ROWS_MAX 100000
#define STEPS 100
#define HORIZON_MAX 10000

static int32_t fill(struct call *call);

TABULAR(auto_arima, .inputs = {"@column"}, .outputs = {"step", "forecast", "deviation", "p", "d", "q", "gain"},
        .own_rows = 1, .fill = fill);

struct arima {
    struct call *call;
    size_t p, d, q;
    int64_t count; /* of the differences */
    double *x;     /* differences, less their mean */
    double mean, squares, aicc, aicc_of_none;
    double terms[TERMS_MAX]; /* p of AR, q of MA */
    double *errors;
    double *slopes; /* of errors by terms: TERMS_MAX a row */
};

/* ---- How often to take differences ---- */

/* Kwiatkowski et al. (1992), about a level, Bartlett's window of 12 (n / 100)^(1/4). */
static double kpss(const double *x, int64_t count)
{
    int64_t lags = (int64_t)ceil(12 * pow((double)count / 100, 0.25));
    double mean = 0, sum = 0, squares = 0, variance = 0;

    for (int64_t i = 0; i < count; i++)
        mean += x[i] / (double)count;
    for (int64_t i = 0; i < count; i++) {
        sum += x[i] - mean;
        squares += sum * sum;
    }
    for (int64_t lag = 0; lag <= lags && lag < count; lag++) {
        double product = 0;
        for (int64_t i = lag; i < count; i++)
            product += (x[i] - mean) * (x[i - lag] - mean);
        variance += (lag ? 2 * (1 - (double)lag / (double)(lags + 1)) : 1) * product;
    }
    return variance > 0 ? squares / (double)count / variance : 0;
}

static void take_differences(struct arima *a, size_t most)
{
    memcpy(a->x, a->call->in[0], (size_t)a->call->rows * sizeof(double));
    a->count = a->call->rows;
    while (a->d < most && kpss(a->x, a->count) > 0.463) { /* its 5 % point */
        for (int64_t i = 0; i + 1 < a->count; i++)
            a->x[i] = a->x[i + 1] - a->x[i];
        a->count--;
        a->d++;
    }
    for (int64_t i = 0; i < a->count && a->d == 0; i++)
        a->mean += a->x[i] / (double)a->count;
    for (int64_t i = 0; i < a->count; i++)
        a->x[i] -= a->mean;
}

/* ---- One order ---- */

/* Errors under @terms; gives their squares. */
static double run(struct arima *a, const double *terms, int with_slopes)
{
    size_t count = a->p + a->q;
    double squares = 0;

    for (int64_t t = 0; t < a->count; t++) {
        double error = a->x[t], *slope = a->slopes + t * TERMS_MAX;
        for (size_t i = 0; i < a->p && (int64_t)i < t; i++)
            error -= terms[i] * a->x[t - 1 - (int64_t)i];
        for (size_t j = 0; j < a->q && (int64_t)j < t; j++)
            error -= terms[a->p + j] * a->errors[t - 1 - (int64_t)j];
        a->errors[t] = error;
        squares += error * error;
        for (size_t k = 0; with_slopes && k < count; k++) {
            int64_t back = t - 1 - (int64_t)(k < a->p ? k : k - a->p);
            slope[k] = back < 0 ? 0 : k < a->p ? -a->x[back] : -a->errors[back];
            for (size_t j = 0; j < a->q && (int64_t)j < t; j++)
                slope[k] -= terms[a->p + j] * (a->slopes + (t - 1 - (int64_t)j) * TERMS_MAX)[k];
        }
    }
    return squares;
}

static void sum_slopes(const struct arima *a, double *matrix, double *moment)
{
    size_t count = a->p + a->q;

    memset(matrix, 0, count * count * sizeof(*matrix));
    memset(moment, 0, count * sizeof(*moment));
    for (int64_t t = 0; t < a->count; t++) {
        const double *slope = a->slopes + t * TERMS_MAX;
        for (size_t i = 0; i < count; i++) {
            moment[i] -= slope[i] * a->errors[t];
            for (size_t k = 0; k <= i; k++)
                matrix[i * count + k] += slope[i] * slope[k];
        }
    }
}

/* A damped step that is better; 0 when there is none. */
static int improve(struct arima *a, const double *matrix, const double *moment, double *damping)
{
    double damped[TERMS_MAX * TERMS_MAX], move[TERMS_MAX], tried[TERMS_MAX];
    size_t count = a->p + a->q;

    for (int i = 0; i < 30; i++, *damping *= 4) {
        memcpy(damped, matrix, count * count * sizeof(*damped));
        memcpy(move, moment, count * sizeof(*move));
        for (size_t k = 0; k < count; k++)
            damped[k * count + k] *= 1 + *damping;
        if (cholesky_factor(damped, count))
            continue;
        cholesky_solve(damped, count, move);
        for (size_t k = 0; k < count; k++)
            tried[k] = a->terms[k] + move[k];
        double squares = run(a, tried, 0);
        if (!(squares < a->squares))
            continue;
        int is_small = a->squares - squares <= 1e-14 * a->squares;
        a->squares = squares;
        memcpy(a->terms, tried, count * sizeof(*tried));
        *damping /= 16;
        return !is_small;
    }
    return 0;
}

static void fit(struct arima *a)
{
    double matrix[TERMS_MAX * TERMS_MAX], moment[TERMS_MAX], damping = 1e-3;
    size_t count = a->p + a->q;

    memset(a->terms, 0, sizeof(a->terms));
    a->squares = run(a, a->terms, 1);
    for (int step = 0; count > 0 && step < STEPS && !call_step(a->call, step, STEPS); step++) {
        sum_slopes(a, matrix, moment);
        if (!improve(a, matrix, moment, &damping))
            break;
        run(a, a->terms, 1);
    }
    double n = (double)a->count, k = (double)count + 1 + (a->d == 0);
    a->aicc = a->squares > 0 && n > k + 1 ? n * log(a->squares / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1) : INFINITY;
}

/* Lower orders first, and a higher one must be better by more than rounding. */
static void search(struct arima *a, size_t p_max, size_t q_max)
{
    struct arima best = {.aicc = INFINITY};

    for (size_t p = 0; p <= p_max; p++)
        for (size_t q = 0; q <= q_max && !a->call->status; q++) {
            double done = (double)(p * (q_max + 1) + q), whole = (double)((p_max + 1) * (q_max + 1));
            call_part(a->call, done / whole, (done + 1) / whole);
            a->p = p;
            a->q = q;
            fit(a);
            if (p == 0 && q == 0)
                a->aicc_of_none = a->aicc;
            if (a->aicc < best.aicc - 1e-8 || (p == 0 && q == 0))
                best = *a;
        }
    *a = best;
    a->squares = run(a, a->terms, 0); /* the errors of the best again */
}

/* ---- The forecast ---- */

static double next_difference(const struct arima *a, const double *x, const double *errors, int64_t t)
{
    double sum = 0;

    for (size_t i = 0; i < a->p && t > (int64_t)i; i++)
        sum += a->terms[i] * x[t - 1 - (int64_t)i];
    for (size_t j = 0; j < a->q && t > (int64_t)j; j++)
        sum += a->terms[a->p + j] * errors[t - 1 - (int64_t)j];
    return sum;
}

/* Answer to an error of 1, summed d times. */
static void find_answers(const struct arima *a, double *answers, int64_t horizon)
{
    for (int64_t h = 0; h < horizon; h++) {
        answers[h] = h == 0 ? 1 : h <= (int64_t)a->q ? a->terms[a->p + (size_t)h - 1] : 0;
        for (size_t i = 0; i < a->p && h > (int64_t)i; i++)
            answers[h] += a->terms[i] * answers[h - 1 - (int64_t)i];
    }
    for (size_t d = 0; d < a->d; d++)
        for (int64_t h = 1; h < horizon; h++)
            answers[h] += answers[h - 1];
}

static void integrate(const struct arima *a, double *differences, int64_t horizon)
{
    const double *y = a->call->in[0] + a->call->rows - 1;
    double last[2] = {y[0], a->d > 1 ? y[0] - y[-1] : 0}; /* of the series, of its differences */

    for (int64_t h = 0; h < horizon; h++) {
        double value = differences[h] + a->mean;
        if (a->d > 1)
            value = last[1] += value;
        if (a->d > 0)
            value = last[0] += value;
        differences[h] = value;
    }
}

static int32_t forecast(struct arima *a, int64_t horizon)
{
    struct call *call = a->call;
    double *x = call_numbers(call, a->count + horizon), *errors = call_numbers(call, a->count + horizon);
    double *answers = call_numbers(call, horizon), variance = 0;

    if (call->status || tabular_start(call, &auto_arima_tabular, horizon))
        return call->status;
    memcpy(x, a->x, (size_t)a->count * sizeof(double));
    memcpy(errors, a->errors, (size_t)a->count * sizeof(double));
    for (int64_t h = 0; h < horizon; h++)
        call->out[1][h] = x[a->count + h] = next_difference(a, x, errors, a->count + h);
    integrate(a, call->out[1], horizon);
    find_answers(a, answers, horizon);
    for (int64_t h = 0; h < horizon; h++) {
        variance += answers[h] * answers[h] * a->squares / (double)a->count;
        call->out[0][h] = (double)(h + 1);
        call->out[2][h] = sqrt(variance);
        call->out[3][h] = (double)a->p;
        call->out[4][h] = (double)a->d;
        call->out[5][h] = (double)a->q;
        call->out[6][h] = isfinite(a->aicc_of_none) ? a->aicc_of_none - a->aicc : 0;
    }
    return call->status;
}

static int32_t fill(struct call *call)
{
    size_t p_max = (size_t)call_integer(call, "max_p", 0, ORDER_MAX), d_max = (size_t)call_integer(call, "max_d", 0, 2);
    size_t q_max = (size_t)call_integer(call, "max_q", 0, ORDER_MAX);
    int64_t horizon = call_integer(call, "horizon", 1, HORIZON_MAX);
    struct arima a = {.call = call};

    if (call->status)
        return call->status;
    if (call->rows < 20 || call->rows > ROWS_MAX)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are not between 20 and %d", (long long)call->rows,
                         ROWS_MAX);
    a.x = call_numbers(call, call->rows);
    a.errors = call_numbers(call, call->rows);
    a.slopes = call_numbers(call, call->rows * TERMS_MAX);
    if (call->status)
        return call->status;
    take_differences(&a, d_max);
    search(&a, p_max, q_max);
    return call->status ? call->status : forecast(&a, horizon);
}
