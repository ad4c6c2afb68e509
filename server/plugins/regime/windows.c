/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of returns as points: their mean and deviation or other figures, each less its mean over its deviation. */
#include <string.h>

#include "gaussians.h"
#include "support/rolling.h"

#define FEATURES 2 /* mean and deviation */
#define FEATURES_MAX 4
#define REGIMES_MAX 16

struct windows {
    int64_t first, count; /* the row of the first whole window; rows from there */
    size_t regimes, width;
    double *mean, *deviation; /* a row each */
    double *points;           /* count * width */
};

static void standardise(struct call *call, struct windows *w, const double *values, size_t feature)
{
    double mean = 0, squares = 0;

    for (int64_t i = 0; i < w->count; i++)
        mean += values[i] / (double)w->count;
    for (int64_t i = 0; i < w->count; i++)
        squares += (values[i] - mean) * (values[i] - mean) / (double)w->count;
    if (!(squares > 1e-24))
        call_fail(call, MLTRAINER_INVALID_DATA, "close", "all windows are the same");
    for (int64_t i = 0; i < w->count; i++)
        w->points[(size_t)i * w->width + feature] = (values[i] - mean) / sqrt(squares);
}

/* Mean cube of the window's deviations over the cube of their root mean square; 0 where nothing changes. */
static double skewness(const double *x, int64_t count, double mean)
{
    double squares = 0, cubes = 0;

    for (int64_t i = 0; i < count; i++) {
        double d = x[i] - mean;
        squares += d * d / (double)count;
        cubes += d * d * d / (double)count;
    }
    return squares > 0 ? cubes / (squares * sqrt(squares)) : 0;
}

/* Products of neighbours over squares: the first autocorrelation; 0 where nothing changes. */
static double autocorrelation(const double *x, int64_t count, double mean)
{
    double squares = 0, products = 0;

    for (int64_t i = 0; i < count; i++) {
        squares += (x[i] - mean) * (x[i] - mean);
        products += i > 0 ? (x[i] - mean) * (x[i - 1] - mean) : 0;
    }
    return squares > 0 ? products / squares : 0;
}

/* Windows of @window returns that end with the rows from w->first on. */
static int start_windows(struct call *call, struct windows *w, int64_t window, const double *returns)
{
    w->regimes = (size_t)call_integer(call, "n_regimes", 1, REGIMES_MAX);
    w->first = window;
    w->count = call->rows - window;
    if (!call->status && w->count < 2 * (int64_t)w->regimes)
        call_fail(call, MLTRAINER_INVALID_DATA, "",
                  "%lld rows are fewer than 2 windows of %lld for each of %zu regimes", (long long)call->rows,
                  (long long)window, w->regimes);
    w->mean = call_numbers(call, call->rows);
    w->deviation = call_numbers(call, call->rows);
    w->points = call_numbers(call, w->count * (int64_t)w->width);
    if (!call->status)
        rolling_deviation(returns, call->rows, window, 1, w->mean, w->deviation);
    return call->status;
}

static int read_windows(struct call *call, struct windows *w)
{
    int64_t window = call_window(call, "window", 2);
    double *returns = regime_returns(call);

    w->width = FEATURES;
    if (start_windows(call, w, window, returns))
        return call->status;
    standardise(call, w, w->mean + w->first, 0);
    standardise(call, w, w->deviation + w->first, 1);
    return call->status;
}

/* One figure of every window into @values. */
static void measure_windows(struct call *call, const struct windows *w, const double *returns, int64_t window,
                            double (*figure)(const double *x, int64_t count, double mean), double *values)
{
    for (int64_t i = 0; i < w->count; i++) {
        if (((i & 1023) == 0 || window > 4096) && call_step(call, (double)i, 4 * (double)w->count))
            return;
        values[i] = figure(returns + w->first + i - window + 1, window, w->mean[w->first + i]);
    }
}

/* The figures that the caller names. */
static int read_chosen_windows(struct call *call, struct windows *w)
{
    static const char *const known[] = {"mean", "deviation", "skewness", "autocorrelation"};
    size_t chosen = 0;
    const char *const *names = call_texts(call, "features", FEATURES_MAX, &w->width);
    int64_t window = call_window(call, "window", 2);
    double *returns = regime_returns(call);

    if (call->status || start_windows(call, w, window, returns))
        return call->status;
    double *values = call_numbers(call, w->count);
    for (size_t feature = 0; feature < w->width && !call->status; feature++) {
        size_t which = 0;
        while (which < FEATURES_MAX && strcmp(known[which], names[feature]) != 0)
            which++;
        if (which == FEATURES_MAX || chosen & 1U << which)
            return call_fail(call, MLTRAINER_INVALID_PARAMETER, "features", "\"%.64s\" %s", names[feature],
                             which == FEATURES_MAX ? "is not known" : "is there twice");
        chosen |= 1U << which;
        if (which > 1)
            measure_windows(call, w, returns, window, which == 2 ? skewness : autocorrelation, values);
        standardise(call, w, which > 1 ? values : which ? w->deviation + w->first : w->mean + w->first, feature);
    }
    return call->status;
}

/* Where each group comes in the order of its deviation. */
static void places_of(const double *centres, size_t count, size_t *place)
{
    for (size_t i = 0; i < count; i++) {
        place[i] = 0;
        for (size_t j = 0; j < count; j++)
            place[i] += centres[j * FEATURES + 1] < centres[i * FEATURES + 1];
    }
}

static void show(struct call *call, const struct windows *w, int64_t row, size_t regime, double value)
{
    int known = row >= w->first;

    call->out[0][row] = known ? (double)regime : NAN;
    call->out[1][row] = known ? value : NAN;
    call->out[2][row] = w->mean[row];
    call->out[3][row] = w->deviation[row];
}

