/* SPDX-License-Identifier: Apache-2.0 */
/* Model-agnostic meta-learning, first order: a network of one layer (tanh) is taught to be a good start. From it, each
 * period's network takes a few steps on rows drawn from the period; the gradient on other rows, where those steps led,
 * moves the start (Adam). What predicts is the start after the same number of steps on the whole last period.
 * Source: Finn, Abbeel and Levine (2017), "Model-agnostic meta-learning for fast adaptation of deep networks", ICML,
 * section 5.2 for the first order; Kingma and Ba (2015) for Adam. */
#include <stdlib.h>

#include "periods.h"
#include "support/artifact.h"
#include "support/learner.h"
#include "support/random.h"

#define BATCH 32
#define UNITS_MAX 256

/* Weights lie unit after unit: its bias, its inputs, what it adds to the output; at the end the output's bias. */
struct meta_network {
    size_t inputs, units;
    double base, unit;
    double *scales; /* mean and factor a feature */
    double *weights;
};

static size_t weight_count(size_t inputs, size_t units)
{
    return units * (inputs + 2) + 1;
}

static void network_free(void *state)
{
    struct meta_network *network = state;

    if (!network)
        return;
    free(network->scales);
    free(network->weights);
    free(network);
}

static struct meta_network *network_new(size_t inputs, size_t units)
{
    struct meta_network *network = calloc(1, sizeof(*network));

    if (!network)
        return NULL;
    *network = (struct meta_network){.inputs = inputs,
                                     .units = units,
                                     .scales = calloc(2 * inputs, sizeof(double)),
                                     .weights = calloc(weight_count(inputs, units), sizeof(double))};
    if (network->scales && network->weights)
        return network;
    network_free(network);
    return NULL;
}

/* What the network says of @x; @active: what its units say. */
static double forward(const double *weights, size_t inputs, size_t units, const double *x, double *active)
{
    double sum = weights[units * (inputs + 2)];

    for (size_t unit = 0; unit < units; unit++, weights += inputs + 2) {
        double total = weights[0];
        for (size_t i = 0; i < inputs; i++)
            total += weights[1 + i] * x[i];
        active[unit] = tanh(total);
        sum += weights[1 + inputs] * active[unit];
    }
    return sum;
}

/* ---- Learning ---- */

struct meta {
    struct call *call;
    struct periods periods;
    struct random random;
    size_t units, count; /* of weights */
    int64_t steps;
    double inner_rate, outer_rate;
    double *start, *adapted, *gradient, *sum; /* weights, and of their size */
    double *first, *second;                   /* Adam's moments */
    double *x, *active;
};

/* Add what @row says of half the square of the miss to the gradient at @weights; gives the square. */
static double add_gradient(struct meta *m, const double *weights, int64_t row, double share)
{
    size_t inputs = m->call->feature_count;
    double *gradient = m->gradient;

    for (size_t i = 0; i < inputs; i++)
        m->x[i] = period_feature(&m->periods, i, row);
    double miss = forward(weights, inputs, m->units, m->x, m->active) - period_target(&m->periods, row);
    for (size_t unit = 0; unit < m->units; unit++, gradient += inputs + 2) {
        const double *of = weights + unit * (inputs + 2);
        double back = share * miss * of[1 + inputs] * (1 - m->active[unit] * m->active[unit]);
        gradient[0] += back;
        for (size_t i = 0; i < inputs; i++)
            gradient[1 + i] += back * m->x[i];
        gradient[1 + inputs] += share * miss * m->active[unit];
    }
    *gradient += share * miss;
    return miss * miss;
}

static double batch_gradient(struct meta *m, const double *weights, const int64_t *rows)
{
    double squares = 0;

    memset(m->gradient, 0, m->count * sizeof(double));
    for (size_t i = 0; i < BATCH; i++)
        squares += add_gradient(m, weights, rows[i], 1.0 / BATCH);
    return squares / BATCH;
}

static void step_down(struct meta *m)
{
    for (size_t i = 0; i < m->count; i++)
        m->adapted[i] -= m->inner_rate * m->gradient[i];
}

/* Steps on some rows of the period, the gradient on others; gives the error there. */
static double learn_period(struct meta *m, size_t period)
{
    int64_t from = period_start(&m->periods, period), to = period_start(&m->periods, period + 1), rows[2][BATCH];

    for (int half = 0; half < 2; half++)
        for (size_t i = 0; i < BATCH; i++)
            rows[half][i] = from + (int64_t)random_below(&m->random, (uint64_t)(to - from));
    memcpy(m->adapted, m->start, m->count * sizeof(double));
    for (int64_t step = 0; step < m->steps; step++) {
        batch_gradient(m, m->adapted, rows[0]);
        step_down(m);
    }
    double error = batch_gradient(m, m->adapted, rows[1]);
    for (size_t i = 0; i < m->count; i++)
        m->sum[i] += m->gradient[i] / (double)m->periods.count;
    return error / (double)m->periods.count;
}

