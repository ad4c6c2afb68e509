/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that put rows and columns in other places, and those that mix the rows of a sample. */
#include <string.h>

#include "net/net.h"

static void add_to(double *sum, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += values[i];
}

/* ---- What is learned for each row's place ---- */

static void positions_forward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]), *place = net->weights + node->weights;
    size_t sample = node->rows * node->width;

    memcpy(node->value, x, net->samples * sample * sizeof(double));
    for (size_t s = 0; s < net->samples; s++)
        add_to(node->value + s * sample, place, sample);
}

static void positions_backward(struct net *net, const struct net_node *node)
{
    double *wanted = net_wanted(net, node->from[0]);
    size_t sample = node->rows * node->width;

    net_add_rows(node->gradient, net->samples, sample, net->gradient + node->weights);
    if (wanted)
        add_to(wanted, node->gradient, net->samples * sample);
}

static const struct net_layer positions_layer = {.forward = positions_forward, .backward = positions_backward};

size_t net_positions(struct net *net, size_t from)
{
    size_t rows = net_node(net, from)->rows, width = net_node(net, from)->width;
    size_t node = net_append(net, &positions_layer, from, rows, width);

    net_append_weights(net, node, rows, width, NET_POSITIONS);
    return node;
}

/* ---- A row with those before it ---- */

static void unfold_forward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);
    size_t length = node->option, width = from->width;

    for (size_t row = 0; row < net->samples * node->rows; row++)
        for (size_t k = 0; k < length; k++) {
            double *to = node->value + row * node->width + k * width;
            size_t back = length - 1 - k;
            if (row % node->rows >= back)
                memcpy(to, from->value + (row - back) * width, width * sizeof(double));
            else
                memset(to, 0, width * sizeof(double));
        }
}

static void unfold_backward(struct net *net, const struct net_node *node)
{
    size_t length = node->option, width = net_node(net, node->from[0])->width;
    double *wanted = net_wanted(net, node->from[0]);

    for (size_t row = 0; wanted && row < net->samples * node->rows; row++)
        for (size_t k = 0; k < length; k++)
            if (row % node->rows >= length - 1 - k)
                add_to(wanted + (row - (length - 1 - k)) * width, node->gradient + row * node->width + k * width,
                       width);
}

static const struct net_layer unfold_layer = {.forward = unfold_forward, .backward = unfold_backward};

size_t net_unfold(struct net *net, size_t from, size_t length)
{
    size_t rows = net_node(net, from)->rows, width = net_node(net, from)->width;
    size_t node = net_append(net, &unfold_layer, from, rows, width * length);

    net_node(net, node)->option = length;
    return node;
}

/* ---- One row, or the mean of all ---- */

static void pick_forward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);

    for (size_t s = 0; s < net->samples; s++)
        memcpy(node->value + s * node->width, from->value + (s * from->rows + node->option) * node->width,
               node->width * sizeof(double));
}

static void pick_backward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);
    double *wanted = net_wanted(net, node->from[0]);

    for (size_t s = 0; wanted && s < net->samples; s++)
        add_to(wanted + (s * from->rows + node->option) * node->width, node->gradient + s * node->width, node->width);
}

static const struct net_layer pick_layer = {.forward = pick_forward, .backward = pick_backward};

size_t net_pick(struct net *net, size_t from, size_t row)
{
    size_t node = net_append(net, &pick_layer, from, 1, net_node(net, from)->width);

    net_node(net, node)->option = row;
    return node;
}

static void mean_forward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);

    memset(node->value, 0, net->samples * node->width * sizeof(double));
    for (size_t s = 0; s < net->samples; s++) {
        double *mean = node->value + s * node->width;
        net_add_rows(from->value + s * from->rows * from->width, from->rows, from->width, mean);
        for (size_t i = 0; i < node->width; i++)
            mean[i] /= (double)from->rows;
    }
}

static void mean_backward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);
    double *wanted = net_wanted(net, node->from[0]);

    for (size_t row = 0; wanted && row < net->samples * from->rows; row++)
        for (size_t i = 0; i < node->width; i++)
            wanted[row * node->width + i] += node->gradient[row / from->rows * node->width + i] / (double)from->rows;
}

static const struct net_layer mean_layer = {.forward = mean_forward, .backward = mean_backward};

size_t net_mean(struct net *net, size_t from)
{
    return net_append(net, &mean_layer, from, 1, net_node(net, from)->width);
}

/* ---- Other rows, other columns ---- */

static void reshape_forward(struct net *net, const struct net_node *node)
{
    memcpy(node->value, net_value(net, node->from[0]), net->samples * node->rows * node->width * sizeof(double));
}

static void reshape_backward(struct net *net, const struct net_node *node)
{
    double *wanted = net_wanted(net, node->from[0]);

    if (wanted)
        add_to(wanted, node->gradient, net->samples * node->rows * node->width);
}

static const struct net_layer reshape_layer = {.forward = reshape_forward, .backward = reshape_backward};

