/* SPDX-License-Identifier: Apache-2.0 */
/* Values of actions in a table: Watkins and Dayan (1992), "Q-learning", and with two tables, of which one chooses and
 * the other judges, van Hasselt (2010), "Double Q-learning". A state is the last return and the momentum, each by the
 * quantile of the training rows that it falls between, and what is held. */
#include <stdlib.h>

#include "market.h"
#include "support/order.h"
#include "support/random.h"

#define SEEN 2 /* of what the market shows */
#define BINS_MAX 64

struct table_policy {
    struct market_view view;
    uint64_t bins, tables;
    double *edges;  /* bins - 1 of each that is seen */
    double *values; /* table by table: state by state, an action each */
};

struct study {
    struct call *call;
    struct market market;
    struct table_policy *policy;
    double rate, discount, curious, curious_last;
    int64_t episodes;
    uint32_t *place; /* of each row, without what is held */
};

static void release(void *state)
{
    struct table_policy *policy = state;

    if (!policy)
        return;
    free(policy->edges);
    free(policy->values);
    free(policy);
}

static size_t states_of(uint64_t bins)
{
    return (size_t)(bins * bins) * MARKET_ACTIONS;
}

static struct table_policy *policy_new(uint64_t bins, uint64_t tables)
{
    struct table_policy *policy = calloc(1, sizeof(*policy));

    if (!policy)
        return NULL;
    policy->bins = bins;
    policy->tables = tables;
    policy->edges = calloc(SEEN * (size_t)bins, sizeof(double));
    policy->values = calloc((size_t)tables * states_of(bins) * MARKET_ACTIONS, sizeof(double));
    if (policy->edges && policy->values)
        return policy;
    release(policy);
    return NULL;
}

static uint32_t place_of(const struct table_policy *policy, const double *seen)
{
    uint32_t place = 0;

    for (size_t i = 0; i < SEEN; i++) {
        uint32_t bin = 0;
        while (bin + 1 < policy->bins && seen[i] > policy->edges[i * (policy->bins - 1) + bin])
            bin++;
        place = place * (uint32_t)policy->bins + bin;
    }
    return place;
}

static double *values_of(const struct table_policy *policy, uint64_t table, uint32_t place, int held)
{
    return policy->values +
           ((table * states_of(policy->bins)) + (size_t)place * MARKET_ACTIONS + (size_t)held) * MARKET_ACTIONS;
}

static double score(const struct table_policy *policy, uint32_t place, int held, int action)
{
    double sum = 0;

    for (uint64_t table = 0; table < policy->tables; table++)
        sum += values_of(policy, table, place, held)[action];
    return sum / (double)policy->tables;
}

static int best_of(const double *values)
{
    int best = 0;

    for (int action = 1; action < MARKET_ACTIONS; action++)
        best = values[action] > values[best] ? action : best;
    return best;
}

/* ---- Learning ---- */

static void find_edges(struct study *study)
{
    struct call *call = study->call;
    double *values = call_numbers(call, call->rows);
    uint64_t edges = study->policy->bins - 1;

    for (size_t i = 0; i < SEEN && !call->status; i++) {
        for (int64_t row = 0; row < call->rows; row++)
            values[row] = study->market.seen[(size_t)row * study->market.width + i];
        order_sort(values, (size_t)call->rows);
        for (uint64_t edge = 0; edge < edges; edge++)
            study->policy->edges[i * edges + edge] =
                order_quantile(values, (size_t)call->rows, (double)(edge + 1) / (double)study->policy->bins);
    }
}

static int choose(const struct study *study, struct random *random, double curious, uint32_t place, int held)
{
    double scores[MARKET_ACTIONS];

    if (random_uniform(random) < curious)
        return (int)random_below(random, MARKET_ACTIONS);
    for (int action = 0; action < MARKET_ACTIONS; action++)
        scores[action] = score(study->policy, place, held, action);
    return best_of(scores);
}

static void update(const struct study *study, struct random *random, int64_t row, int held, int action)
{
    const struct table_policy *policy = study->policy;
    uint64_t table = policy->tables > 1 ? random_below(random, 2) : 0, judge = policy->tables > 1 ? 1 - table : 0;
    double *value = values_of(policy, table, study->place[row], held) + action,
           target = market_reward(&study->market, row, held, action);

    if (row + 2 < study->market.rows) { /* a next action is to come */
        int next = best_of(values_of(policy, table, study->place[row + 1], action));
        target += study->discount * values_of(policy, judge, study->place[row + 1], action)[next];
    }
    *value += study->rate * (target - *value);
}

