/* SPDX-License-Identifier: Apache-2.0 */
/* Differences of a series as an ARMA process with a season, by exact maximum likelihood.
 * Source: Box and Jenkins (1970); Durbin and Koopman (2012), 3.4. */
#include <stdlib.h>

#include "arma.h"
#include "series.h"
#include "support/minimize.h"

struct order {
    size_t p, d, q, P, D, Q, season;
    int has_mean;
};

/* What is known when a series has been learned: how it goes on. */
struct arima {
    uint64_t ar_count, ma_count, difference_count, state_count;
    double mean, scale;                /* of the differenced series; variance of its innovations */
    double ar[ARMA_LAGS_MAX], ma[ARMA_LAGS_MAX];
    double expected[ARMA_STATE_MAX];
    double difference[ARMA_LAGS_MAX];  /* y[t] = sum difference[i] y[t-1-i] + what the process gives */
    double last[ARMA_LAGS_MAX];        /* y, the last first */
};

struct fit {
    struct call *call;
    struct order order;
    const double *w; /* the differenced series, less its mean, over its deviation */
    double *z;
    int64_t rows;
    struct arma_room *room;
};

static size_t read_part(struct call *call, const char *name, const double *list, size_t i, size_t most)
{
    if (!(list[i] >= 0 && list[i] <= (double)most && list[i] == floor(list[i]))) {
        call_fail(call, MLTRAINER_INVALID_PARAMETER, name, "entry %zu is %g: a whole number up to %zu", i, list[i],
                  most);
        return 0;
    }
    return (size_t)list[i];
}

static struct order read_order(struct call *call)
{
    static const char *const trends[] = {"auto", "none", "mean", NULL};
    size_t count, seasonal_count, trend = call_choice(call, "trend", trends);
    const double *plain = call_list(call, "order", 3, &count),
                 *seasonal = call_list(call, "seasonal_order", 4, &seasonal_count);

    if (!call->status && (count != 3 || seasonal_count != 4))
        call_fail(call, MLTRAINER_INVALID_PARAMETER, count != 3 ? "order" : "seasonal_order",
                  "order has three entries, seasonal_order four");
    if (call->status)
        return (struct order){0};
    struct order o = {.p = read_part(call, "order", plain, 0, ARMA_ORDER_MAX),
                      .d = read_part(call, "order", plain, 1, 2),
                      .q = read_part(call, "order", plain, 2, ARMA_ORDER_MAX),
                      .P = read_part(call, "seasonal_order", seasonal, 0, 4),
                      .D = read_part(call, "seasonal_order", seasonal, 1, 2),
                      .Q = read_part(call, "seasonal_order", seasonal, 2, 4),
                      .season = read_part(call, "seasonal_order", seasonal, 3, ARMA_LAGS_MAX)};
    o.has_mean = trend == 2 || (trend == 0 && o.d + o.D == 0);
    if (!call->status && o.P + o.D + o.Q > 0 && o.season < 2)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "seasonal_order", "a season has 2 rows or more");
    size_t lags = o.p + o.P * o.season, errors = o.q + o.Q * o.season, differences = o.d + o.D * o.season;
    if (!call->status && (lags > ARMA_LAGS_MAX || errors > ARMA_LAGS_MAX || differences > ARMA_LAGS_MAX))
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "seasonal_order", "more than %d rows back", ARMA_LAGS_MAX);
    return o;
}

/* (1 - B)^d (1 - B^season)^D as a list. */
static size_t differences_of(const struct order *o, double *out)
{
    const double one = 1;
    double before[ARMA_LAGS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < o->d + o->D; i++) {
        memcpy(before, out, count * sizeof(double));
        count = arma_multiply(before, count, &one, 1, i < o->d ? 1 : o->season, out);
    }
    return count;
}

/* x: AR, seasonal AR, MA, seasonal MA as numbers without bounds, then the mean. */
static void unpack(const struct order *o, const double *x, struct arma *arma, double *mean)
{
    double plain[ARMA_ORDER_MAX], seasonal[ARMA_ORDER_MAX];

    arma_settle(x, o->p, plain);
    arma_settle(x + o->p, o->P, seasonal);
    arma->ar_count = arma_multiply(plain, o->p, seasonal, o->P, o->season, arma->ar);
    arma_settle(x + o->p + o->P, o->q, plain);
    arma_settle(x + o->p + o->P + o->q, o->Q, seasonal);
    arma->ma_count = arma_multiply(plain, o->q, seasonal, o->Q, o->season, arma->ma);
    for (size_t i = 0; i < arma->ma_count; i++)
        arma->ma[i] = -arma->ma[i];
    *mean = o->has_mean ? x[o->p + o->P + o->q + o->Q] : 0;
}

