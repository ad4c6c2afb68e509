/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that know no time: a row of theirs is made of one row. */
#include <math.h>
#include <string.h>

#include "net/net.h"

static size_t rows_of(const struct net *net, const struct net_node *node)
{
    return net->samples * node->rows;
}

static size_t numbers_of(const struct net *net, const struct net_node *node)
{
    return net->samples * node->rows * node->width;
}

/* ---- Dense ---- */

static void dense_forward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);
    const double *weights = net->weights + node->weights, *bias = weights + from->width * node->width;
    size_t rows = rows_of(net, node);

    for (size_t row = 0; row < rows; row++)
        memcpy(node->value + row * node->width, bias, node->width * sizeof(double));
    net_product(0, 0, rows, node->width, from->width, from->value, from->width, weights, node->width, 1, node->value,
                node->width);
}

static void dense_backward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);
    const double *weights = net->weights + node->weights;
    double *gradient = net->gradient + node->weights, *wanted = net_wanted(net, node->from[0]);
    size_t rows = rows_of(net, node);

    net_product(1, 0, from->width, node->width, rows, from->value, from->width, node->gradient, node->width, 1,
                gradient, node->width);
    net_add_rows(node->gradient, rows, node->width, gradient + from->width * node->width);
    if (wanted)
        net_product(0, 1, rows, from->width, node->width, node->gradient, node->width, weights, node->width, 1, wanted,
                    from->width);
}

static const struct net_layer dense_layer = {.forward = dense_forward, .backward = dense_backward};

size_t net_dense(struct net *net, size_t from, size_t width)
{
    size_t rows = net_node(net, from)->rows, in = net_node(net, from)->width;
    size_t node = net_append(net, &dense_layer, from, rows, width);

    net_append_weights(net, node, in, width, NET_GLOROT);
    net_append_weights(net, node, 1, width, NET_ZEROS);
    return node;
}

/* ---- Activations ---- */

static double shaped(enum net_shape shape, double x)
{
    switch (shape) {
    case NET_RELU:
        return x > 0 ? x : 0;
    case NET_TANH:
        return tanh(x);
    case NET_LOGISTIC:
        return net_sigmoid(x);
    case NET_ELU:
        return x > 0 ? x : expm1(x);
    case NET_GELU:
        return 0.5 * x * erfc(-x * M_SQRT1_2);
    default:
        return x;
    }
}

/* The derivative at @x, where the value is @y. */
static double slope(enum net_shape shape, double x, double y)
{
    switch (shape) {
    case NET_RELU:
        return x > 0;
    case NET_TANH:
        return 1 - y * y;
    case NET_LOGISTIC:
        return y * (1 - y);
    case NET_ELU:
        return x > 0 ? 1 : y + 1;
    case NET_GELU:
        return 0.5 * erfc(-x * M_SQRT1_2) + x * exp(-0.5 * x * x) * 0.3989422804014327;
    default:
        return 1;
    }
}

static void activation_forward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]);
    size_t count = numbers_of(net, node);

    if (node->option == NET_RELU)
        for (size_t i = 0; i < count; i++)
            node->value[i] = x[i] > 0 ? x[i] : 0;
    else
        for (size_t i = 0; i < count; i++)
            node->value[i] = shaped((enum net_shape)node->option, x[i]);
}

static void activation_backward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]);
    double *wanted = net_wanted(net, node->from[0]);
    size_t count = wanted ? numbers_of(net, node) : 0;

    if (node->option == NET_RELU)
        for (size_t i = 0; i < count; i++)
            wanted[i] += x[i] > 0 ? node->gradient[i] : 0;
    else
        for (size_t i = 0; i < count; i++)
            wanted[i] += node->gradient[i] * slope((enum net_shape)node->option, x[i], node->value[i]);
}

static const struct net_layer activation_layer = {.forward = activation_forward, .backward = activation_backward};

size_t net_activation(struct net *net, size_t from, enum net_shape shape)
{
    size_t node = net_append(net, &activation_layer, from, net_node(net, from)->rows, net_node(net, from)->width);

    net_node(net, node)->option = shape;
    return node;
}

