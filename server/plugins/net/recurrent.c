/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that go through a sample's rows one by one, and back through time for the derivatives. The products of all
 * rows with the input's weights are one product before the walk; those with the state's are one a step, over all
 * samples at once: the rows of one step lie `rows` rows apart. */
#include <math.h>
#include <string.h>

#include "net/net.h"

/* What both keep, a row: the gates, the state before (after dropout), and one more number of the layer's a unit. A
 * sample: the mask of that dropout, and what one step needs. */
struct walk {
    struct net *net;
    const struct net_node *node, *from;
    size_t units, gates, samples, rows, in;
    const double *by_input, *by_state, *bias; /* weights */
    double *gate, *before, *cell;             /* a row: gates x units, units, units */
    double *mask, *spare;                     /* a sample: units, 4 x units */
};

static struct walk walk_of(struct net *net, const struct net_node *node, size_t gates)
{
    const struct net_node *from = net_node(net, node->from[0]);
    size_t units = node->width, all = net->samples * node->rows * units;
    const double *weights = net->weights + node->weights;

    return (struct walk){.net = net,
                         .node = node,
                         .from = from,
                         .units = units,
                         .gates = gates,
                         .samples = net->samples,
                         .rows = node->rows,
                         .in = from->width,
                         .by_input = weights,
                         .by_state = weights + from->width * gates * units,
                         .bias = weights + (from->width + units) * gates * units,
                         .gate = node->notes,
                         .before = node->notes + all * gates,
                         .cell = node->notes + all * (gates + 1),
                         .mask = node->notes + all * (gates + 2),
                         .spare = node->notes + all * (gates + 2) + net->samples * units};
}

static size_t kept_of(size_t rows, size_t units, size_t gates)
{
    return rows * units * (gates + 2) + 5 * units;
}

static size_t row_of_step(const struct walk *walk, size_t step)
{
    return walk->node->option ? walk->rows - 1 - step : step;
}

/* gate = x W + b for all rows. */
static void multiply_input(const struct walk *walk)
{
    size_t width = walk->gates * walk->units, rows = walk->samples * walk->rows;

    for (size_t row = 0; row < rows; row++)
        memcpy(walk->gate + row * width, walk->bias, width * sizeof(double));
    net_product(0, 0, rows, width, walk->in, walk->from->value, walk->in, walk->by_input, width, 1, walk->gate, width);
}

/* One draw for all steps of a sample. */
static void draw_masks(const struct walk *walk)
{
    for (size_t s = 0; s < walk->samples; s++)
        for (size_t i = 0; i < walk->units; i++)
            walk->mask[s * walk->units + i] = !walk->net->random || walk->node->rate == 0 ? 1
                                              : random_uniform(walk->net->random) < walk->node->rate
                                                  ? 0
                                                  : 1 / (1 - walk->node->rate);
}

/* before(row of step) = mask * value(row of the step before). */
static void remember(const struct walk *walk, size_t step)
{
    size_t row = row_of_step(walk, step), units = walk->units;

    for (size_t s = 0; s < walk->samples; s++) {
        double *before = walk->before + (s * walk->rows + row) * units;
        const double *last = step ? walk->node->value + (s * walk->rows + row_of_step(walk, step - 1)) * units : NULL;
        for (size_t i = 0; i < units; i++)
            before[i] = last ? last[i] * walk->mask[s * units + i] : 0;
    }
}

/* The derivatives by input, its weights and its bias, once those by the sums before the gates stand in walk->gate. */
static void add_by_input(const struct walk *walk)
{
    size_t width = walk->gates * walk->units, rows = walk->samples * walk->rows;
    double *gradient = walk->net->gradient + walk->node->weights;
    double *wanted = net_wanted(walk->net, walk->node->from[0]);

    net_product(1, 0, walk->in, width, rows, walk->from->value, walk->in, walk->gate, width, 1, gradient, width);
    net_add_rows(walk->gate, rows, width, gradient + (walk->in + walk->units) * width);
    if (wanted)
        net_product(0, 1, rows, walk->in, width, walk->gate, width, walk->by_input, width, 1, wanted, walk->in);
}

static void add_by_state(const struct walk *walk)
{
    size_t width = walk->gates * walk->units, rows = walk->samples * walk->rows;
    double *gradient = walk->net->gradient + walk->node->weights + walk->in * width;

    net_product(1, 0, walk->units, width, rows, walk->before, walk->units, walk->gate, width, 1, gradient, width);
}