static void move_start(struct meta *m, int64_t round)
{
    double first = 1 - pow(0.9, (double)round), second = 1 - pow(0.999, (double)round);

    for (size_t i = 0; i < m->count; i++) {
        m->first[i] = 0.9 * m->first[i] + 0.1 * m->sum[i];
        m->second[i] = 0.999 * m->second[i] + 0.001 * m->sum[i] * m->sum[i];
        m->start[i] -= m->outer_rate * (m->first[i] / first) / (sqrt(m->second[i] / second) + 1e-8);
    }
}

static void draw_start(struct meta *m)
{
    size_t inputs = m->call->feature_count;
    struct random random;
    double *weights = m->start;

    random_start(&random, m->call->host, 0);
    for (size_t unit = 0; unit < m->units; unit++, weights += inputs + 2) {
        for (size_t i = 0; i < inputs; i++)
            weights[1 + i] = random_normal(&random) / sqrt((double)inputs);
        weights[1 + inputs] = random_normal(&random) / sqrt((double)m->units);
    }
}

static void learn(struct meta *m, int64_t rounds)
{
    draw_start(m);
    random_start(&m->random, m->call->host, 1);
    for (int64_t round = 0; round < rounds && !call_step(m->call, (double)round, (double)rounds); round++) {
        double error = 0;
        memset(m->sum, 0, m->count * sizeof(double));
        for (size_t period = 0; period < m->periods.count; period++)
            error += learn_period(m, period);
        move_start(m, round + 1);
        m->call->host->metric(m->call->host, "query_error", round, error);
    }
}

/* The start becomes the model: the same steps on all rows of the last period. */
static void adapt(struct meta *m)
{
    int64_t from = period_start(&m->periods, m->periods.count - 1), to = m->call->rows;

    memcpy(m->adapted, m->start, m->count * sizeof(double));
    for (int64_t step = 0; step < m->steps && !m->call->status; step++) {
        memset(m->gradient, 0, m->count * sizeof(double));
        for (int64_t row = from; row < to && !call_step_row(m->call, m->call->rows, m->call->rows); row++)
            add_gradient(m, m->adapted, row, 1 / (double)(to - from));
        step_down(m);
    }
}

static int32_t finish(struct meta *m, void **state)
{
    struct meta_network *network;

    if (m->call->status)
        return m->call->status;
    network = network_new(m->call->feature_count, m->units);
    if (!network)
        return call_fail(m->call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    network->base = m->periods.base;
    network->unit = m->periods.unit;
    for (size_t i = 0; i < network->inputs; i++) {
        network->scales[2 * i] = m->periods.means[i];
        network->scales[2 * i + 1] = m->periods.factors[i];
    }
    memcpy(network->weights, m->adapted, m->count * sizeof(double));
    *state = network;
    return m->call->status;
}

static int32_t fit(struct call *call, void **state)
{
    int64_t rounds = call_integer(call, "iterations", 1, 1000000);
    struct meta m = {.call = call,
                     .units = (size_t)call_integer(call, "hidden_units", 1, UNITS_MAX),
                     .steps = call_integer(call, "inner_steps", 1, 1000),
                     .inner_rate = call_number_within(call, "inner_lr", 0, 10),
                     .outer_rate = call_number_within(call, "outer_lr", 0, 10)};
    double **const arrays[] = {&m.start, &m.adapted, &m.gradient, &m.sum, &m.first, &m.second};

    periods_start(&m.periods, call, 2);
    m.count = weight_count(call->feature_count, m.units);
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        *arrays[i] = call_memory(call, m.count, sizeof(double));
    m.x = call_memory(call, call->feature_count, sizeof(double));
    m.active = call_memory(call, m.units, sizeof(double));
    if (call->status)
        return call->status;
    learn(&m, rounds);
    adapt(&m);
    return finish(&m, state);
}

/* ---- Prediction, the artifact ---- */

static int32_t apply(struct call *call, const void *state)
{
    const struct meta_network *network = state;
    double *x = call_memory(call, network->inputs, sizeof(*x)), active[UNITS_MAX];

    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++) {
        for (size_t i = 0; i < network->inputs; i++)
            x[i] = (call->features[i][row] - network->scales[2 * i]) * network->scales[2 * i + 1];
        call->out[0][row] =
            network->base + network->unit * forward(network->weights, network->inputs, network->units, x, active);
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct meta_network *network = state;

    artifact_put_u32(writer, (uint32_t)network->units);
    artifact_put_double(writer, network->base);
    artifact_put_double(writer, network->unit);
    artifact_put_doubles(writer, network->scales, 2 * network->inputs);
    artifact_put_doubles(writer, network->weights, weight_count(network->inputs, network->units));
}

static void *restore(struct artifact_reader *reader, size_t features)
{
    size_t units = artifact_take_u32(reader);

    if (reader->failed || units < 1 || units > UNITS_MAX)
        return NULL;
    struct meta_network *network = network_new(features, units);
    if (!network)
        return NULL;
    network->base = artifact_take_double(reader);
    network->unit = artifact_take_double(reader);
    artifact_take_doubles(reader, network->scales, 2 * features);
    artifact_take_doubles(reader, network->weights, weight_count(features, units));
    return network;
}

LEARNER(maml, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = apply, .save = save,
        .restore = restore, .release = network_free);
