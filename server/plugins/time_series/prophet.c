/* SPDX-License-Identifier: Apache-2.0 */
/* A straight trend that may bend at a few rows, and a season of sines and cosines: the most probable values under
 * priors that keep bends few and waves small. Time goes from 0 to 1 over the training, the series is divided by its
 * largest size.
 * Source: Taylor and Letham (2018), "Forecasting at scale", with its priors. */
#include <stdlib.h>

#include "series.h"
#include "support/cholesky.h"

#define BENDS_MAX 50
#define WAVES_MAX 50
#define P (2 + BENDS_MAX + 2 * WAVES_MAX)
#define ROUNDS 200
#define SWEEPS 20000

/* Columns: constant, time, one a bend (time past it), a sine and a cosine a wave. */
struct prophet {
    uint64_t rows, bends, waves; /* of the training */
    int64_t is_flat;
    double period, size, sigma;
    double weights[P];
};

struct fit {
    struct call *call;
    struct prophet *model;
    size_t count;
    double bend_prior, wave_prior;
    double gram[P * P], right[P], squares; /* X'X, X'y, y'y */
    double ridge[P], lasso[P];             /* of the priors, without sigma */
};

/* Bends are spread evenly over the first four fifths of the training. */
static double bend_at(const struct prophet *m, size_t bend)
{
    return (double)(bend + 1) * 0.8 / (double)m->bends;
}

static size_t columns_at(const struct prophet *m, int64_t row, double *x)
{
    double t = m->rows > 1 ? (double)row / (double)(m->rows - 1) : 0;
    size_t n = 0;

    x[n++] = 1;
    if (!m->is_flat) {
        x[n++] = t;
        for (size_t i = 0; i < m->bends; i++)
            x[n++] = fmax(0, t - bend_at(m, i));
    }
    for (size_t i = 0; i < m->waves; i++) {
        double angle = 6.283185307179586477 * (double)(i + 1) * fmod((double)row, m->period) / m->period;
        x[n++] = sin(angle);
        x[n++] = cos(angle);
    }
    return n;
}

static int gather(struct fit *f)
{
    double x[P];

    for (int64_t row = 0; row < f->call->rows && !call_step_row(f->call, row, 2 * f->call->rows); row++) {
        double y = f->call->target[row] / f->model->size;
        f->count = columns_at(f->model, row, x);
        for (size_t i = 0; i < f->count; i++) {
            f->right[i] += x[i] * y;
            for (size_t j = 0; j <= i; j++)
                f->gram[i * P + j] += x[i] * x[j];
        }
        f->squares += y * y;
    }
    for (size_t i = 0; i < f->count; i++)
        for (size_t j = 0; j < i; j++)
            f->gram[j * P + i] = f->gram[i * P + j];
    return f->call->status;
}

/* Normal priors of deviation 5 for constant and slope, the given one for waves; Laplace's for bends. */
static void set_priors(struct fit *f)
{
    size_t bends = f->model->is_flat ? 0 : f->model->bends, first = f->model->is_flat ? 1 : 2;

    for (size_t i = 0; i < f->count; i++) {
        int is_bend = i >= first && i < first + bends;
        double deviation = i < first ? 5 : f->wave_prior;
        f->ridge[i] = is_bend ? 0 : 1 / (deviation * deviation);
        f->lasso[i] = is_bend ? 1 / f->bend_prior : 0;
    }
}

static double slope_at(const struct fit *f, const double *w, size_t i)
{
    double sum = -f->right[i];

    for (size_t j = 0; j < f->count; j++)
        sum += f->gram[i * P + j] * w[j];
    return sum;
}

/* One sweep of coordinate descent on |y - Xw|^2 / 2 + variance (ridge w^2 / 2 + lasso |w|). */
static void sweep(const struct fit *f, double variance, double *w)
{
    for (size_t i = 0; i < f->count; i++) {
        double own = f->gram[i * P + i], pull = own * w[i] - slope_at(f, w, i), limit = variance * f->lasso[i];
        double soft = pull > limit ? pull - limit : pull < -limit ? pull + limit : 0;
        w[i] = soft / (own + variance * f->ridge[i] + 1e-300);
    }
}

/* The exact solution if the signs are right that @w has; non-zero when it tells that they are not. */
static int solve(const struct fit *f, double variance, double *w)
{
    double a[P * P], b[P];
    size_t used[P], n = 0;

    for (size_t i = 0; i < f->count; i++)
        if (w[i] != 0 || f->lasso[i] == 0)
            used[n++] = i;
    for (size_t i = 0; i < n; i++) {
        double limit = variance * f->lasso[used[i]];
        b[i] = f->right[used[i]] - (w[used[i]] > 0 ? limit : w[used[i]] < 0 ? -limit : 0);
        for (size_t j = 0; j < n; j++)
            a[i * n + j] = f->gram[used[i] * P + used[j]] + (i == j ? variance * f->ridge[used[i]] : 0);
    }
    if (cholesky_factor(a, n))
        return 1;
    cholesky_solve(a, n, b);
    double next[P] = {0};
    for (size_t i = 0; i < n; i++) {
        if (f->lasso[used[i]] > 0 && b[i] * w[used[i]] <= 0)
            return 1;
        next[used[i]] = b[i];
    }
    for (size_t i = 0; i < f->count; i++)
        if (next[i] == 0 && fabs(slope_at(f, next, i)) > variance * f->lasso[i] * (1 + 1e-9))
            return 1;
    memcpy(w, next, f->count * sizeof(double));
    return 0;
}