static void learn(struct study *study)
{
    struct call *call = study->call;
    int64_t rows = study->market.rows;
    struct random random;

    random_start(&random, call->host, 0);
    for (int64_t episode = 0; episode < study->episodes; episode++) {
        double done = (double)episode / (double)study->episodes,
               curious = study->curious + (study->curious_last - study->curious) * done, total = 0;
        int held = MARKET_FLAT;
        for (int64_t row = 0; row + 1 < rows; row++) {
            if ((row & 1023) == 0 &&
                call_step(call, (double)episode + (double)row / (double)rows, (double)study->episodes))
                return;
            int action = choose(study, &random, curious, study->place[row], held);
            update(study, &random, row, held, action);
            total += market_reward(&study->market, row, held, action);
            held = action;
        }
        call->host->metric(call->host, "reward", episode, total);
    }
}

static int32_t fit(struct call *call, void **state, uint64_t tables)
{
    struct market_view view = {0};
    struct study study = {.call = call,
                          .rate = call_number_within(call, "learning_rate", 1e-6, 1),
                          .discount = call_number_within(call, "gamma", 0, 1),
                          .curious = call_number_within(call, "exploration_initial", 0, 1),
                          .curious_last = call_number_within(call, "exploration_final", 0, 1),
                          .episodes = call_integer(call, "episodes", 1, 1000000)};
    uint64_t bins = (uint64_t)call_integer(call, "bins", 2, BINS_MAX);

    market_read(call, &view, 0);
    study.place = call_memory(call, (size_t)call->rows, sizeof(uint32_t));
    if (call->status)
        return call->status;
    if (!(study.policy = policy_new(bins, tables)))
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the table");
    study.policy->view = view;
    market_open(call, &study.policy->view, &study.market);
    if (!call->status)
        find_edges(&study);
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        study.place[row] = place_of(study.policy, study.market.seen + (size_t)row * study.market.width);
    if (!call->status)
        learn(&study);
    if (call->status)
        release(study.policy);
    else
        *state = study.policy;
    return call->status;
}

static int32_t fit_single(struct call *call, void **state)
{
    return fit(call, state, 1);
}

static int32_t fit_double(struct call *call, void **state)
{
    return fit(call, state, 2);
}

/* ---- Acting ---- */

static int32_t apply(struct call *call, const void *state)
{
    const struct table_policy *policy = state;
    size_t choices = MARKET_ACTIONS * MARKET_ACTIONS;
    double *scores = call_memory(call, (size_t)call->rows * choices, sizeof(double));
    struct market market;

    market_open(call, &policy->view, &market);
    if (call->status)
        return call->status;
    for (int64_t row = 0; row < call->rows; row++) {
        uint32_t place = place_of(policy, market.seen + (size_t)row * market.width);
        for (int held = 0; held < MARKET_ACTIONS; held++)
            for (int action = 0; action < MARKET_ACTIONS; action++)
                scores[(size_t)row * choices + (size_t)(held * MARKET_ACTIONS + action)] =
                    score(policy, place, held, action);
    }
    market_walk(call, &market, scores);
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct table_policy *policy = state;

    market_save(&policy->view, writer);
    artifact_put_u64(writer, policy->bins);
    artifact_put_doubles(writer, policy->edges, SEEN * (size_t)(policy->bins - 1));
    artifact_put_doubles(writer, policy->values, (size_t)policy->tables * states_of(policy->bins) * MARKET_ACTIONS);
}

static void *restore(struct artifact_reader *reader, uint64_t tables)
{
    struct market_view view = {0};
    int failed = market_restore(&view, reader);
    uint64_t bins = artifact_take_u64(reader);

    if (failed || reader->failed || bins < 2 || bins > BINS_MAX || view.regime_window != 0)
        return NULL;
    struct table_policy *policy = policy_new(bins, tables);
    if (!policy)
        return NULL;
    policy->view = view;
    artifact_take_doubles(reader, policy->edges, SEEN * (size_t)(bins - 1));
    artifact_take_doubles(reader, policy->values, (size_t)tables * states_of(bins) * MARKET_ACTIONS);
    return policy;
}

static void *restore_single(struct artifact_reader *reader, size_t feature_count)
{
    return feature_count == 1 ? restore(reader, 1) : NULL;
}

static void *restore_double(struct artifact_reader *reader, size_t feature_count)
{
    return feature_count == 1 ? restore(reader, 2) : NULL;
}

LEARNER(q_table, .task = LEARNER_GROUPS, .inputs = MARKET_INPUTS, .outputs = MARKET_OUTPUTS, .fit = fit_single,
        .apply = apply, .evaluate = market_evaluate, .save = save, .restore = restore_single, .release = release);
LEARNER(double_q_table, .task = LEARNER_GROUPS, .inputs = MARKET_INPUTS, .outputs = MARKET_OUTPUTS, .fit = fit_double,
        .apply = apply, .evaluate = market_evaluate, .save = save, .restore = restore_double, .release = release);
