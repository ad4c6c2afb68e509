/* SPDX-License-Identifier: Apache-2.0 */
/* Holt and Winters: level, trend and season, each an exponential mean; the weights are those of least squared errors of
 * one row ahead. It starts from the first two seasons' means, or from what is best, too.
 * Source: Hyndman, Koehler, Ord and Snyder (2008). */
#include <stdlib.h>

#include "series.h"
#include "support/minimize.h"

#define SEASON_MAX 1024
#define ESTIMATED_MAX (MINIMIZE_MAX - 6) /* beside them are four weights, level and trend */

enum kind { NONE, ADDED, MULTIPLIED };

struct weights {
    double level, trend, season, damping;
};

struct smoothing {
    uint64_t trend_kind, season_kind, period; /* period 1 without a season */
    struct weights weights;
    double level, trend, scale; /* scale: mean squared error of one row ahead */
    double season[SEASON_MAX];  /* the next row's first */
};

struct fit {
    struct call *call;
    struct smoothing start; /* what is known before the first row */
    struct smoothing moved; /* the same, where it is looked for */
    double deviation;       /* of the series: the unit in which it is moved */
    int is_damped;
    double *season; /* room for the seasons while it runs */
};

/* Level and trend together, one row on. */
static double next_level(const struct smoothing *s, double level, double trend, double damping)
{
    if (s->trend_kind == NONE)
        return level;
    return s->trend_kind == ADDED ? level + damping * trend : level * pow(trend, damping);
}

/* Through all rows; gives the sum of squared errors. @end (unless NULL) receives the state behind the last row. */
static double run(const struct fit *f, const struct smoothing *s, const struct weights *w, struct smoothing *end)
{
    size_t period = s->period, at = 0;
    double level = s->level, trend = s->trend, squares = 0, *season = f->season;

    memcpy(season, s->season, period * sizeof(double));
    for (int64_t row = 0; row < f->call->rows; row++) {
        if ((row & 0xffff) == 0xffff && f->call->host->cancelled(f->call->host))
            call_fail(f->call, MLTRAINER_CANCELLED, "", "cancelled");
        if (f->call->status)
            return INFINITY;
        double y = f->call->target[row], base = next_level(s, level, trend, w->damping), before = level;
        double adjusted = s->season_kind == ADDED ? y - season[at] : s->season_kind == MULTIPLIED ? y / season[at] : y;
        double expected = s->season_kind == ADDED        ? base + season[at]
                          : s->season_kind == MULTIPLIED ? base * season[at]
                                                         : base;
        squares += (y - expected) * (y - expected);
        level = w->level * adjusted + (1 - w->level) * base;
        if (s->trend_kind == ADDED)
            trend = w->trend * (level - before) + (1 - w->trend) * w->damping * trend;
        else if (s->trend_kind == MULTIPLIED)
            trend = w->trend * (level / before) + (1 - w->trend) * pow(trend, w->damping);
        if (s->season_kind == ADDED)
            season[at] = w->season * (y - base) + (1 - w->season) * season[at];
        else if (s->season_kind == MULTIPLIED)
            season[at] = w->season * (y / base) + (1 - w->season) * season[at];
        at = at + 1 < period ? at + 1 : 0;
    }
    if (!end)
        return squares;
    *end = *s;
    end->weights = *w;
    end->level = level;
    end->trend = trend;
    end->scale = squares / (double)f->call->rows;
    for (size_t i = 0; i < period; i++)
        end->season[i] = season[(at + i) % period];
    return squares;
}

static double share_of(double x)
{
    return 1 / (1 + exp(-x));
}

/* From numbers without bounds: the trend's weight is at most the level's, the season's at most what the level
 * leaves. */
static struct weights unpack(const struct fit *f, const double *x)
{
    struct weights w = {.damping = 1};
    size_t n = 0;

    w.level = share_of(x[n++]);
    if (f->start.trend_kind != NONE)
        w.trend = w.level * share_of(x[n++]);
    if (f->start.season_kind != NONE)
        w.season = (1 - w.level) * share_of(x[n++]);
    if (f->is_damped)
        w.damping = 0.8 + 0.195 * share_of(x[n]);
    return w;
}

