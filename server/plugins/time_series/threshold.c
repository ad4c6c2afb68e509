/* SPDX-License-Identifier: Apache-2.0 */
/* Two autoregressions with constants; which of them gives a row is told by the row @delay before it: above the
 * threshold or not. Source: Tong (1990); the search by least squares as Hansen (2000). */
#include <stdlib.h>

#include "series.h"
#include "support/cholesky.h"
#include "support/order.h"

#define LAGS_MAX 20
#define P (LAGS_MAX + 1)

struct threshold {
    uint64_t lags, delay;
    double threshold;
    double weights[2][P]; /* constant, then lag 1 and so on; below, above */
    double deviation[2];
    double last[2 * LAGS_MAX]; /* the last rows, the last first */
};

/* Sums of products of a regime's rows: (1, lags, y). */
struct products {
    double xx[P * P], xy[P], yy, count;
};

struct fit {
    struct call *call;
    size_t lags, delay, width; /* width: lags + 1 */
    int64_t first;             /* the first row with all that is before it */
    double scale, mean;        /* the series' */
    double *z;                 /* (series - mean) / scale */
};

static void add(const struct fit *f, int64_t row, double sign, struct products *s)
{
    double x[P] = {1}, y = f->z[row];

    for (size_t i = 1; i < f->width; i++)
        x[i] = f->z[row - (int64_t)i];
    for (size_t i = 0; i < f->width; i++) {
        s->xy[i] += sign * x[i] * y;
        for (size_t j = 0; j <= i; j++)
            s->xx[i * f->width + j] += sign * x[i] * x[j];
    }
    s->yy += sign * y * y;
    s->count += sign;
}

/* Squares that are left by the regime's regression; INFINITY when there is none. */
static double regress(const struct fit *f, const struct products *s, double *weights)
{
    double factor[P * P], sum = s->yy;

    if (s->count < (double)f->width + 2)
        return INFINITY;
    memcpy(factor, s->xx, sizeof(factor));
    if (cholesky_factor(factor, f->width))
        return INFINITY;
    memcpy(weights, s->xy, f->width * sizeof(double));
    cholesky_solve(factor, f->width, weights);
    for (size_t i = 0; i < f->width; i++)
        sum -= weights[i] * s->xy[i];
    return fmax(sum, 0);
}

/* The threshold (of z) with the least squares left, each regime with at least @trim of the rows. */
static double search(struct fit *f, double trim)
{
    int64_t count = f->call->rows - f->first;
    double *before = call_numbers(f->call, count), best = NAN, least = INFINITY, weights[P];
    uint32_t *order = call_memory(f->call, (size_t)count, sizeof(*order)),
             *scratch = call_memory(f->call, (size_t)count, sizeof(*scratch));
    struct products below = {.count = 0}, above = {.count = 0};

    if (f->call->status)
        return NAN;
    for (int64_t i = 0; i < count; i++) {
        before[i] = f->z[f->first + i - (int64_t)f->delay];
        add(f, f->first + i, 1, &above);
    }
    order_indexes(before, (size_t)count, order, scratch);
    for (int64_t i = 0; i + 1 < count; i++) {
        double share = (double)(i + 1) / (double)count;
        add(f, f->first + order[i], 1, &below);
        add(f, f->first + order[i], -1, &above);
        if (call_step_row(f->call, i, count))
            break;
        if (share < trim || share > 1 - trim || before[order[i]] == before[order[i + 1]])
            continue;
        double squares = regress(f, &below, weights) + regress(f, &above, weights);
        if (squares < least) {
            least = squares;
            best = before[order[i]];
        }
    }
    if (!f->call->status && isnan(best))
        call_fail(f->call, MLTRAINER_INVALID_DATA, f->call->request->target,
                  "no threshold leaves both regimes enough rows");
    return best;
}

static int standardise(struct fit *f)
{
    double squares = 0;

    for (int64_t row = 0; row < f->call->rows; row++)
        f->mean += f->call->target[row] / (double)f->call->rows;
    for (int64_t row = 0; row < f->call->rows; row++)
        squares += (f->call->target[row] - f->mean) * (f->call->target[row] - f->mean) / (double)(f->call->rows - 1);
    f->scale = sqrt(squares);
    f->z = call_numbers(f->call, f->call->rows);
    if (!f->call->status && !(f->scale > 1e-12 * fabs(f->mean)))
        call_fail(f->call, MLTRAINER_INVALID_DATA, f->call->request->target, "the series never changes");
    for (int64_t row = 0; row < f->call->rows && !f->call->status; row++)
        f->z[row] = (f->call->target[row] - f->mean) / f->scale;
    return f->call->status;
}

