/* SPDX-License-Identifier: Apache-2.0 */
/* GARCH(p, q) by maximum (quasi) likelihood of the normal: v[t] = omega + sum alpha[i] e[t-1-i]^2 + sum beta[j] v[t-1-j],
 * e = y - mean. What was before the first row is an exponential mean of its neighbours' squares.
 * Source: Bollerslev (1986); the start as RiskMetrics. */
#include <stdlib.h>

#include "models.h"
#include "support/minimize.h"

#define LAGS_MAX 16
#define NEIGHBOURS 75
#define DECAY 0.94

struct garch {
    uint64_t p, q;
    double mean, omega, alpha[LAGS_MAX], beta[LAGS_MAX];
    double squares[LAGS_MAX], variances[LAGS_MAX]; /* of the last rows, the last first */
};

struct fit {
    struct call *call;
    const double *y; /* the last rows, less their mean, over their deviation */
    int64_t rows;
    size_t p, q;
    int has_mean;
    double before; /* variance and squared error of the rows before the first */
};

static double earlier(const double *ring, int64_t row, size_t lag, double before)
{
    return row > (int64_t)lag ? ring[(size_t)(row - 1 - (int64_t)lag) % LAGS_MAX] : before;
}

/* Minus the mean log of the likelihood, without its constant; @end (unless NULL) receives the last rows. */
static double run(const struct fit *f, const struct garch *m, struct garch *end)
{
    double squares[LAGS_MAX], variances[LAGS_MAX], sum = 0;

    for (int64_t row = 0; row < f->rows; row++) {
        double variance = m->omega, miss = f->y[row] - m->mean;
        if ((row & 0xffff) == 0xffff && f->call->host->cancelled(f->call->host))
            call_fail(f->call, MLTRAINER_CANCELLED, "", "cancelled");
        if (f->call->status)
            return INFINITY;
        for (size_t i = 0; i < f->p; i++)
            variance += m->alpha[i] * earlier(squares, row, i, f->before);
        for (size_t j = 0; j < f->q; j++)
            variance += m->beta[j] * earlier(variances, row, j, f->before);
        squares[(size_t)row % LAGS_MAX] = miss * miss;
        variances[(size_t)row % LAGS_MAX] = variance;
        sum += log(variance) + miss * miss / variance;
    }
    for (size_t i = 0; end && i < LAGS_MAX; i++) {
        end->squares[i] = earlier(squares, f->rows, i, f->before);
        end->variances[i] = earlier(variances, f->rows, i, f->before);
    }
    return sum / (double)f->rows / 2;
}

/* From numbers without bounds: omega above 0, all weights above 0 and their sum below 1. */
static void unpack(const struct fit *f, const double *x, struct garch *m)
{
    double total = 1;
    size_t n = 0;

    m->omega = exp(fmin(x[n++], 50));
    for (size_t i = 0; i < f->p; i++)
        total += m->alpha[i] = exp(fmin(x[n++], 50));
    for (size_t j = 0; j < f->q; j++)
        total += m->beta[j] = exp(fmin(x[n++], 50));
    for (size_t i = 0; i < f->p; i++)
        m->alpha[i] /= total;
    for (size_t j = 0; j < f->q; j++)
        m->beta[j] /= total;
    m->mean = f->has_mean ? x[n] : 0;
}

static double miss(void *arg, const double *x)
{
    struct garch m = {0};

    unpack(arg, x, &m);
    return run(arg, &m, NULL);
}

/* The better of a few starts: how much is new, how much stays. */
static int search(struct fit *f, struct garch *model)
{
    static const double starts[][2] = {{0.05, 0.9}, {0.1, 0.7}, {0.2, 0.3}};
    size_t count = 1 + f->p + f->q + (size_t)f->has_mean;
    struct minimize_function function = {miss, f};
    double best[MINIMIZE_MAX] = {0}, least = INFINITY;

    for (size_t s = 0; s < 3 && !call_step(f->call, (double)s, 3); s++) {
        double x[MINIMIZE_MAX] = {0}, rest = 1 - starts[s][0] - (f->q > 0 ? starts[s][1] : 0);
        x[0] = log(rest);
        for (size_t i = 0; i < f->p; i++)
            x[1 + i] = log(starts[s][0] / (double)f->p / rest);
        for (size_t j = 0; j < f->q; j++)
            x[1 + f->p + j] = log(starts[s][1] / (double)f->q / rest);
        double value = minimize_bfgs(&function, x, count, 300);
        if (value < least) {
            least = value;
            memcpy(best, x, sizeof(best));
        }
    }
    if (!f->call->status && !isfinite(least))
        call_fail(f->call, MLTRAINER_NOT_CONVERGED, "", "no parameters were found");
    if (f->call->status)
        return f->call->status;
    unpack(f, best, model);
    double value = run(f, model, model);
    f->call->host->metric(f->call->host, "log_likelihood", MLTRAINER_STEP_FINAL,
                          -(double)f->rows * (value + 0.91893853320467274178)); /* of y over its deviation */
    return f->call->status;
}

