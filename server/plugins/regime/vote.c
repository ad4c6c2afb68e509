/* SPDX-License-Identifier: Apache-2.0 */
/* Several detectors each rank a row from calm (0) to wild; their votes decide. */
#include "segments.h"
#include "support/breaks.h"
#include "support/order.h"
#include "support/rolling.h"
#include "support/switching.h"

#define DETECTORS_MAX 4

struct market {
    int64_t first, count; /* the first row with a whole window; rows from there */
    int64_t window;
    size_t regimes;
    const double *returns, *deviation; /* from row first on */
};

/* Regimes that a Markov chain switches, all rows known. */
static void detect_hmm(struct call *call, const struct market *m, uint32_t *labels)
{
    double *filtered = call_numbers(call, m->count * (int64_t)m->regimes),
           *smoothed = call_numbers(call, m->count * (int64_t)m->regimes);
    struct switching model;

    if (switching_fit(call, m->returns, m->count, m->regimes, 0, &model) ||
        switching_filter(call, &model, m->returns, m->count, filtered, smoothed))
        return;
    for (int64_t i = 0; i < m->count; i++)
        labels[i] = (uint32_t)switching_likeliest(smoothed + (size_t)i * m->regimes, m->regimes);
}

/* Segments of the returns' sizes, at the penalty of Schwarz's criterion, grouped by their root mean squares. */
static void detect_segments(struct call *call, const struct market *m, uint32_t *labels)
{
    double *sizes = call_numbers(call, m->count), mean = 0, variance = 0;
    int64_t *segment = call_memory(call, (size_t)m->count, sizeof(*segment)), start = 0;

    if (call->status)
        return;
    for (int64_t i = 0; i < m->count; i++)
        mean += (sizes[i] = fabs(m->returns[i])) / (double)m->count;
    for (int64_t i = 0; i < m->count; i++)
        variance += (sizes[i] - mean) * (sizes[i] - mean) / (double)m->count;
    if (segments_find(call, sizes, m->count, SEGMENTS_SQUARES, 5, 2 * variance * log((double)m->count), segment))
        return;
    for (int64_t i = 0; i < m->count; i++) {
        double squares = 0;
        if (i + 1 < m->count && segment[i + 1] == segment[i])
            continue;
        for (int64_t j = start; j <= i; j++)
            squares += m->returns[j] * m->returns[j] / (double)(i - start + 1);
        for (; start <= i; start++)
            sizes[start] = sqrt(squares);
    }
    size_t found = (size_t)segment[m->count - 1] + 1;
    breaks_find(call, sizes, m->count, found < m->regimes ? found : m->regimes, labels, NULL);
}

/* k-means of the windows' deviations. */
static void detect_groups(struct call *call, const struct market *m, uint32_t *labels)
{
    breaks_find(call, m->deviation, m->count, m->regimes, labels, NULL);
}

/* As many windows in each regime. */
static void detect_quantiles(struct call *call, const struct market *m, uint32_t *labels)
{
    double *sorted = call_numbers(call, m->count);

    if (call->status)
        return;
    memcpy(sorted, m->deviation, (size_t)m->count * sizeof(double));
    order_sort(sorted, (size_t)m->count);
    for (size_t level = 1; level < m->regimes; level++) {
        double limit = order_quantile(sorted, (size_t)m->count, (double)level / (double)m->regimes);
        for (int64_t i = 0; i < m->count; i++)
            labels[i] += m->deviation[i] > limit;
    }
}

static const struct detector {
    const char *name;
    void (*detect)(struct call *call, const struct market *market, uint32_t *labels);
} detectors[] = {
    {"hmm", detect_hmm},
    {"change_point", detect_segments},
    {"clustering", detect_groups},
    {"volatility", detect_quantiles},
};

static const struct detector *find_detector(struct call *call, const char *name)
{
    for (size_t i = 0; i < sizeof(detectors) / sizeof(detectors[0]); i++)
        if (strcmp(detectors[i].name, name) == 0)
            return &detectors[i];
    call_fail(call, MLTRAINER_INVALID_PARAMETER, "base_detectors",
              "\"%.40s\" is none of hmm, change_point, clustering, volatility", name);
    return NULL;
}

static int read_market(struct call *call, struct market *m)
{
    m->window = call_window(call, "window", 2);
    m->regimes = (size_t)call_integer(call, "n_regimes", 2, SWITCHING_REGIMES_MAX);
    m->first = m->window;
    m->count = call->rows - m->first;
    double *returns = regime_returns(call), *mean = call_numbers(call, call->rows),
           *deviation = call_numbers(call, call->rows);
    if (!call->status && m->count < 10 * (int64_t)m->regimes)
        call_fail(call, MLTRAINER_INVALID_DATA, "",
                  "%lld rows are fewer than a window of %lld and 10 for each of %zu regimes", (long long)call->rows,
                  (long long)m->window, m->regimes);
    if (call->status)
        return call->status;
    rolling_deviation(returns, call->rows, m->window, 1, mean, deviation);
    m->returns = returns + m->first;
    m->deviation = deviation + m->first;
    return call->status;
}

/* The regime with most votes; of several with as many, the one whose voter comes first. */
static uint32_t most_voted(uint32_t *const *labels, size_t voters, int64_t i)
{
    uint32_t best = labels[0][i];
    size_t most = 0;

    for (size_t v = 0; v < voters; v++) {
        size_t votes = 0;
        for (size_t other = 0; other < voters; other++)
            votes += labels[other][i] == labels[v][i];
        if (votes > most) {
            most = votes;
            best = labels[v][i];
        }
    }
    return best;
}

static void decide(struct call *call, const struct market *m, uint32_t *const *labels, size_t voters, int by_mean,
                   double threshold)
{
    for (int64_t row = 0; row < call->rows; row++) {
        double mean = 0, agree = 0;
        if (row < m->first) {
            call->out[0][row] = call->out[1][row] = call->out[2][row] = NAN;
            continue;
        }
        int64_t i = row - m->first;
        for (size_t v = 0; v < voters; v++)
            mean += labels[v][i] / (double)voters;
        uint32_t chosen = by_mean ? (uint32_t)floor(mean + 0.5) : most_voted(labels, voters, i);
        for (size_t v = 0; v < voters; v++)
            agree += (labels[v][i] == chosen) / (double)voters;
        call->out[0][row] = agree >= threshold ? (double)chosen : -1;
        call->out[1][row] = agree;
        call->out[2][row] = mean;
    }
}

static int32_t fill_vote(struct call *call)
{
    static const char *const methods[] = {"majority_vote", "mean", NULL};
    struct market market;
    uint32_t *labels[DETECTORS_MAX];
    size_t voters, method = call_choice(call, "ensemble_method", methods);
    const char *const *names = call_texts(call, "base_detectors", DETECTORS_MAX, &voters);
    double threshold = call_number_within(call, "confidence_threshold", 0, 1);

    if (read_market(call, &market))
        return call->status;
    for (size_t v = 0; v < voters && !call->status; v++) {
        const struct detector *detector = find_detector(call, names[v]);
        labels[v] = call_memory(call, (size_t)market.count, sizeof(uint32_t));
        if (!call->status)
            detector->detect(call, &market, labels[v]);
    }
    if (!call->status)
        decide(call, &market, labels, voters, method == 1, threshold);
    return call->status;
}

TABULAR(vote, .inputs = {"close"}, .outputs = {"regime", "confidence", "mean"}, .fill = fill_vote);