/* Both regressions at threshold @z, in the series' own units, into @model. */
static int settle(const struct fit *f, double z, struct threshold *model)
{
    struct products regimes[2] = {{.count = 0}, {.count = 0}};

    for (int64_t row = f->first; row < f->call->rows; row++)
        add(f, row, 1, &regimes[f->z[row - (int64_t)f->delay] > z]);
    model->threshold = f->mean + f->scale * z;
    for (int side = 0; side < 2; side++) {
        double sum = 0, squares = regress(f, &regimes[side], model->weights[side]);
        if (!isfinite(squares))
            return call_fail(f->call, MLTRAINER_INVALID_DATA, f->call->request->target,
                             "%.0f rows %s the threshold do not make a regression", regimes[side].count,
                             side ? "above" : "not above");
        for (size_t i = 1; i < f->width; i++)
            sum += model->weights[side][i];
        model->weights[side][0] = f->scale * model->weights[side][0] + f->mean * (1 - sum);
        model->deviation[side] = f->scale * sqrt(squares / (regimes[side].count - (double)f->width));
    }
    return 0;
}

static int32_t fit(struct call *call, void **state)
{
    struct fit f = {.call = call,
                    .lags = (size_t)call_integer(call, "order", 1, LAGS_MAX),
                    .delay = (size_t)call_integer(call, "delay", 1, LAGS_MAX)};
    double threshold = call_number_within(call, "threshold", -10, 10),
           trim = call_number_within(call, "trim", 0.01, 0.49);
    int is_searched = call_flag(call, "search");
    struct threshold model = {.lags = f.lags, .delay = f.delay};

    f.width = f.lags + 1;
    f.first = (int64_t)(f.lags > f.delay ? f.lags : f.delay);
    if (series_need(call, f.first + 2 * (int64_t)f.width + 6) || standardise(&f))
        return call->status;
    if (is_searched)
        threshold = search(&f, trim);
    if (call->status || settle(&f, threshold, &model))
        return call->status;
    for (int64_t i = 0; i < f.first; i++)
        model.last[i] = call->target[call->rows - 1 - i];
    call->host->metric(call->host, "threshold", MLTRAINER_STEP_FINAL, model.threshold);
    return series_keep(call, &model, sizeof(model), state);
}

/* Each row by the rows before it, as if no noise came: the skeleton. The deviation is that of the regime, one row
 * ahead. */
static int32_t apply(struct call *call, const void *state)
{
    const struct threshold *m = state;
    const double *out = call->out[0];

    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        int64_t back = row - (int64_t)m->delay;
        int side = (back >= 0 ? out[back] : m->last[-back - 1]) > m->threshold;
        double value = m->weights[side][0];
        for (size_t i = 1; i <= m->lags; i++) {
            back = row - (int64_t)i;
            value += m->weights[side][i] * (back >= 0 ? out[back] : m->last[-back - 1]);
        }
        call->out[0][row] = value;
        call->out[1][row] = m->deviation[side];
        call->out[2][row] = side;
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct threshold *m = state;

    artifact_put_u64(writer, m->lags);
    artifact_put_u64(writer, m->delay);
    artifact_put_double(writer, m->threshold);
    for (int side = 0; side < 2; side++)
        artifact_put_doubles(writer, m->weights[side], m->lags + 1);
    artifact_put_doubles(writer, m->deviation, 2);
    artifact_put_doubles(writer, m->last, m->lags > m->delay ? m->lags : m->delay);
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    struct threshold m = {.lags = artifact_take_u64(reader)};

    m.delay = artifact_take_u64(reader);
    m.threshold = artifact_take_double(reader);
    if (reader->failed || m.lags < 1 || m.lags > LAGS_MAX || m.delay < 1 || m.delay > LAGS_MAX)
        return NULL;
    for (int side = 0; side < 2; side++)
        artifact_take_doubles(reader, m.weights[side], m.lags + 1);
    artifact_take_doubles(reader, m.deviation, 2);
    artifact_take_doubles(reader, m.last, m.lags > m.delay ? m.lags : m.delay);
    return reader->failed || m.deviation[0] < 0 || m.deviation[1] < 0 ? NULL : series_copy(&m, sizeof(m));
}

LEARNER(threshold, .task = LEARNER_NUMBERS, .is_series = 1, .outputs = {"prediction", "deviation", "regime"},
        .fit = fit, .apply = apply, .save = save, .restore = restore, .release = free);