/* ---- Dropout: Srivastava et al. (2014), scaled while training ---- */

static void dropout_forward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]);
    size_t count = numbers_of(net, node), sample = node->rows * node->width;

    for (size_t i = 0; i < count; i++) {
        int repeats = node->option && i % sample >= node->width;
        if (!net->random)
            node->notes[i] = 1;
        else if (repeats)
            node->notes[i] = node->notes[i - node->width];
        else
            node->notes[i] = random_uniform(net->random) < node->rate ? 0 : 1 / (1 - node->rate);
        node->value[i] = x[i] * node->notes[i];
    }
}

static void dropout_backward(struct net *net, const struct net_node *node)
{
    double *wanted = net_wanted(net, node->from[0]);

    for (size_t i = 0; wanted && i < numbers_of(net, node); i++)
        wanted[i] += node->gradient[i] * node->notes[i];
}

static const struct net_layer dropout_layer = {.forward = dropout_forward, .backward = dropout_backward};

size_t net_dropout(struct net *net, size_t from, double rate, int together)
{
    if (rate == 0)
        return from;
    size_t node = net_append(net, &dropout_layer, from, net_node(net, from)->rows, net_node(net, from)->width);
    struct net_node *layer = net_node(net, node);
    layer->kept = layer->rows * layer->width;
    layer->option = (size_t)together;
    layer->rate = rate;
    return node;
}

/* ---- Two of the same shape ---- */

static void add_forward(struct net *net, const struct net_node *node)
{
    const double *a = net_value(net, node->from[0]), *b = net_value(net, node->from[1]);

    for (size_t i = 0; i < numbers_of(net, node); i++)
        node->value[i] = a[i] + b[i];
}

static void add_backward(struct net *net, const struct net_node *node)
{
    for (size_t side = 0; side < 2; side++) {
        double *wanted = net_wanted(net, node->from[side]);
        for (size_t i = 0; wanted && i < numbers_of(net, node); i++)
            wanted[i] += node->gradient[i];
    }
}

static const struct net_layer add_layer = {.forward = add_forward, .backward = add_backward};

size_t net_add(struct net *net, size_t a, size_t b)
{
    size_t node = net_append(net, &add_layer, a, net_node(net, a)->rows, net_node(net, a)->width);

    net_node(net, node)->from[1] = b;
    return node;
}

static void multiply_forward(struct net *net, const struct net_node *node)
{
    const double *a = net_value(net, node->from[0]), *b = net_value(net, node->from[1]);

    for (size_t i = 0; i < numbers_of(net, node); i++)
        node->value[i] = a[i] * b[i];
}

static void multiply_backward(struct net *net, const struct net_node *node)
{
    for (size_t side = 0; side < 2; side++) {
        double *wanted = net_wanted(net, node->from[side]);
        const double *other = net_value(net, node->from[1 - side]);
        for (size_t i = 0; wanted && i < numbers_of(net, node); i++)
            wanted[i] += node->gradient[i] * other[i];
    }
}

static const struct net_layer multiply_layer = {.forward = multiply_forward, .backward = multiply_backward};

size_t net_multiply(struct net *net, size_t a, size_t b)
{
    size_t node = net_append(net, &multiply_layer, a, net_node(net, a)->rows, net_node(net, a)->width);

    net_node(net, node)->from[1] = b;
    return node;
}

/* ---- Gates ---- */

static void gated_forward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]);
    size_t width = node->width;

    for (size_t row = 0; row < rows_of(net, node); row++)
        for (size_t i = 0; i < width; i++)
            node->value[row * width + i] = x[row * 2 * width + i] * net_sigmoid(x[row * 2 * width + width + i]);
}

static void gated_backward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]);
    double *wanted = net_wanted(net, node->from[0]);
    size_t width = node->width;

    for (size_t row = 0; wanted && row < rows_of(net, node); row++)
        for (size_t i = 0; i < width; i++) {
            size_t at = row * 2 * width + i;
            double gate = net_sigmoid(x[at + width]), gradient = node->gradient[row * width + i];
            wanted[at] += gradient * gate;
            wanted[at + width] += gradient * x[at] * gate * (1 - gate);
        }
}