static double *standardise(struct fit *f, const double *y, double *mean, double *deviation)
{
    double *out = call_numbers(f->call, f->rows), squares = 0, size = 0;

    *mean = 0;
    for (int64_t row = 0; row < f->rows && f->has_mean; row++)
        *mean += y[row] / (double)f->rows;
    for (int64_t row = 0; row < f->rows; row++) {
        squares += (y[row] - *mean) * (y[row] - *mean) / (double)f->rows;
        size = fmax(size, fabs(y[row]));
    }
    *deviation = sqrt(squares);
    if (!(*deviation > 1e-12 * size))
        call_fail(f->call, MLTRAINER_INVALID_DATA, f->call->request->target, "the series never changes");
    for (int64_t row = 0; !f->call->status && row < f->rows; row++)
        out[row] = (y[row] - *mean) / *deviation;
    return out;
}

static void measure_before(struct fit *f)
{
    double weight = 1, total = 0;

    for (int64_t row = 0; row < f->rows && row < NEIGHBOURS; row++, weight *= DECAY) {
        total += weight;
        f->before += weight * f->y[row] * f->y[row];
    }
    f->before /= total;
}

static int32_t fit(struct call *call, void **state)
{
    static const char *const means[] = {"constant", "zero", NULL};
    struct fit f = {.call = call, .p = (size_t)call_integer(call, "p", 1, 5), .q = (size_t)call_integer(call, "q", 0, 5), .has_mean = call_choice(call, "mean", means) == 0};
    int64_t window = call_integer(call, "window", 0, INT64_MAX);
    double mean, deviation;

    f.rows = window > 0 && window < call->rows ? window : call->rows;
    if (!call->status && f.rows < 10 + 5 * (int64_t)(f.p + f.q))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than %zu", (long long)f.rows,
                  10 + 5 * (f.p + f.q));
    if (call->status)
        return call->status;
    f.y = standardise(&f, call->target + call->rows - f.rows, &mean, &deviation);
    struct garch *model = calloc(1, sizeof(*model));
    if (!model)
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    if (call->status) {
        free(model);
        return call->status;
    }
    measure_before(&f);
    model->p = f.p;
    model->q = f.q;
    if (search(&f, model)) {
        free(model);
        return call->status;
    }
    model->mean = mean + deviation * model->mean;
    model->omega *= deviation * deviation;
    for (size_t i = 0; i < LAGS_MAX; i++) {
        model->squares[i] *= deviation * deviation;
        model->variances[i] *= deviation * deviation;
    }
    *state = model;
    return call->status;
}

/* A square that is not known yet is expected to be its variance. */
static int32_t apply(struct call *call, const void *state)
{
    const struct garch *m = state;
    double *variance = call_numbers(call, call->rows);

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        variance[row] = m->omega;
        for (size_t i = 0; i < m->p; i++) {
            int64_t back = row - 1 - (int64_t)i;
            variance[row] += m->alpha[i] * (back >= 0 ? variance[back] : m->squares[-back - 1]);
        }
        for (size_t j = 0; j < m->q; j++) {
            int64_t back = row - 1 - (int64_t)j;
            variance[row] += m->beta[j] * (back >= 0 ? variance[back] : m->variances[-back - 1]);
        }
        call->out[0][row] = sqrt(variance[row]);
        call->out[1][row] = m->mean;
        if (call_step_row(call, row, call->rows))
            break;
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct garch *m = state;

    artifact_put_u64(writer, m->p);
    artifact_put_u64(writer, m->q);
    artifact_put_doubles(writer, &m->mean, 2 + 4 * LAGS_MAX);
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    struct garch m = {.p = artifact_take_u64(reader)}, *copy;

    m.q = artifact_take_u64(reader);
    artifact_take_doubles(reader, &m.mean, 2 + 4 * LAGS_MAX);
    int is_right = !reader->failed && m.p >= 1 && m.p <= 5 && m.q <= 5 && m.omega > 0;
    for (size_t i = 0; i < LAGS_MAX; i++)
        is_right = is_right && m.alpha[i] >= 0 && m.beta[i] >= 0 && m.squares[i] >= 0 && m.variances[i] >= 0;
    if (!is_right || !(copy = malloc(sizeof(*copy))))
        return NULL;
    *copy = m;
    return copy;
}

LEARNER(garch, .task = LEARNER_NUMBERS, .is_series = 1, .outputs = {"prediction", "mean"}, .fit = fit, .apply = apply,
        .evaluate = volatility_evaluate, .save = save, .restore = restore, .release = free);
