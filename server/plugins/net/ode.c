/* SPDX-License-Identifier: Apache-2.0 */
/* A layer whose depth is time: dh/dt = W2 tanh(W1 h + b1) + b2 from t = 0 to 1 (Chen et al., 2018), solved by an
 * embedded pair. A step is taken when each sample's error, root of mean squares over tolerance * (1 +
 * |h|), is at most 1, or when it is as short as steps get. The way back goes through the steps that were taken, their
 * lengths held constant: it is the exact derivative of what was computed. */
#include <math.h>
#include <string.h>

#include "net/net.h"

#define STEPS_MAX 128 /* so steps are never shorter than 1 / 128 */
#define STAGES_MAX 7

struct pair {
    size_t stages;
    double order;
    double weights[STAGES_MAX][STAGES_MAX - 1]; /* a stage each; the last is the step itself */
    double errors[STAGES_MAX];                  /* the step less that of an order lower */
};

static const struct pair pairs[] = {
    [NET_DOPRI5] = {7, /* Dormand and Prince (1980) */
                    5,
                    {{0},
                     {1.0 / 5},
                     {3.0 / 40, 9.0 / 40},
                     {44.0 / 45, -56.0 / 15, 32.0 / 9},
                     {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
                     {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
                     {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}},
                    {71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40}},
    [NET_BOSH3] = {4, /* Bogacki and Shampine (1989) */
                   3,
                   {{0}, {1.0 / 2}, {0, 3.0 / 4}, {2.0 / 9, 1.0 / 3, 4.0 / 9}},
                   {-5.0 / 72, 1.0 / 12, 1.0 / 9, -1.0 / 8}},
    [NET_HEUN] = {3, /* Heun's step beside Euler's */
                  2,
                  {{0}, {1}, {1.0 / 2, 1.0 / 2}},
                  {-1.0 / 2, 1.0 / 2, 0}},
};

/* What is kept, over all samples: the state before each step, then what one step needs. */
struct flow {
    const struct net *net;
    const struct net_node *node;
    const struct pair *pair;
    size_t samples, width, hidden;
    const double *in, *in_bias, *out, *out_bias; /* weights */
    double *states;                              /* STEPS_MAX + 1 of them */
    double *at[STAGES_MAX], *inner[STAGES_MAX], *slope[STAGES_MAX], *by_slope[STAGES_MAX];
    double *by_inner, *by_at;
    double *lengths; /* how many steps, then their lengths */
};

static size_t kept_of(size_t width, size_t hidden)
{
    return width * (STEPS_MAX + 1 + 3 * STAGES_MAX + 1) + hidden * (STAGES_MAX + 1) + STEPS_MAX + 2;
}

static double *take(double **memory, size_t count)
{
    double *taken = *memory;

    *memory += count;
    return taken;
}

static struct flow flow_of(const struct net *net, const struct net_node *node)
{
    size_t state = net->samples * node->width, inner = net->samples * node->option;
    const double *weights = net->weights + node->weights;
    struct flow flow = {
        .net = net, .node = node, .samples = net->samples, .width = node->width, .hidden = node->option,
        .pair = &pairs[node->option_too]};
    double *memory = node->notes;

    flow.in = weights;
    flow.in_bias = flow.in + node->width * node->option;
    flow.out = flow.in_bias + node->option;
    flow.out_bias = flow.out + node->width * node->option;
    flow.states = take(&memory, state * (STEPS_MAX + 1));
    for (size_t i = 0; i < STAGES_MAX; i++) {
        flow.at[i] = take(&memory, state);
        flow.slope[i] = take(&memory, state);
        flow.by_slope[i] = take(&memory, state);
        flow.inner[i] = take(&memory, inner);
    }
    flow.by_at = take(&memory, state);
    flow.by_inner = take(&memory, inner);
    flow.lengths = take(&memory, STEPS_MAX + 2);
    return flow;
}

/* slope = W2 tanh(W1 at + b1) + b2 of one stage. */
static void find_slope(const struct flow *flow, size_t stage)
{
    size_t samples = flow->samples, width = flow->width, hidden = flow->hidden;
    double *inner = flow->inner[stage], *slope = flow->slope[stage];

    for (size_t s = 0; s < samples; s++) {
        memcpy(inner + s * hidden, flow->in_bias, hidden * sizeof(double));
        memcpy(slope + s * width, flow->out_bias, width * sizeof(double));
    }
    net_product(0, 0, samples, hidden, width, flow->at[stage], width, flow->in, hidden, 1, inner, hidden);
    for (size_t i = 0; i < samples * hidden; i++)
        inner[i] = tanh(inner[i]);
    net_product(0, 0, samples, width, hidden, inner, hidden, flow->out, width, 1, slope, width);
}

/* All stages of a step from @state; where it leads is flow->at[stages - 1]. */
static void find_stages(const struct flow *flow, const double *state, double length)
{
    for (size_t stage = 0; stage < flow->pair->stages; stage++) {
        for (size_t i = 0; i < flow->samples * flow->width; i++) {
            double sum = 0;
            for (size_t j = 0; j < stage; j++)
                sum += flow->pair->weights[stage][j] * flow->slope[j][i];
            flow->at[stage][i] = state[i] + length * sum;
        }
        find_slope(flow, stage);
    }
}

/* The worst sample's error, in tolerances. */
static double error_of(const struct flow *flow, const double *state, double length)
{
    const double *end = flow->at[flow->pair->stages - 1];
    double worst = 0;

    for (size_t s = 0; s < flow->samples; s++) {
        double squares = 0;
        for (size_t i = s * flow->width; i < (s + 1) * flow->width; i++) {
            double error = 0, size = fmax(fabs(state[i]), fabs(end[i]));
            for (size_t j = 0; j < flow->pair->stages; j++)
                error += flow->pair->errors[j] * flow->slope[j][i];
            error *= length / (flow->node->rate * (1 + size));
            squares += error * error / (double)flow->width;
        }
        worst = fmax(worst, sqrt(squares));
    }
    return worst;
}

static void ode_forward(struct net *net, const struct net_node *node)
{
    struct flow flow = flow_of(net, node);
    size_t state = flow.samples * flow.width, steps = 0;
    double time = 0, length = 0.125;

    memcpy(flow.states, net_value(net, node->from[0]), state * sizeof(double));
    while (time < 1 && steps < STEPS_MAX) {
        double *now = flow.states + steps * state;
        length = fmin(fmax(length, 1.0 / STEPS_MAX), 1 - time);
        find_stages(&flow, now, length);
        double error = error_of(&flow, now, length), change = error > 0 ? 0.9 * pow(error, -1 / flow.pair->order) : 5;
        if (!(error > 1) || length <= 1.0 / STEPS_MAX) {
            flow.lengths[1 + steps++] = length;
            memcpy(now + state, flow.at[flow.pair->stages - 1], state * sizeof(double));
            time = 1 - time - length < 1e-9 ? 1 : time + length; /* no step for what rounding left */
        }
        length *= fmin(fmax(change, 0.2), 5);
    }
    flow.lengths[0] = (double)steps;
    memcpy(node->value, flow.states + steps * state, state * sizeof(double));
}

/* From the derivative by a stage's slope to those by the weights and, in flow->by_at, by where the stage is. */
static void slope_back(const struct flow *flow, size_t stage)
{
    size_t samples = flow->samples, width = flow->width, hidden = flow->hidden;
    double *by_slope = flow->by_slope[stage], *inner = flow->inner[stage];
    double *by_in = flow->net->gradient + flow->node->weights, *by_in_bias = by_in + width * hidden,
           *by_out = by_in_bias + hidden, *by_out_bias = by_out + width * hidden;

    net_product(1, 0, hidden, width, samples, inner, hidden, by_slope, width, 1, by_out, width);
    net_add_rows(by_slope, samples, width, by_out_bias);
    net_product(0, 1, samples, hidden, width, by_slope, width, flow->out, width, 0, flow->by_inner, hidden);
    for (size_t i = 0; i < samples * hidden; i++)
        flow->by_inner[i] *= 1 - inner[i] * inner[i];
    net_product(1, 0, width, hidden, samples, flow->at[stage], width, flow->by_inner, hidden, 1, by_in, hidden);
    net_add_rows(flow->by_inner, samples, hidden, by_in_bias);
    net_product(0, 1, samples, width, hidden, flow->by_inner, hidden, flow->in, hidden, 0, flow->by_at, width);
}

/* @by_state: by where the step led, turned into that by where it began. */
static void step_back(const struct flow *flow, double length, double *by_state)
{
    size_t state = flow->samples * flow->width, last = flow->pair->stages - 1;

    for (size_t j = 0; j < last; j++)
        for (size_t i = 0; i < state; i++)
            flow->by_slope[j][i] = length * flow->pair->weights[last][j] * by_state[i];
    for (size_t stage = last; stage-- > 0;) {
        slope_back(flow, stage);
        for (size_t i = 0; i < state; i++)
            by_state[i] += flow->by_at[i];
        for (size_t j = 0; j < stage; j++)
            for (size_t i = 0; i < state; i++)
                flow->by_slope[j][i] += length * flow->pair->weights[stage][j] * flow->by_at[i];
    }
}

static void ode_backward(struct net *net, const struct net_node *node)
{
    struct flow flow = flow_of(net, node);
    size_t state = flow.samples * flow.width;
    double *wanted = net_wanted(net, node->from[0]);

    for (size_t step = (size_t)flow.lengths[0]; step-- > 0;) {
        find_stages(&flow, flow.states + step * state, flow.lengths[1 + step]);
        step_back(&flow, flow.lengths[1 + step], node->gradient);
    }
    for (size_t i = 0; wanted && i < state; i++)
        wanted[i] += node->gradient[i];
}

static const struct net_layer ode_layer = {.forward = ode_forward, .backward = ode_backward};

size_t net_ode(struct net *net, size_t from, size_t hidden, enum net_pair pair, double tolerance)
{
    size_t width = net_node(net, from)->width;
    size_t node = net_append(net, &ode_layer, from, 1, width);
    struct net_node *layer = net_node(net, node);

    layer->kept = kept_of(width, hidden);
    layer->option = hidden;
    layer->option_too = pair;
    layer->rate = tolerance;
    net_append_weights(net, node, width, hidden, NET_GLOROT);
    net_append_weights(net, node, 1, hidden, NET_ZEROS);
    net_append_weights(net, node, hidden, width, NET_GLOROT);
    net_append_weights(net, node, 1, width, NET_ZEROS);
    return node;
}