static size_t weight_count(const struct fit *f)
{
    return 1 + (f->start.trend_kind != NONE) + (f->start.season_kind != NONE) + (size_t)f->is_damped;
}

static double miss(void *arg, const double *x)
{
    const struct fit *f = arg;
    struct weights w = unpack(f, x);

    return log(run(f, &f->start, &w, NULL) / (double)f->call->rows + 1e-300);
}

/* The start moved by numbers behind those of the weights: what is added by deviations, what is multiplied by shares. */
static void move_start(struct fit *f, const double *x)
{
    const struct smoothing *from = &f->start;
    size_t n = weight_count(f);

    f->moved.level = from->level + f->deviation * x[n++];
    if (from->trend_kind != NONE) {
        f->moved.trend = from->trend_kind == ADDED ? from->trend + f->deviation * x[n] : from->trend * exp(x[n]);
        n++;
    }
    for (size_t i = 0; i < from->period && from->season_kind != NONE; i++, n++)
        f->moved.season[i] =
            from->season_kind == ADDED ? from->season[i] + f->deviation * x[n] : from->season[i] * exp(x[n]);
}

static double miss_from_there(void *arg, const double *x)
{
    struct fit *f = arg;
    struct weights w = unpack(f, x);

    move_start(f, x);
    return log(run(f, &f->moved, &w, NULL) / (double)f->call->rows + 1e-300);
}

/* Weights and start together, from the best weights of the start that is known: @x has room for all. */
static void search_start(struct fit *f, double *x)
{
    struct minimize_function function = {miss_from_there, f};
    size_t count = weight_count(f) + 1 + (f->start.trend_kind != NONE) + (f->start.season_kind ? f->start.period : 0);

    f->moved = f->start;
    minimize_bfgs(&function, x, count, 500);
    move_start(f, x);
    f->start = f->moved;
}

static int32_t search(struct fit *f, int is_estimated, struct smoothing *model)
{
    static const double starts[] = {-2, 0, 2};
    size_t count = weight_count(f);
    struct minimize_function function = {miss, f};
    double best[MINIMIZE_MAX] = {0}, least = INFINITY;

    for (size_t s = 0; s < 3 && !call_step(f->call, (double)s, is_estimated ? 6 : 3); s++) {
        double x[4] = {starts[s], -1, -1, 0};
        double value = minimize_bfgs(&function, x, count, 100);
        if (value < least) {
            least = value;
            memcpy(best, x, sizeof(x));
        }
    }
    if (!f->call->status && !isfinite(least))
        call_fail(f->call, MLTRAINER_NOT_CONVERGED, "", "no weights keep the series finite");
    if (f->call->status)
        return f->call->status;
    if (is_estimated)
        search_start(f, best);
    struct weights w = unpack(f, best);
    run(f, &f->start, &w, model);
    return f->call->status;
}

/* The first season's mean; a row's share of what the second's mean is above it; the first season's rows against it. */
static void start_from(struct fit *f)
{
    struct smoothing *s = &f->start;
    const double *y = f->call->target;
    size_t period = s->period;
    double first = 0, second = 0;

    for (size_t i = 0; i < period; i++) {
        first += y[i] / (double)period;
        second += y[period + i] / (double)period;
    }
    s->level = first;
    if (s->trend_kind != NONE)
        s->trend = s->trend_kind == ADDED ? (second - first) / (double)period : pow(second / first, 1 / (double)period);
    for (size_t i = 0; i < period; i++)
        s->season[i] = s->season_kind == ADDED ? y[i] - first : s->season_kind == MULTIPLIED ? y[i] / first : 0;
}

static double deviation_of(const struct call *call)
{
    double mean = 0, squares = 0;

    for (int64_t row = 0; row < call->rows; row++)
        mean += call->target[row] / (double)call->rows;
    for (int64_t row = 0; row < call->rows; row++)
        squares += (call->target[row] - mean) * (call->target[row] - mean) / (double)call->rows;
    return sqrt(squares);
}

