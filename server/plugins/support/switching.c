/* SPDX-License-Identifier: Apache-2.0 */
#include "support/switching.h"

#include "support/minimize.h"
#include "support/order.h"

#define K SWITCHING_REGIMES_MAX
#define LOG_ROOT_TWO_PI 0.91893853320467274178
#define LEAST_DEVIATION 1e-4 /* of the whole series' deviation: a regime is no single row */
#define ROUNDS 300
#define SETTLED 1e-9

struct fit {
    struct call *call;
    const double *z; /* the series, with mean 0 and deviation 1 */
    int64_t rows;
    int one_deviation;
    double *filtered, *smoothed; /* rows * regimes */
    struct switching model;      /* of z */
};

/* Grassmann, Taksar and Heyman (1985): no differences, so nothing cancels. */
void switching_settled(const struct switching *model, double *chances)
{
    size_t k = model->regimes;
    double p[K][K], total = 1;

    memcpy(p, model->transition, sizeof(p));
    for (size_t n = k; n-- > 1;) {
        double out = 0;
        for (size_t j = 0; j < n; j++)
            out += p[n][j];
        for (size_t i = 0; i < n; i++)
            p[i][n] /= fmax(out, 1e-300);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                p[i][j] += p[i][n] * p[n][j];
    }
    chances[0] = 1;
    for (size_t n = 1; n < k; n++) {
        chances[n] = 0;
        for (size_t i = 0; i < n; i++)
            chances[n] += chances[i] * p[i][n];
        total += chances[n];
    }
    for (size_t n = 0; n < k; n++)
        chances[n] /= total;
}

static void predict(const struct switching *model, const double *before, double *chances)
{
    for (size_t j = 0; j < model->regimes; j++) {
        chances[j] = 0;
        for (size_t i = 0; i < model->regimes; i++)
            chances[j] += before[i] * model->transition[i][j];
    }
}

/* The log of the rows' likelihood; @filtered may be NULL. NaN when cancelled. */
static double filter(struct call *call, const struct switching *model, const double *series, int64_t rows,
                     double *filtered)
{
    size_t k = model->regimes;
    double chances[K], now[K], sum = 0, level[K];

    switching_settled(model, now);
    for (size_t i = 0; i < k; i++)
        level[i] = -log(model->deviation[i]) - LOG_ROOT_TWO_PI;
    for (int64_t row = 0; row < rows; row++) {
        double density[K], most = -INFINITY, total = 0;
        if ((row & 0xffff) == 0xffff && call->host->cancelled(call->host))
            call_fail(call, MLTRAINER_CANCELLED, "", "cancelled");
        if (call->status)
            return NAN;
        predict(model, now, chances);
        for (size_t i = 0; i < k; i++) {
            double distance = (series[row] - model->mean[i]) / model->deviation[i];
            density[i] = level[i] - distance * distance / 2;
            most = fmax(most, density[i]);
        }
        for (size_t i = 0; i < k; i++)
            total += now[i] = fmax(chances[i], 1e-300) * exp(density[i] - most);
        for (size_t i = 0; i < k; i++)
            now[i] /= total;
        sum += log(total) + most;
        if (filtered)
            memcpy(filtered + (size_t)row * k, now, k * sizeof(double));
    }
    return sum;
}

/* Kim's smoother, backwards; adds the expected numbers of moves to @moves unless NULL. */
static void smooth(const struct switching *model, const double *filtered, int64_t rows, double *smoothed,
                   double moves[K][K])
{
    size_t k = model->regimes;

    memcpy(smoothed + (size_t)(rows - 1) * k, filtered + (size_t)(rows - 1) * k, k * sizeof(double));
    for (int64_t row = rows - 1; row-- > 0;) {
        const double *now = filtered + (size_t)row * k, *later = smoothed + (size_t)(row + 1) * k;
        double chances[K], *out = smoothed + (size_t)row * k;
        predict(model, now, chances);
        memset(out, 0, k * sizeof(double));
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++) {
                double both = now[i] * model->transition[i][j] * later[j] / fmax(chances[j], 1e-300);
                out[i] += both;
                if (moves)
                    moves[i][j] += both;
            }
    }
}