/* Where each group comes in the order of its windows' mean deviation. */
static void places_of_groups(const struct windows *w, const uint32_t *labels, size_t *place)
{
    double sums[REGIMES_MAX] = {0}, counts[REGIMES_MAX] = {0};

    for (int64_t i = 0; i < w->count; i++) {
        sums[labels[i]] += w->deviation[w->first + i];
        counts[labels[i]] += 1;
    }
    for (size_t i = 0; i < w->regimes; i++) {
        place[i] = 0;
        for (size_t j = 0; j < w->regimes; j++)
            place[i] += sums[j] * counts[i] < sums[i] * counts[j];
    }
}

static double distance(const double *a, const double *b, size_t width)
{
    double squares = 0;

    for (size_t i = 0; i < width; i++)
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(squares);
}

static int32_t fill_groups(struct call *call)
{
    struct windows w;
    int64_t starts = call_integer(call, "n_init", 1, 1000);
    size_t place[REGIMES_MAX];
    double centres[REGIMES_MAX * FEATURES_MAX];

    if (read_chosen_windows(call, &w))
        return call->status;
    uint32_t *labels = call_memory(call, (size_t)w.count, sizeof(*labels));
    if (groups_find(call, w.points, w.count, w.width, w.regimes, starts, 0, labels, centres))
        return call->status;
    places_of_groups(&w, labels, place);
    for (int64_t row = 0; row < call->rows; row++) {
        size_t at = row < w.first ? 0 : labels[row - w.first];
        const double *point = w.points + (row < w.first ? 0 : (size_t)(row - w.first) * w.width);
        show(call, &w, row, place[at], distance(point, centres + at * w.width, w.width));
    }
    return call->status;
}

TABULAR(window_groups, .inputs = {"close"}, .outputs = {"regime", "distance", "mean", "deviation"},
        .fill = fill_groups);

/* ---- Mixture: expectation and maximisation. Dempster, Laird and Rubin (1977) ---- */

struct mixture {
    struct gaussians parts;
    double weight[REGIMES_MAX];
    double numbers[REGIMES_MAX * (1 + FEATURES + 2 * FEATURES * FEATURES)];
};

/* Chances of the parts at each point; gives the mean log of the likelihood. */
static double expect(const struct mixture *m, const struct windows *w, double *chances)
{
    size_t k = w->regimes;
    double sum = 0;

    gaussians_log_density(&m->parts, w->points, w->count, chances);
    for (int64_t row = 0; row < w->count; row++) {
        double *now = chances + (size_t)row * k, most = -INFINITY, total = 0;
        for (size_t i = 0; i < k; i++)
            most = fmax(most, now[i] += log(fmax(m->weight[i], 1e-300)));
        for (size_t i = 0; i < k; i++)
            total += now[i] = exp(now[i] - most);
        for (size_t i = 0; i < k; i++)
            now[i] /= total;
        sum += (most + log(total)) / (double)w->count;
    }
    return sum;
}

static double iterate(struct call *call, struct mixture *m, const struct windows *w, double *chances)
{
    int64_t rounds = call_integer(call, "max_iter", 1, 100000);
    double tolerance = call_number_within(call, "tol", 0, 1), likelihood = -INFINITY;

    for (int64_t round = 0; round < rounds && !call_step(call, (double)round, (double)rounds); round++) {
        double before = likelihood;
        likelihood = expect(m, w, chances);
        if (likelihood - before <= tolerance && round > 0)
            break;
        memset(m->weight, 0, sizeof(m->weight));
        for (int64_t row = 0; row < w->count; row++)
            for (size_t i = 0; i < w->regimes; i++)
                m->weight[i] += chances[(size_t)row * w->regimes + i] / (double)w->count;
        if (gaussians_update(&m->parts, w->points, w->count, chances))
            call_fail(call, MLTRAINER_INVALID_DATA, "close", "a regime's covariance became singular");
    }
    return likelihood;
}

static int32_t fill_mixture(struct call *call)
{
    struct windows w;
    struct mixture m = {.parts = {.features = FEATURES, .shape = GAUSSIANS_FULL, .floor = 1e-6}}, best = m;
    int64_t starts = call_integer(call, "n_init", 1, 1000);
    double most = -INFINITY;
    size_t place[REGIMES_MAX];

    if (read_windows(call, &w))
        return call->status;
    double *chances = call_numbers(call, w.count * (int64_t)w.regimes);
    m.parts.count = w.regimes;
    gaussians_bind(&m.parts, m.numbers);
    for (int64_t i = 0; i < starts && !call->status; i++) {
        call_part(call, (double)i / (double)starts, (double)(i + 1) / (double)starts);
        for (size_t part = 0; part < w.regimes; part++)
            m.weight[part] = 1 / (double)w.regimes;
        if (gaussians_start(call, &m.parts, w.points, w.count, (uint64_t)i))
            return call->status;
        double likelihood = iterate(call, &m, &w, chances);
        if (!call->status && likelihood > most) {
            most = likelihood;
            best = m;
        }
    }
    if (call->status)
        return call->status;
    gaussians_bind(&best.parts, best.numbers);
    expect(&best, &w, chances);
    places_of(best.parts.means, w.regimes, place);
    for (int64_t row = 0; row < call->rows; row++) {
        const double *now = chances + (row < w.first ? 0 : (size_t)(row - w.first) * w.regimes);
        size_t at = 0;
        for (size_t i = 1; i < w.regimes; i++)
            at = now[i] > now[at] ? i : at;
        show(call, &w, row, place[at], now[at]);
    }
    return call->status;
}

TABULAR(window_mixture, .inputs = {"close"}, .outputs = {"regime", "probability", "mean", "deviation"},
        .fill = fill_mixture);