/* From the step's sums before the gates to the value of the step before, through the state's weights and the mask. */
static void pass_back(const struct walk *walk, size_t step, const double *by_gate, size_t stride, double *scratch)
{
    size_t units = walk->units, width = walk->gates * units, last = row_of_step(walk, step - 1);

    net_product(0, 1, walk->samples, units, width, by_gate, stride, walk->by_state, width, 0, scratch, units);
    for (size_t s = 0; s < walk->samples; s++)
        for (size_t i = 0; i < units; i++)
            walk->node->gradient[(s * walk->rows + last) * units + i] +=
                scratch[s * units + i] * walk->mask[s * units + i];
}

/* ---- LSTM: gates input, forget, candidate, output ---- */

static void lstm_step(const struct walk *walk, size_t step)
{
    size_t units = walk->units, row = row_of_step(walk, step);

    for (size_t s = 0; s < walk->samples; s++) {
        size_t at = s * walk->rows + row;
        const double *last = step ? walk->cell + (s * walk->rows + row_of_step(walk, step - 1)) * units : NULL;
        double *gate = walk->gate + at * 4 * units, *cell = walk->cell + at * units,
               *value = walk->node->value + at * units;
        for (size_t i = 0; i < units; i++) {
            gate[i] = net_sigmoid(gate[i]);
            gate[units + i] = net_sigmoid(gate[units + i]);
            gate[2 * units + i] = tanh(gate[2 * units + i]);
            gate[3 * units + i] = net_sigmoid(gate[3 * units + i]);
            cell[i] = gate[i] * gate[2 * units + i] + (last ? gate[units + i] * last[i] : 0);
            value[i] = gate[3 * units + i] * tanh(cell[i]);
        }
    }
}

static void lstm_forward(struct net *net, const struct net_node *node)
{
    struct walk walk = walk_of(net, node, 4);
    size_t units = walk.units;

    multiply_input(&walk);
    draw_masks(&walk);
    for (size_t step = 0; step < walk.rows; step++) {
        size_t row = row_of_step(&walk, step);
        remember(&walk, step);
        if (step > 0)
            net_product(0, 0, walk.samples, 4 * units, units, walk.before + row * units, walk.rows * units,
                        walk.by_state, 4 * units, 1, walk.gate + row * 4 * units, walk.rows * 4 * units);
        lstm_step(&walk, step);
    }
}

/* Gates turn into derivatives by what went into them, in place. @carried: by the cell, from the step after. */
static void lstm_step_back(const struct walk *walk, size_t step, double *carried)
{
    size_t units = walk->units, row = row_of_step(walk, step);

    for (size_t s = 0; s < walk->samples; s++) {
        size_t at = s * walk->rows + row;
        const double *last = step ? walk->cell + (s * walk->rows + row_of_step(walk, step - 1)) * units : NULL;
        double *gate = walk->gate + at * 4 * units, *by_cell = carried + s * units;
        for (size_t i = 0; i < units; i++) {
            double input = gate[i], forget = gate[units + i], candidate = gate[2 * units + i],
                   output = gate[3 * units + i], squashed = tanh(walk->cell[at * units + i]),
                   by_value = walk->node->gradient[at * units + i];
            by_cell[i] += by_value * output * (1 - squashed * squashed);
            gate[i] = by_cell[i] * candidate * input * (1 - input);
            gate[units + i] = last ? by_cell[i] * last[i] * forget * (1 - forget) : 0;
            gate[2 * units + i] = by_cell[i] * input * (1 - candidate * candidate);
            gate[3 * units + i] = by_value * squashed * output * (1 - output);
            by_cell[i] *= forget;
        }
    }
}

static void lstm_backward(struct net *net, const struct net_node *node)
{
    struct walk walk = walk_of(net, node, 4);
    size_t state = walk.samples * walk.units, stride = 4 * walk.rows * walk.units;
    double *carried = walk.spare, *scratch = walk.spare + state;

    memset(carried, 0, state * sizeof(double));
    for (size_t step = walk.rows; step-- > 0;) {
        lstm_step_back(&walk, step, carried);
        if (step > 0)
            pass_back(&walk, step, walk.gate + row_of_step(&walk, step) * 4 * walk.units, stride, scratch);
    }
    add_by_input(&walk);
    add_by_state(&walk);
}

static const struct net_layer lstm_layer = {.forward = lstm_forward, .backward = lstm_backward};

static size_t append(struct net *net, const struct net_layer *layer, size_t from, size_t units, size_t gates)
{
    size_t rows = net_node(net, from)->rows, in = net_node(net, from)->width;
    size_t node = net_append(net, layer, from, rows, units);

    net_node(net, node)->kept = kept_of(rows, units, gates);
    net_append_weights(net, node, in, gates * units, NET_GLOROT);
    net_append_weights(net, node, units, gates * units, NET_GLOROT);
    return node;
}