int32_t switching_filter(struct call *call, const struct switching *model, const double *series, int64_t rows,
                         double *filtered, double *smoothed)
{
    if (call->status)
        return call->status;
    filter(call, model, series, rows, filtered);
    if (!call->status && smoothed && rows > 0)
        smooth(model, filtered, rows, smoothed, NULL);
    return call->status;
}

/* ---- Fitting ---- */

/* Means and deviations of rows by their chances. */
static void measure(struct fit *f, const double *chances)
{
    struct switching *model = &f->model;
    size_t k = model->regimes;
    double weight[K] = {0}, sum[K] = {0}, squares[K] = {0}, all = 0;

    for (int64_t row = 0; row < f->rows; row++)
        for (size_t i = 0; i < k; i++) {
            weight[i] += chances[(size_t)row * k + i];
            sum[i] += chances[(size_t)row * k + i] * f->z[row];
        }
    for (size_t i = 0; i < k; i++)
        model->mean[i] = weight[i] > 0 ? sum[i] / weight[i] : 0;
    for (int64_t row = 0; row < f->rows; row++)
        for (size_t i = 0; i < k; i++) {
            double distance = f->z[row] - model->mean[i];
            squares[i] += chances[(size_t)row * k + i] * distance * distance;
        }
    for (size_t i = 0; i < k; i++)
        all += squares[i];
    for (size_t i = 0; i < k; i++) {
        double variance = f->one_deviation ? all / (double)f->rows : weight[i] > 0 ? squares[i] / weight[i] : 1;
        model->deviation[i] = fmax(sqrt(variance), LEAST_DEVIATION);
    }
}

static int iterate(struct fit *f)
{
    struct switching *model = &f->model;
    size_t k = model->regimes;
    double before = -INFINITY;

    for (int round = 0; round < ROUNDS && !call_step(f->call, round, 2 * ROUNDS); round++) {
        double moves[K][K] = {{0}};
        model->log_likelihood = filter(f->call, model, f->z, f->rows, f->filtered);
        if (f->call->status || model->log_likelihood - before < SETTLED * (double)f->rows)
            break;
        before = model->log_likelihood;
        smooth(model, f->filtered, f->rows, f->smoothed, moves);
        measure(f, f->smoothed);
        for (size_t i = 0; i < k; i++) {
            double total = 0;
            for (size_t j = 0; j < k; j++)
                total += moves[i][j];
            for (size_t j = 0; j < k; j++)
                model->transition[i][j] = total > 0 ? fmax(moves[i][j] / total, 1e-12) : 1 / (double)k;
        }
    }
    return f->call->status;
}

/* Rows start in the regime of their @key's quantile. */
static void start(struct fit *f, const double *key, uint32_t *indexes, uint32_t *scratch)
{
    struct switching *model = &f->model;
    size_t k = model->regimes;

    order_indexes(key, (size_t)f->rows, indexes, scratch);
    memset(f->smoothed, 0, (size_t)f->rows * k * sizeof(double));
    for (int64_t i = 0; i < f->rows; i++)
        f->smoothed[indexes[i] * k + (size_t)i * k / (size_t)f->rows] = 1;
    measure(f, f->smoothed);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            model->transition[i][j] = i == j ? 0.9 : 0.1 / (double)(k - 1);
}

/* Parameters without bounds: means, logs of deviations, logs of moves over staying. */
static size_t pack(const struct fit *f, double *x)
{
    const struct switching *model = &f->model;
    size_t k = model->regimes, n = 0;

    for (size_t i = 0; i < k; i++)
        x[n++] = model->mean[i];
    for (size_t i = 0; i < (f->one_deviation ? 1 : k); i++)
        x[n++] = log(model->deviation[i]);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            if (i != j)
                x[n++] = fmax(-20, log(model->transition[i][j] / fmax(model->transition[i][i], 1e-12)));
    return n;
}

static void unpack(const struct fit *f, const double *x, struct switching *model)
{
    size_t k = f->model.regimes, n = 0;

    model->regimes = k;
    for (size_t i = 0; i < k; i++)
        model->mean[i] = x[n++];
    for (size_t i = 0; i < k; i++)
        model->deviation[i] = exp(x[f->one_deviation ? n : n + i]);
    n += f->one_deviation ? 1 : k;
    for (size_t i = 0; i < k; i++) {
        double total = 1;
        model->transition[i][i] = 1;
        for (size_t j = 0; j < k; j++)
            if (i != j)
                total += model->transition[i][j] = exp(fmin(x[n++], 300));
        for (size_t j = 0; j < k; j++)
            model->transition[i][j] /= total;
    }
}