static const double *less_mean(const struct fit *f, double mean)
{
    for (int64_t i = 0; i < f->rows; i++)
        f->z[i] = f->w[i] - mean;
    return f->z;
}

static double miss(void *arg, const double *x)
{
    const struct fit *f = arg;
    struct arma arma;
    double mean;

    unpack(&f->order, x, &arma, &mean);
    return -arma_likelihood(f->call, f->room, &arma, less_mean(f, mean), f->rows, NULL, NULL) / (double)f->rows;
}

#define ROUNDS_TO_CHOOSE 6
#define ROUNDS 100

/* A few rounds from a few starts; the best goes on. */
static double search(struct fit *f, double *best)
{
    static const double starts[][2] = {{0.05, 0.0}, {0.6, -0.3}, {-0.3, 0.5}};
    const struct order *o = &f->order;
    size_t lags = o->p + o->P, count = lags + o->q + o->Q + (size_t)o->has_mean;
    struct minimize_function function = {miss, f};
    double least = INFINITY;

    for (size_t s = 0; s < 3 && !call_step(f->call, (double)s, 6); s++) {
        double x[MINIMIZE_MAX] = {0};
        for (size_t i = 0; i < lags + o->q + o->Q; i++)
            x[i] = i < lags ? starts[s][0] : starts[s][1];
        double value = minimize_bfgs(&function, x, count, ROUNDS_TO_CHOOSE);
        if (value < least) {
            least = value;
            memcpy(best, x, count * sizeof(double));
        }
    }
    return f->call->status || !isfinite(least) ? INFINITY : minimize_bfgs(&function, best, count, ROUNDS);
}

/* The series differenced, and how to undo it. */
static double *difference(struct call *call, const struct order *o, struct arima *model)
{
    size_t lags = differences_of(o, model->difference), parameters = o->p + o->q + o->P + o->Q + (size_t)o->has_mean;
    double *w = call_numbers(call, call->rows);

    model->difference_count = lags;
    if (!call->status && call->rows < (int64_t)(lags + 2 * parameters + 3))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than %zu", (long long)call->rows,
                  lags + 2 * parameters + 3);
    for (int64_t row = (int64_t)lags; !call->status && row < call->rows; row++) {
        double value = call->target[row];
        for (size_t i = 0; i < lags; i++)
            value -= model->difference[i] * call->target[row - 1 - (int64_t)i];
        w[row - (int64_t)lags] = value;
    }
    for (size_t i = 0; i < lags && !call->status; i++)
        model->last[i] = call->target[call->rows - 1 - (int64_t)i];
    return w;
}

/* To mean 0 (when the process has one) and deviation 1. */
static int standardise(struct fit *f, double *w, double *mean, double *deviation)
{
    double squares = 0, size = 0;

    *mean = 0;
    for (int64_t i = 0; i < f->rows && f->order.has_mean; i++)
        *mean += w[i] / (double)f->rows;
    for (int64_t i = 0; i < f->rows; i++) {
        squares += (w[i] - *mean) * (w[i] - *mean) / (double)f->rows;
        size = fmax(size, fabs(w[i]));
    }
    *deviation = sqrt(squares);
    if (!(*deviation > 1e-10 * size) || !isfinite(*deviation))
        return call_fail(f->call, MLTRAINER_INVALID_DATA, f->call->request->target,
                         "the (differenced) series never changes");
    for (int64_t i = 0; i < f->rows; i++)
        w[i] = (w[i] - *mean) / *deviation;
    return 0;
}