static int32_t fit(struct call *call, void **state)
{
    static const char *const kinds[] = {"none", "add", "mul", NULL}, *const begins[] = {"seasons", "estimated", NULL};
    struct fit *f = call_memory(call, 1, sizeof(*f));
    struct smoothing *model = call_memory(call, 1, sizeof(*model));
    size_t trend = call_choice(call, "trend", kinds), season = call_choice(call, "seasonal", kinds);
    int64_t period = call_integer(call, "seasonal_periods", 2, SEASON_MAX);
    int is_damped = call_flag(call, "damped_trend");
    int is_estimated = call_choice(call, "initialization", begins) == 1;

    if (call->status)
        return call->status;
    f->call = call;
    f->is_damped = is_damped && trend != NONE;
    f->start =
        (struct smoothing){.trend_kind = trend, .season_kind = season, .period = season == NONE ? 1 : (uint64_t)period};
    f->season = call_numbers(call, (int64_t)f->start.period);
    if (series_need(call, 2 * (int64_t)f->start.period + 4))
        return call->status;
    for (int64_t row = 0; row < call->rows && (trend == MULTIPLIED || season == MULTIPLIED); row++)
        if (!(call->target[row] > 0))
            return call_fail(call, MLTRAINER_INVALID_DATA, call->request->target,
                             "row %lld (from 0) is not above 0, and what is multiplied must be", (long long)row);
    if (is_estimated && season != NONE && period > ESTIMATED_MAX)
        return call_fail(call, MLTRAINER_INVALID_PARAMETER, "initialization",
                         "seasons of more than %d rows are too many numbers to look for", ESTIMATED_MAX);
    start_from(f);
    f->deviation = deviation_of(call);
    if (search(f, is_estimated, model))
        return call->status;
    call->host->metric(call->host, "mse", MLTRAINER_STEP_FINAL, model->scale);
    return series_keep(call, model, sizeof(*model), state);
}

/* Variances of Hyndman and others' class 1, where nothing is multiplied; else not known. */
static int32_t apply(struct call *call, const void *state)
{
    const struct smoothing *s = state;
    const struct weights *w = &s->weights;
    int is_linear = s->trend_kind != MULTIPLIED && s->season_kind != MULTIPLIED;
    double level = s->level, trend = s->trend, variance = 1, damped = 0, power = 1;

    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        double season = s->season[(uint64_t)row % s->period];
        level = next_level(s, level, trend, w->damping);
        trend = s->trend_kind == ADDED ? w->damping * trend : s->trend_kind == MULTIPLIED ? pow(trend, w->damping) : 0;
        call->out[0][row] = s->season_kind == ADDED        ? level + season
                            : s->season_kind == MULTIPLIED ? level * season
                                                           : level;
        call->out[1][row] = is_linear ? sqrt(s->scale * variance) : NAN;
        power *= w->damping;
        damped += power;
        double response = w->level * (1 + (s->trend_kind == ADDED ? w->trend * damped : 0)) +
                          ((uint64_t)(row + 1) % s->period == 0 ? w->season : 0);
        variance += response * response;
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct smoothing *s = state;

    artifact_put_u64(writer, s->trend_kind);
    artifact_put_u64(writer, s->season_kind);
    artifact_put_u64(writer, s->period);
    artifact_put_doubles(writer, &s->weights.level, 4);
    artifact_put_doubles(writer, &s->level, 3);
    artifact_put_doubles(writer, s->season, s->period);
}

static void *restore(struct artifact_reader *reader, size_t feature_count)
{
    struct smoothing s = {.trend_kind = artifact_take_u64(reader)};

    s.season_kind = artifact_take_u64(reader);
    s.period = artifact_take_u64(reader);
    if (reader->failed || s.trend_kind > MULTIPLIED || s.season_kind > MULTIPLIED || s.period < 1 ||
        s.period > SEASON_MAX)
        return NULL;
    artifact_take_doubles(reader, &s.weights.level, 4);
    artifact_take_doubles(reader, &s.level, 3);
    artifact_take_doubles(reader, s.season, s.period);
    if (reader->failed || s.scale < 0 || s.weights.damping < 0 || s.weights.damping > 1)
        return NULL;
    return series_copy(&s, sizeof(s));
}

LEARNER(exponential_smoothing, .task = LEARNER_NUMBERS, .is_series = 1, .outputs = {"prediction", "deviation"},
        .fit = fit, .apply = apply, .save = save, .restore = restore, .release = free);