size_t net_reshape(struct net *net, size_t from, size_t rows)
{
    size_t sample = net_node(net, from)->rows * net_node(net, from)->width;

    return net_append(net, &reshape_layer, from, rows, sample / rows);
}

static void join_forward(struct net *net, const struct net_node *node)
{
    const struct net_node *a = net_node(net, node->from[0]), *b = net_node(net, node->from[1]);

    for (size_t row = 0; row < net->samples * node->rows; row++) {
        memcpy(node->value + row * node->width, a->value + row * a->width, a->width * sizeof(double));
        memcpy(node->value + row * node->width + a->width, b->value + row * b->width, b->width * sizeof(double));
    }
}

static void join_backward(struct net *net, const struct net_node *node)
{
    size_t first = 0;

    for (size_t side = 0; side < 2; side++) {
        size_t width = net_node(net, node->from[side])->width;
        double *wanted = net_wanted(net, node->from[side]);
        for (size_t row = 0; wanted && row < net->samples * node->rows; row++)
            add_to(wanted + row * width, node->gradient + row * node->width + first, width);
        first += width;
    }
}

static const struct net_layer join_layer = {.forward = join_forward, .backward = join_backward};

size_t net_join(struct net *net, size_t a, size_t b)
{
    size_t width = net_node(net, a)->width + net_node(net, b)->width;
    size_t node = net_append(net, &join_layer, a, net_node(net, a)->rows, width);

    net_node(net, node)->from[1] = b;
    return node;
}

static void slice_forward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);

    for (size_t row = 0; row < net->samples * node->rows; row++)
        memcpy(node->value + row * node->width, from->value + row * from->width + node->option,
               node->width * sizeof(double));
}

static void slice_backward(struct net *net, const struct net_node *node)
{
    size_t width = net_node(net, node->from[0])->width;
    double *wanted = net_wanted(net, node->from[0]);

    for (size_t row = 0; wanted && row < net->samples * node->rows; row++)
        add_to(wanted + row * width + node->option, node->gradient + row * node->width, node->width);
}

static const struct net_layer slice_layer = {.forward = slice_forward, .backward = slice_backward};

size_t net_slice(struct net *net, size_t from, size_t first, size_t width)
{
    size_t node = net_append(net, &slice_layer, from, net_node(net, from)->rows, width);

    net_node(net, node)->option = first;
    return node;
}

/* ---- Rows mixed by a constant matrix ---- */

static void mix_forward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]), *matrix = net->weights + node->weights;
    size_t rows = node->rows, width = node->width;

    for (size_t s = 0; s < net->samples; s++)
        net_product(0, 0, rows, width, rows, matrix, rows, x + s * rows * width, width, 0,
                    node->value + s * rows * width, width);
}

static void mix_backward(struct net *net, const struct net_node *node)
{
    const double *matrix = net->weights + node->weights;
    double *wanted = net_wanted(net, node->from[0]);
    size_t rows = node->rows, width = node->width;

    for (size_t s = 0; wanted && s < net->samples; s++)
        net_product(1, 0, rows, width, rows, matrix, rows, node->gradient + s * rows * width, width, 1,
                    wanted + s * rows * width, width);
}

static const struct net_layer mix_layer = {.forward = mix_forward, .backward = mix_backward};

size_t net_mix(struct net *net, size_t from)
{
    size_t rows = net_node(net, from)->rows;
    size_t node = net_append(net, &mix_layer, from, rows, net_node(net, from)->width);

    net_append_weights(net, node, rows, rows, NET_GIVEN);
    return node;
}

/* ---- A sum of groups of columns, weighted ---- */

static void blend_forward(struct net *net, const struct net_node *node)
{
    const struct net_node *weights = net_node(net, node->from[0]), *values = net_node(net, node->from[1]);
    size_t rows = net->samples * node->rows, width = node->width;

    memset(node->value, 0, rows * width * sizeof(double));
    for (size_t row = 0; row < rows; row++)
        for (size_t v = 0; v < weights->width; v++)
            for (size_t i = 0; i < width; i++)
                node->value[row * width + i] +=
                    weights->value[row * weights->width + v] * values->value[row * values->width + v * width + i];
}

static void blend_backward(struct net *net, const struct net_node *node)
{
    const struct net_node *weights = net_node(net, node->from[0]), *values = net_node(net, node->from[1]);
    size_t width = node->width;

    for (size_t row = 0; row < net->samples * node->rows; row++)
        for (size_t v = 0; v < weights->width; v++)
            for (size_t i = 0; i < width; i++) {
                size_t at = row * values->width + v * width + i;
                weights->gradient[row * weights->width + v] += node->gradient[row * width + i] * values->value[at];
                values->gradient[at] += node->gradient[row * width + i] * weights->value[row * weights->width + v];
            }
}

static const struct net_layer blend_layer = {.forward = blend_forward, .backward = blend_backward};

size_t net_blend(struct net *net, size_t weights, size_t values)
{
    size_t width = net_node(net, values)->width / net_node(net, weights)->width;
    size_t node = net_append(net, &blend_layer, weights, net_node(net, weights)->rows, width);

    net_node(net, node)->from[1] = values;
    return node;
}
