/* SPDX-License-Identifier: Apache-2.0 */
/* A hidden state (level, its change, the change's change, …) of which the first is seen with noise. Each moves on by
 * the next, x[i] += x[i + 1]. The noises' covariances and the first state are found by expectation and maximisation.
 * Sources: Kalman (1960); Rauch, Tung and Striebel (1965); Shumway and Stoffer (1982). */
#include <stdlib.h>

#include "series.h"
#include "support/cholesky.h"

#define D 10
#define BYTES_MAX (1024.0 * 1024 * 1024)

struct kalman {
    uint64_t n;
    double noise;           /* of what is seen */
    double drive[D * D];    /* covariance of the state's noise */
    double mean[D], covariance[D * D]; /* of the state at the first row; in what is kept, at the last */
};

/* All matrices are row after row, n * n. */
struct pass {
    struct call *call;
    size_t n;
    int64_t rows;
    double *mean, *covariance;           /* filtered, n and n * n a row */
    double *ahead_mean, *ahead_covariance; /* before the row was seen */
};

/* F x, F with ones on and above its diagonal. */
static void move_mean(size_t n, const double *x, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] + (i + 1 < n ? x[i + 1] : 0);
}

/* F P F' + Q. */
static void move_covariance(size_t n, const double *p, const double *q, double *out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            int down = i + 1 < n, right = j + 1 < n;
            out[i * n + j] = p[i * n + j] + (down ? p[(i + 1) * n + j] : 0) + (right ? p[i * n + j + 1] : 0) +
                             (down && right ? p[(i + 1) * n + j + 1] : 0) + q[i * n + j];
        }
}

/* Asked now and then in the loops over rows; non-zero: stop. */
static int is_cancelled(struct pass *p, int64_t row)
{
    if ((row & 0xffff) == 0xffff && p->call->host->cancelled(p->call->host))
        call_fail(p->call, MLTRAINER_CANCELLED, "", "cancelled");
    return p->call->status;
}

/* Gives the log of the likelihood. */
static double filter(struct pass *p, const struct kalman *m)
{
    size_t n = p->n;
    double likelihood = 0;

    for (int64_t row = 0; row < p->rows && !is_cancelled(p, row); row++) {
        double *mean = p->ahead_mean + (size_t)row * n, *covariance = p->ahead_covariance + (size_t)row * n * n;
        double *now = p->mean + (size_t)row * n, *left = p->covariance + (size_t)row * n * n;
        if (row == 0) {
            memcpy(mean, m->mean, n * sizeof(double));
            memcpy(covariance, m->covariance, n * n * sizeof(double));
        } else {
            move_mean(n, now - n, mean);
            move_covariance(n, left - n * n, m->drive, covariance);
        }
        double f = covariance[0] + m->noise, miss = p->call->target[row] - mean[0];
        likelihood -= 0.5 * (log(6.283185307179586477 * f) + miss * miss / f);
        for (size_t i = 0; i < n; i++) {
            now[i] = mean[i] + covariance[i * n] * miss / f;
            for (size_t j = 0; j < n; j++)
                left[i * n + j] = covariance[i * n + j] - covariance[i * n] * covariance[j] / f;
        }
    }
    return likelihood;
}

/* G = P F' (F P F' + Q)^-1, of the filtered P of @row and what was ahead of the next. Non-zero when singular. */
static int smoother_gain(const struct pass *p, int64_t row, double *gain)
{
    size_t n = p->n;
    const double *now = p->covariance + (size_t)row * n * n;
    double factor[D * D];

    memcpy(factor, p->ahead_covariance + (size_t)(row + 1) * n * n, n * n * sizeof(double));
    if (cholesky_factor(factor, n))
        return 1;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            gain[i * n + j] = now[i * n + j] + (j + 1 < n ? now[i * n + j + 1] : 0);
        cholesky_solve(factor, n, gain + i * n);
    }
    return 0;
}

/* What a maximisation needs of all rows. */
struct sums {
    double noise;        /* sum of (y - x)^2 + P */
    double drive[D * D]; /* sum of E (x' - F x)(x' - F x)' */
};

/* E (x' - F x)(x' - F x)' of the next row's smoothed mean @m1 and covariance @p1, this row's @m0, @p0, and the
 * covariance of both @both = p1 G'. */
static void add_drive(size_t n, const double *m0, const double *p0, const double *m1, const double *p1,
                      const double *both, double *out)
{
    double moved[D], covariance[D * D], cross[D * D], none[D * D] = {0};

    move_mean(n, m0, moved);
    move_covariance(n, p0, none, covariance);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) /* both F' */
            cross[i * n + j] = both[i * n + j] + (j + 1 < n ? both[i * n + j + 1] : 0);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            out[i * n + j] += (m1[i] - moved[i]) * (m1[j] - moved[j]) + p1[i * n + j] + covariance[i * n + j] -
                              cross[i * n + j] - cross[j * n + i];
}