static double miss(void *arg, const double *x)
{
    const struct fit *f = arg;
    struct switching model = {0};

    unpack(f, x, &model);
    for (size_t i = 0; i < model.regimes; i++)
        if (!(model.deviation[i] >= LEAST_DEVIATION && model.deviation[i] < 1e6))
            return INFINITY;
    return -filter(f->call, &model, f->z, f->rows, NULL) / (double)f->rows;
}

static void sort_regimes(struct switching *model, int by_mean)
{
    const struct switching from = *model;
    size_t order[K], k = from.regimes;
    const double *key = by_mean ? from.mean : from.deviation;

    for (size_t i = 0; i < k; i++) {
        size_t at = i;
        for (; at > 0 && key[order[at - 1]] > key[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < k; i++) {
        model->mean[i] = from.mean[order[i]];
        model->deviation[i] = from.deviation[order[i]];
        for (size_t j = 0; j < k; j++)
            model->transition[i][j] = from.transition[order[i]][order[j]];
    }
}

/* Mean 0 and deviation 1; *@z is NULL when that cannot be. */
static double *standardise(struct call *call, const double *series, int64_t rows, double *mean, double *deviation)
{
    double *z = call_numbers(call, rows), squares = 0;

    *mean = 0;
    for (int64_t row = 0; row < rows; row++)
        *mean += series[row] / (double)rows;
    for (int64_t row = 0; row < rows; row++)
        squares += (series[row] - *mean) * (series[row] - *mean) / (double)rows;
    *deviation = sqrt(squares);
    if (!(*deviation > 1e-12 * fabs(*mean)) || !isfinite(*deviation))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "the series never changes");
    for (int64_t row = 0; !call->status && row < rows; row++)
        z[row] = (series[row] - *mean) / *deviation;
    return z;
}

/* Sizes as means over a few rows, to tell calm from wild. */
static void sizes_around(const double *z, int64_t rows, double *out)
{
    for (int64_t row = 0; row < rows; row++) {
        int64_t first = row > 5 ? row - 5 : 0, last = row + 5 < rows ? row + 5 : rows - 1;
        out[row] = 0;
        for (int64_t i = first; i <= last; i++)
            out[row] += z[i] * z[i] / (double)(last - first + 1);
    }
}

int32_t switching_fit(struct call *call, const double *series, int64_t rows, size_t regimes, int one_deviation,
                      struct switching *model)
{
    struct fit f = {.call = call, .rows = rows, .one_deviation = one_deviation, .model = {.regimes = regimes}};
    struct switching best = {.log_likelihood = -INFINITY};
    double mean, deviation, x[MINIMIZE_MAX];

    if (!call->status && rows < 10 * (int64_t)regimes)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than 10 for each of %zu regimes",
                  (long long)rows, regimes);
    f.filtered = call_numbers(call, rows * (int64_t)regimes);
    f.smoothed = call_numbers(call, rows * (int64_t)regimes);
    double *key = call_numbers(call, rows);
    uint32_t *indexes = call_memory(call, (size_t)rows, sizeof(*indexes)),
             *scratch = call_memory(call, (size_t)rows, sizeof(*scratch));
    if (call->status)
        return call->status;
    f.z = standardise(call, series, rows, &mean, &deviation);
    if (call->status)
        return call->status;
    sizes_around(f.z, rows, key);
    for (int attempt = 0; attempt < 2; attempt++) {
        start(&f, attempt == 0 ? f.z : key, indexes, scratch);
        if (iterate(&f))
            return call->status;
        if (f.model.log_likelihood > best.log_likelihood)
            best = f.model;
    }
    f.model = best;
    size_t count = pack(&f, x);
    struct minimize_function function = {miss, &f};
    double value = minimize_bfgs(&function, x, count, 200);
    if (call->status)
        return call->status;
    unpack(&f, x, &best);
    best.log_likelihood = -value * (double)rows - (double)rows * log(deviation);
    for (size_t i = 0; i < regimes; i++) {
        best.mean[i] = mean + deviation * best.mean[i];
        best.deviation[i] *= deviation;
    }
    sort_regimes(&best, one_deviation);
    *model = best;
    return call->status;
}