static int32_t fit(struct call *call, void **state)
{
    struct arima model = {0};
    struct fit f = {.call = call, .order = read_order(call)};
    double x[MINIMIZE_MAX] = {0}, mean, deviation, shift, scale;
    struct arma arma;
    struct arma_state last;

    if (call->status)
        return call->status;
    double *w = difference(call, &f.order, &model);
    f.w = w;
    f.rows = call->rows - (int64_t)model.difference_count;
    f.z = call_numbers(call, call->rows);
    f.room = call_memory(call, 1, sizeof(*f.room));
    if (call->status || standardise(&f, w, &mean, &deviation))
        return call->status;
    double value = search(&f, x);
    if (!call->status && !isfinite(value))
        call_fail(call, MLTRAINER_NOT_CONVERGED, "", "no process of this order was found");
    if (call->status)
        return call->status;
    unpack(&f.order, x, &arma, &shift);
    double likelihood = arma_likelihood(call, f.room, &arma, less_mean(&f, shift), f.rows, &scale, &last);
    if (call->status)
        return call->status;
    model.ar_count = arma.ar_count;
    model.ma_count = arma.ma_count;
    memcpy(model.ar, arma.ar, arma.ar_count * sizeof(double));
    memcpy(model.ma, arma.ma, arma.ma_count * sizeof(double));
    model.state_count = last.count;
    for (size_t i = 0; i < last.count; i++)
        model.expected[i] = deviation * last.expected[i];
    model.mean = mean + deviation * shift;
    model.scale = scale * deviation * deviation;
    call->host->metric(call->host, "log_likelihood", MLTRAINER_STEP_FINAL,
                       likelihood - (double)f.rows * log(deviation));
    return series_keep(call, &model, sizeof(model), state);
}

/* What an innovation does to the rows from its own on. */
static double *responses(struct call *call, const struct arima *m)
{
    double all[2 * ARMA_LAGS_MAX], *psi = call_numbers(call, call->rows);
    size_t count = arma_multiply(m->ar, m->ar_count, m->difference, m->difference_count, 1, all);

    for (int64_t t = 0; !call->status && t < call->rows; t++) {
        psi[t] = t == 0 ? 1 : t <= (int64_t)m->ma_count ? m->ma[t - 1] : 0;
        for (size_t i = 0; i < count && (int64_t)i < t; i++)
            psi[t] += all[i] * psi[t - 1 - (int64_t)i];
        if (call_step_row(call, t, call->rows))
            break;
    }
    return psi;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct arima *m = state;
    double *psi = responses(call, m), *process = call_numbers(call, call->rows), variance = 0;

    for (int64_t t = 0; !call->status && t < call->rows; t++) {
        process[t] = t < (int64_t)m->state_count ? m->expected[t] : 0;
        for (size_t i = 0; i < m->ar_count && (int64_t)i < t; i++)
            process[t] += m->ar[i] * process[t - 1 - (int64_t)i];
        double value = m->mean + process[t];
        for (size_t i = 0; i < m->difference_count; i++) {
            int64_t back = t - 1 - (int64_t)i;
            value += m->difference[i] * (back >= 0 ? call->out[0][back] : m->last[-back - 1]);
        }
        variance += psi[t] * psi[t];
        call->out[0][t] = value;
        call->out[1][t] = sqrt(m->scale * variance);
        if (call_step_row(call, t, call->rows))
            break;
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct arima *m = state;

    artifact_put_u64(writer, m->ar_count);
    artifact_put_u64(writer, m->ma_count);
    artifact_put_u64(writer, m->difference_count);
    artifact_put_u64(writer, m->state_count);
    artifact_put_double(writer, m->mean);
    artifact_put_double(writer, m->scale);
    artifact_put_doubles(writer, m->ar, m->ar_count);
    artifact_put_doubles(writer, m->ma, m->ma_count);
    artifact_put_doubles(writer, m->expected, m->state_count);
    artifact_put_doubles(writer, m->difference, m->difference_count);
    artifact_put_doubles(writer, m->last, m->difference_count);
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    struct arima m = {0};

    m.ar_count = artifact_take_u64(reader);
    m.ma_count = artifact_take_u64(reader);
    m.difference_count = artifact_take_u64(reader);
    m.state_count = artifact_take_u64(reader);
    m.mean = artifact_take_double(reader);
    m.scale = artifact_take_double(reader);
    if (reader->failed || m.ar_count > ARMA_LAGS_MAX || m.ma_count > ARMA_LAGS_MAX ||
        m.difference_count > ARMA_LAGS_MAX || m.scale < 0 ||
        m.state_count != (m.ar_count > m.ma_count + 1 ? m.ar_count : m.ma_count + 1))
        return NULL;
    artifact_take_doubles(reader, m.ar, m.ar_count);
    artifact_take_doubles(reader, m.ma, m.ma_count);
    artifact_take_doubles(reader, m.expected, m.state_count);
    artifact_take_doubles(reader, m.difference, m.difference_count);
    artifact_take_doubles(reader, m.last, m.difference_count);
    return reader->failed ? NULL : series_copy(&m, sizeof(m));
}

LEARNER(arima, .task = LEARNER_NUMBERS, .is_series = 1, .outputs = {"prediction", "deviation"}, .fit = fit,
        .apply = apply, .save = save, .restore = restore, .release = free);