static void minimise(const struct fit *f, double variance, double *w)
{
    for (int i = 0; i < SWEEPS && !f->call->status; i++) {
        sweep(f, variance, w);
        if (i % 50 == 49 && !solve(f, variance, w))
            return;
        if ((i & 1023) == 1023)
            call_step(f->call, 1, 2);
    }
}

static double left_squares(const struct fit *f, const double *w)
{
    double sum = f->squares;

    for (size_t i = 0; i < f->count; i++)
        sum += w[i] * (slope_at(f, w, i) - f->right[i]);
    return fmax(sum, 0);
}

/* Weights for a sigma, sigma for the weights, until both stay: n log s + S / (2 s^2) + 2 s^2 has its least where
 * 4 s^4 + n s^2 = S, the prior of s being half a normal of deviation 0.5. */
static int32_t search(struct fit *f)
{
    double *w = f->model->weights, n = (double)f->call->rows, variance = 0.01;

    for (int round = 0; round < ROUNDS && !call_step(f->call, ROUNDS + round, 2 * ROUNDS); round++) {
        minimise(f, variance, w);
        double squares = left_squares(f, w), next = 2 * squares / (n + sqrt(n * n + 16 * squares));
        next = fmax(next, 1e-12);
        int is_settled = fabs(next - variance) <= 1e-12 * variance;
        variance = next;
        if (is_settled)
            break;
    }
    f->model->sigma = sqrt(variance);
    f->call->host->metric(f->call->host, "sigma", MLTRAINER_STEP_FINAL, f->model->sigma * f->model->size);
    return f->call->status;
}

static int32_t fit(struct call *call, void **state)
{
    static const char *const growths[] = {"linear", "flat", NULL};
    struct fit *f = call_memory(call, 1, sizeof(*f));
    struct prophet *m = call_memory(call, 1, sizeof(*m));
    size_t growth = call_choice(call, "growth", growths);
    int64_t bends = call_integer(call, "n_changepoints", 0, BENDS_MAX),
            waves = call_integer(call, "fourier_order", 0, WAVES_MAX);
    double period = call_number_within(call, "period", 2, 1e9),
           bend_prior = call_number_within(call, "changepoint_prior_scale", 1e-6, 1e6);
    double wave_prior = call_number_within(call, "seasonality_prior_scale", 1e-6, 1e6);

    if (series_need(call, 2))
        return call->status;
    *m = (struct prophet){.rows = (uint64_t)call->rows,
                          .bends = (uint64_t)bends,
                          .waves = (uint64_t)waves,
                          .is_flat = growth == 1,
                          .period = period};
    f->call = call;
    f->model = m;
    f->bend_prior = bend_prior;
    f->wave_prior = wave_prior;
    for (int64_t row = 0; row < call->rows; row++)
        m->size = fmax(m->size, fabs(call->target[row]));
    if (gather(f))
        return call->status;
    set_priors(f);
    if (search(f))
        return call->status;
    return series_keep(call, m, sizeof(*m), state);
}

static int32_t apply(struct call *call, const void *state)
{
    const struct prophet *m = state;
    double x[P];

    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        size_t count = columns_at(m, (int64_t)m->rows + row, x), trend = m->is_flat ? 1 : 2 + m->bends;
        double sums[2] = {0};
        for (size_t i = 0; i < count; i++)
            sums[i >= trend] += m->weights[i] * x[i];
        call->out[0][row] = m->size * (sums[0] + sums[1]);
        call->out[1][row] = m->size * m->sigma;
        call->out[2][row] = m->size * sums[0];
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct prophet *m = state;

    artifact_put_u64(writer, m->rows);
    artifact_put_u64(writer, m->bends);
    artifact_put_u64(writer, m->waves);
    artifact_put_u64(writer, (uint64_t)m->is_flat);
    artifact_put_doubles(writer, &m->period, 3);
    artifact_put_doubles(writer, m->weights, P);
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    struct prophet m = {.rows = artifact_take_u64(reader)};

    m.bends = artifact_take_u64(reader);
    m.waves = artifact_take_u64(reader);
    m.is_flat = artifact_take_u64(reader) == 1;
    artifact_take_doubles(reader, &m.period, 3);
    artifact_take_doubles(reader, m.weights, P);
    if (reader->failed || m.rows < 2 || m.rows > INT64_MAX / 2 || m.bends > BENDS_MAX || m.waves > WAVES_MAX ||
        m.period < 2 || m.sigma < 0)
        return NULL;
    return series_copy(&m, sizeof(m));
}

LEARNER(prophet, .task = LEARNER_NUMBERS, .is_series = 1, .outputs = {"prediction", "deviation", "trend"}, .fit = fit,
        .apply = apply, .save = save, .restore = restore, .release = free);