/* Backwards, means and covariances given all rows in place of the filtered ones. */
static int smooth(struct pass *p, struct sums *sums)
{
    size_t n = p->n;

    memset(sums, 0, sizeof(*sums));
    for (int64_t row = p->rows; row-- > 0 && !is_cancelled(p, row);) {
        double *mean = p->mean + (size_t)row * n, *covariance = p->covariance + (size_t)row * n * n;
        double gain[D * D], both[D * D];
        if (row + 1 < p->rows) {
            const double *m1 = mean + n, *p1 = covariance + n * n;
            const double *ahead = p->ahead_mean + (size_t)(row + 1) * n,
                         *wide = p->ahead_covariance + (size_t)(row + 1) * n * n;
            if (smoother_gain(p, row, gain))
                return call_fail(p->call, MLTRAINER_NOT_CONVERGED, "", "the state's covariance became singular");
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++) {
                    mean[i] += gain[i * n + j] * (m1[j] - ahead[j]);
                    both[j * n + i] = 0;
                    for (size_t k = 0; k < n; k++)
                        both[j * n + i] += p1[j * n + k] * gain[i * n + k];
                }
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++)
                    for (size_t k = 0; k < n; k++) /* P + G (p1 - ahead) G' */
                        for (size_t l = 0; l < n; l++)
                            covariance[i * n + j] +=
                                gain[i * n + k] * (p1[k * n + l] - wide[k * n + l]) * gain[j * n + l];
            add_drive(n, mean, covariance, m1, p1, both, sums->drive);
        }
        double miss = p->call->target[row] - mean[0];
        sums->noise += miss * miss + covariance[0];
    }
    return p->call->status;
}

/* Rounds of EM; the state at the last row stays in @m. */
static int iterate(struct pass *p, struct kalman *m, int64_t rounds)
{
    size_t n = p->n;
    double likelihood = 0;
    struct sums sums;

    for (int64_t round = 0; round < rounds && !call_step(p->call, (double)round, (double)rounds); round++) {
        likelihood = filter(p, m);
        p->call->host->metric(p->call->host, "log_likelihood", round, likelihood);
        if (smooth(p, &sums))
            return p->call->status;
        m->noise = sums.noise / (double)p->rows;
        for (size_t i = 0; i < n * n; i++)
            m->drive[i] = sums.drive[i] / (double)(p->rows - 1);
        memcpy(m->mean, p->mean, n * sizeof(double));
        memcpy(m->covariance, p->covariance, n * n * sizeof(double));
    }
    likelihood = filter(p, m);
    p->call->host->metric(p->call->host, "log_likelihood", MLTRAINER_STEP_FINAL, likelihood);
    if (!isfinite(likelihood))
        call_fail(p->call, MLTRAINER_NOT_CONVERGED, "", "the likelihood is no number");
    memcpy(m->mean, p->mean + (size_t)(p->rows - 1) * n, n * sizeof(double));
    memcpy(m->covariance, p->covariance + (size_t)(p->rows - 1) * n * n, n * n * sizeof(double));
    return p->call->status;
}

/* Variances of 1 times the series' own; the first level is the first row's. */
static void start(const struct call *call, struct kalman *m)
{
    size_t n = m->n;
    double mean = 0, variance = 0;

    for (int64_t row = 0; row < call->rows; row++)
        mean += call->target[row] / (double)call->rows;
    for (int64_t row = 0; row < call->rows; row++)
        variance += (call->target[row] - mean) * (call->target[row] - mean) / (double)call->rows;
    m->noise = variance;
    m->mean[0] = call->target[0];
    for (size_t i = 0; i < n; i++)
        m->drive[i * n + i] = m->covariance[i * n + i] = variance;
}

static int32_t fit(struct call *call, void **state)
{
    struct kalman m = {.n = (uint64_t)call_integer(call, "n_dim_state", 1, D)};
    int64_t rounds = call_integer(call, "n_iter", 1, 10000), n = (int64_t)m.n;

    if (series_need(call, 3 * n + 3))
        return call->status;
    if ((double)call->rows * (double)(2 * n + 2 * n * n) * 8 > BYTES_MAX)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows of %lld states take more than a GiB",
                         (long long)call->rows, (long long)n);
    struct pass pass = {.call = call,
                        .n = m.n,
                        .rows = call->rows,
                        .mean = call_numbers(call, call->rows * n),
                        .covariance = call_numbers(call, call->rows * n * n),
                        .ahead_mean = call_numbers(call, call->rows * n),
                        .ahead_covariance = call_numbers(call, call->rows * n * n)};
    start(call, &m);
    if (call->status || iterate(&pass, &m, rounds))
        return call->status;
    return series_keep(call, &m, sizeof(m), state);
}

static int32_t apply(struct call *call, const void *state)
{
    const struct kalman *m = state;
    double mean[D], covariance[D * D], next[D] = {0}, wide[D * D] = {0};

    memcpy(mean, m->mean, sizeof(mean));
    memcpy(covariance, m->covariance, sizeof(covariance));
    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        move_mean(m->n, mean, next);
        move_covariance(m->n, covariance, m->drive, wide);
        memcpy(mean, next, sizeof(mean));
        memcpy(covariance, wide, sizeof(covariance));
        call->out[0][row] = mean[0];
        call->out[1][row] = sqrt(fmax(0, covariance[0] + m->noise));
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct kalman *m = state;

    artifact_put_u64(writer, m->n);
    artifact_put_double(writer, m->noise);
    artifact_put_doubles(writer, m->drive, m->n * m->n);
    artifact_put_doubles(writer, m->mean, m->n);
    artifact_put_doubles(writer, m->covariance, m->n * m->n);
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    struct kalman m = {.n = artifact_take_u64(reader)};

    m.noise = artifact_take_double(reader);
    if (reader->failed || m.n < 1 || m.n > D || m.noise < 0)
        return NULL;
    artifact_take_doubles(reader, m.drive, m.n * m.n);
    artifact_take_doubles(reader, m.mean, m.n);
    artifact_take_doubles(reader, m.covariance, m.n * m.n);
    return reader->failed ? NULL : series_copy(&m, sizeof(m));
}

LEARNER(kalman, .task = LEARNER_NUMBERS, .is_series = 1, .outputs = {"prediction", "deviation"}, .fit = fit,
        .apply = apply, .save = save, .restore = restore, .release = free);