static const struct net_layer gated_layer = {.forward = gated_forward, .backward = gated_backward};

size_t net_gated(struct net *net, size_t from)
{
    return net_append(net, &gated_layer, from, net_node(net, from)->rows, net_node(net, from)->width / 2);
}

/* ---- Softmax ---- */

static void softmax_forward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]);

    for (size_t row = 0; row < rows_of(net, node); row++) {
        const double *in = x + row * node->width;
        double *out = node->value + row * node->width, most = in[0], total = 0;
        for (size_t i = 1; i < node->width; i++)
            most = fmax(most, in[i]);
        for (size_t i = 0; i < node->width; i++)
            total += out[i] = exp(in[i] - most);
        for (size_t i = 0; i < node->width; i++)
            out[i] /= total;
    }
}

static void softmax_backward(struct net *net, const struct net_node *node)
{
    double *wanted = net_wanted(net, node->from[0]);

    for (size_t row = 0; wanted && row < rows_of(net, node); row++) {
        const double *y = node->value + row * node->width, *gradient = node->gradient + row * node->width;
        double along = 0;
        for (size_t i = 0; i < node->width; i++)
            along += y[i] * gradient[i];
        for (size_t i = 0; i < node->width; i++)
            wanted[row * node->width + i] += y[i] * (gradient[i] - along);
    }
}

static const struct net_layer softmax_layer = {.forward = softmax_forward, .backward = softmax_backward};

size_t net_softmax(struct net *net, size_t from)
{
    return net_append(net, &softmax_layer, from, net_node(net, from)->rows, net_node(net, from)->width);
}

/* ---- Normalising: kept are the rows before scale and shift, then 1 / deviation of each row ---- */

#define NORMALISE_LEAST 1e-5

static void normalise_forward(struct net *net, const struct net_node *node)
{
    const double *x = net_value(net, node->from[0]), *scale = net->weights + node->weights;
    size_t rows = rows_of(net, node), width = node->width;
    double *inverse = node->notes + rows * width;

    for (size_t row = 0; row < rows; row++) {
        const double *in = x + row * width;
        double mean = 0, squares = 0, *plain = node->notes + row * width;
        for (size_t i = 0; i < width; i++)
            mean += in[i] / (double)width;
        for (size_t i = 0; i < width; i++)
            squares += (in[i] - mean) * (in[i] - mean) / (double)width;
        inverse[row] = 1 / sqrt(squares + NORMALISE_LEAST);
        for (size_t i = 0; i < width; i++) {
            plain[i] = (in[i] - mean) * inverse[row];
            node->value[row * width + i] = plain[i] * scale[i] + scale[width + i];
        }
    }
}

static void normalise_backward(struct net *net, const struct net_node *node)
{
    const double *scale = net->weights + node->weights;
    double *wanted = net_wanted(net, node->from[0]), *by_scale = net->gradient + node->weights;
    size_t rows = rows_of(net, node), width = node->width;

    for (size_t row = 0; row < rows; row++) {
        const double *gradient = node->gradient + row * width, *plain = node->notes + row * width;
        double mean = 0, along = 0, inverse = node->notes[rows * width + row];
        for (size_t i = 0; i < width; i++) {
            by_scale[i] += gradient[i] * plain[i];
            by_scale[width + i] += gradient[i];
            mean += gradient[i] * scale[i] / (double)width;
            along += gradient[i] * scale[i] * plain[i] / (double)width;
        }
        for (size_t i = 0; wanted && i < width; i++)
            wanted[row * width + i] += inverse * (gradient[i] * scale[i] - mean - plain[i] * along);
    }
}

static const struct net_layer normalise_layer = {.forward = normalise_forward, .backward = normalise_backward};

size_t net_normalise(struct net *net, size_t from)
{
    size_t rows = net_node(net, from)->rows, width = net_node(net, from)->width;
    size_t node = net_append(net, &normalise_layer, from, rows, width);

    net_node(net, node)->kept = rows * width + rows;
    net_append_weights(net, node, 1, width, NET_ONES);
    net_append_weights(net, node, 1, width, NET_ZEROS);
    return node;
}