size_t net_lstm(struct net *net, size_t from, size_t units, int backwards, double dropout)
{
    size_t node = append(net, &lstm_layer, from, units, 4);

    net_node(net, node)->option = (size_t)backwards;
    net_node(net, node)->rate = dropout;
    net_append_weights(net, node, 1, 4 * units, NET_FORGET);
    return node;
}

/* ---- GRU: gates update, reset, candidate; the "cell" is the state's part of the candidate ---- */

static const double *value_before(const struct walk *walk, size_t sample, size_t step)
{
    return step ? walk->node->value + (sample * walk->rows + row_of_step(walk, step - 1)) * walk->units : NULL;
}

static void gru_step(const struct walk *walk, size_t step)
{
    size_t units = walk->units, row = row_of_step(walk, step);

    for (size_t s = 0; s < walk->samples; s++) {
        size_t at = s * walk->rows + row;
        const double *last = value_before(walk, s, step), *part = walk->spare + s * 3 * units;
        double *gate = walk->gate + at * 3 * units;
        for (size_t i = 0; i < units; i++) {
            walk->cell[at * units + i] = part[2 * units + i];
            gate[i] = net_sigmoid(gate[i] + part[i]);
            gate[units + i] = net_sigmoid(gate[units + i] + part[units + i]);
            gate[2 * units + i] = tanh(gate[2 * units + i] + gate[units + i] * part[2 * units + i]);
            walk->node->value[at * units + i] = (last ? gate[i] * last[i] : 0) + (1 - gate[i]) * gate[2 * units + i];
        }
    }
}

static void gru_forward(struct net *net, const struct net_node *node)
{
    struct walk walk = walk_of(net, node, 3);
    size_t units = walk.units, width = 3 * units;
    const double *bias = walk.bias + width;

    multiply_input(&walk);
    draw_masks(&walk);
    for (size_t step = 0; step < walk.rows; step++) {
        remember(&walk, step);
        for (size_t s = 0; s < walk.samples; s++)
            memcpy(walk.spare + s * width, bias, width * sizeof(double));
        net_product(0, 0, walk.samples, width, units, walk.before + row_of_step(&walk, step) * units, walk.rows * units,
                    walk.by_state, width, 1, walk.spare, width);
        gru_step(&walk, step);
    }
}

/* Gates turn into derivatives by the input's part of what went into them, the candidate's "cell" into that by the
 * state's part; the derivatives by all three of the state's parts go to walk->spare. */
static void gru_step_back(const struct walk *walk, size_t step)
{
    size_t units = walk->units, row = row_of_step(walk, step);

    for (size_t s = 0; s < walk->samples; s++) {
        size_t at = s * walk->rows + row;
        const double *last = value_before(walk, s, step);
        double *gate = walk->gate + at * 3 * units, *part = walk->spare + s * 3 * units;
        double *by_last = step ? walk->node->gradient + (last - walk->node->value) : NULL;
        for (size_t i = 0; i < units; i++) {
            double update = gate[i], reset = gate[units + i], candidate = gate[2 * units + i],
                   *cell = &walk->cell[at * units + i], by_value = walk->node->gradient[at * units + i];
            double by_candidate = by_value * (1 - update) * (1 - candidate * candidate);
            gate[i] = part[i] = by_value * ((last ? last[i] : 0) - candidate) * update * (1 - update);
            gate[units + i] = part[units + i] = by_candidate * *cell * reset * (1 - reset);
            gate[2 * units + i] = by_candidate;
            *cell = part[2 * units + i] = by_candidate * reset;
            if (by_last)
                by_last[i] += by_value * update;
        }
    }
}

static void gru_backward(struct net *net, const struct net_node *node)
{
    struct walk walk = walk_of(net, node, 3);
    size_t units = walk.units, width = 3 * units, rows = walk.samples * walk.rows;

    for (size_t step = walk.rows; step-- > 0;) {
        gru_step_back(&walk, step);
        if (step > 0)
            pass_back(&walk, step, walk.spare, width, walk.spare + walk.samples * width);
    }
    add_by_input(&walk);
    for (size_t row = 0; row < rows; row++)
        memcpy(walk.gate + row * width + 2 * units, walk.cell + row * units, units * sizeof(double));
    add_by_state(&walk);
    net_add_rows(walk.gate, rows, width, net->gradient + node->weights + (walk.in + units + 1) * width);
}

static const struct net_layer gru_layer = {.forward = gru_forward, .backward = gru_backward};

size_t net_gru(struct net *net, size_t from, size_t units, double dropout)
{
    size_t node = append(net, &gru_layer, from, units, 3);

    net_node(net, node)->rate = dropout;
    net_append_weights(net, node, 1, 3 * units, NET_ZEROS);
    net_append_weights(net, node, 1, 3 * units, NET_ZEROS);
    return node;
}
