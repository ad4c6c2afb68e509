/* SPDX-License-Identifier: Apache-2.0 */
/* GARCH(p, q) by maximum (quasi) likelihood of the normal: v[t] = omega + sum alpha[i] e[t-1-i]^2 + sum beta[j]
 * v[t-1-j], e = y - mean. What was before the first row is an exponential mean of its neighbours' squares.
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
    double before;               /* variance and squared error of the rows before the first */
    /* of every row, under the parameters that were tried last; LAGS_MAX rows stand before */
    double *squares, *variances;
};

#define GROUP 8  /* variances whose logarithm is taken at once */
#define LANES 8

/* The sum of the logarithms, one for a product of GROUP unless that leaves the range of numbers. */
static double sum_of_logarithms(const double *values, int64_t count)
{
    double sum = 0;
    int64_t at = 0;

    for (; at + GROUP * LANES <= count; at += GROUP * LANES) {
        double products[LANES];
        memcpy(products, values + at, sizeof(products));
        for (int64_t i = at + LANES; i < at + GROUP * LANES; i += LANES)
            for (int64_t lane = 0; lane < LANES; lane++)
                products[lane] *= values[i + lane];
        for (int64_t lane = 0; lane < LANES; lane++) {
            int is_normal = products[lane] > 1e-300 && products[lane] < 1e300;
            if (is_normal)
                sum += log(products[lane]);
            for (int64_t i = at + lane; !is_normal && i < at + GROUP * LANES; i += LANES)
                sum += log(values[i]);
        }
    }
    for (; at < count; at++)
        sum += log(values[at]);
    return sum;
}

/* The variances of rows @first to @end under @m; their squares are there. Only the last loop waits for itself. */
static void follow(const struct fit *f, const struct garch *m, int64_t first, int64_t end)
{
    double *variances = f->variances, last = variances[first - 1], share = f->q > 0 ? m->beta[0] : 0;

    for (int64_t row = first; row < end; row++)
        variances[row] = m->omega;
    for (size_t i = 0; i < f->p; i++) {
        const double *before = f->squares - 1 - i;
        for (int64_t row = first; row < end; row++)
            variances[row] += m->alpha[i] * before[row];
    }
    for (int64_t row = first; row < end; row++) {
        double variance = variances[row];
        for (size_t j = 1; j < f->q; j++)
            variance += m->beta[j] * variances[row - 1 - (int64_t)j];
        variances[row] = last = variance + share * last;
    }
}

#define PART 4096 /* rows that stay in the cache from step to step */

/* Minus the mean log of the likelihood, without its constant; @end (unless NULL) receives the last rows. */
static double run(const struct fit *f, const struct garch *m, struct garch *end)
{
    double sum = 0, misses = 0;

    for (int64_t first = 0; first < f->rows; first += PART) {
        int64_t last = f->rows - first < PART ? f->rows : first + PART;
        if (f->call->host->cancelled(f->call->host))
            call_fail(f->call, MLTRAINER_CANCELLED, "", "cancelled");
        if (f->call->status)
            return INFINITY;
        double *restrict squares = f->squares, mean = m->mean;
        for (int64_t row = first; row < last; row++)
            squares[row] = (f->y[row] - mean) * (f->y[row] - mean);
        follow(f, m, first, last);
        for (int64_t row = first; row < last; row++)
            misses += f->squares[row] / f->variances[row];
        sum += sum_of_logarithms(f->variances + first, last - first);
    }
    for (int64_t i = 0; end && i < LAGS_MAX; i++) {
        end->squares[i] = f->squares[f->rows - 1 - i];
        end->variances[i] = f->variances[f->rows - 1 - i];
    }
    return (sum + misses) / (double)f->rows / 2;
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

/* The start at which @alpha of what is next is new and @beta stays. */
static void aim(const struct fit *f, double alpha, double beta, double *x)
{
    double rest = 1 - alpha - (f->q > 0 ? beta : 0);

    memset(x, 0, MINIMIZE_MAX * sizeof(*x));
    x[0] = log(rest);
    for (size_t i = 0; i < f->p; i++)
        x[1 + i] = log(alpha / (double)f->p / rest);
    for (size_t j = 0; j < f->q; j++)
        x[1 + f->p + j] = log(beta / (double)f->q / rest);
}

/* From the likeliest of a grid of starts, as arch does. */
static int search(struct fit *f, struct garch *model)
{
    static const double alphas[] = {0.01, 0.05, 0.1, 0.2}, sums[] = {0.5, 0.7, 0.9, 0.98};
    struct minimize_function function = {miss, f};
    double best[MINIMIZE_MAX] = {0}, least = INFINITY;

    for (size_t s = 0; s < 16 && !call_step(f->call, (double)s, 64); s++) {
        double x[MINIMIZE_MAX];
        aim(f, alphas[s / 4], sums[s % 4] - alphas[s / 4], x);
        double value = miss(f, x);
        if (value < least) {
            least = value;
            memcpy(best, x, sizeof(best));
        }
    }
    if (isfinite(least))
        least = minimize_bfgs(&function, best, 1 + f->p + f->q + (size_t)f->has_mean, 300);
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

/* The rows before the first, and room for the others behind them. */
static int32_t start(struct fit *f)
{
    double weight = 1, total = 0;

    for (int64_t row = 0; row < f->rows && row < NEIGHBOURS; row++, weight *= DECAY) {
        total += weight;
        f->before += weight * f->y[row] * f->y[row];
    }
    f->before /= total;
    f->squares = call_numbers(f->call, f->rows + LAGS_MAX);
    f->variances = call_numbers(f->call, f->rows + LAGS_MAX);
    if (f->call->status)
        return f->call->status;
    for (size_t i = 0; i < LAGS_MAX; i++)
        *f->squares++ = *f->variances++ = f->before;
    return f->call->status;
}

static int32_t fit(struct call *call, void **state)
{
    static const char *const means[] = {"constant", "zero", NULL};
    struct fit f = {.call = call,
                    .p = (size_t)call_integer(call, "p", 1, 5),
                    .q = (size_t)call_integer(call, "q", 0, 5),
                    .has_mean = call_choice(call, "mean", means) == 0};
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
    model->p = f.p;
    model->q = f.q;
    if (start(&f) || search(&f, model)) {
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
