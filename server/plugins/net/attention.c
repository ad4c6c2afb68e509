/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "net/net.h"

/* Kept: a matrix of rows x rows for each sample and head, what each row takes from each other; and one of scratch. */

struct view {
    const struct net_node *node, *query, *key, *values;
    size_t rows, heads, depth, width; /* depth: of a head's queries and keys; width: of its values */
    size_t samples;
    int shares, causal; /* shares: all heads have the same values, and their mean is the result */
    double scale;
};

static struct view view_of(const struct net *net, const struct net_node *node)
{
    const struct net_node *query = net_node(net, node->from[0]);
    int shares = (node->option_too & 2) != 0;

    return (struct view){.node = node,
                         .query = query,
                         .key = net_node(net, node->from[1]),
                         .values = net_node(net, node->from[2]),
                         .rows = node->rows,
                         .heads = node->option,
                         .depth = query->width / node->option,
                         .width = shares ? node->width : node->width / node->option,
                         .samples = net->samples,
                         .shares = shares,
                         .causal = (node->option_too & 1) != 0,
                         .scale = 1 / sqrt((double)(query->width / node->option))};
}

static double *weights_of(const struct view *view, size_t sample, size_t head)
{
    return view->node->notes + (sample * view->heads + head) * view->rows * view->rows;
}

static const double *queries(const struct view *view, const double *from, size_t sample, size_t head)
{
    return from + sample * view->rows * view->query->width + head * view->depth;
}

/* Where a head's values, or what it gives, begin. */
static size_t values_at(const struct view *view, size_t sample, size_t head)
{
    return sample * view->rows * view->values->width + (view->shares ? 0 : head * view->width);
}

static void soften(const struct view *view, double *weights)
{
    for (size_t row = 0; row < view->rows; row++) {
        double *line = weights + row * view->rows, most = -INFINITY, total = 0;
        size_t seen = view->causal ? row + 1 : view->rows;
        for (size_t i = 0; i < seen; i++)
            most = fmax(most, line[i] *= view->scale);
        for (size_t i = 0; i < seen; i++)
            total += line[i] = exp(line[i] - most);
        for (size_t i = 0; i < view->rows; i++)
            line[i] = i < seen ? line[i] / total : 0;
    }
}

static void attention_forward(struct net *net, const struct net_node *node)
{
    struct view v = view_of(net, node);
    size_t stride = v.query->width;

    if (v.shares)
        memset(node->value, 0, v.samples * v.rows * node->width * sizeof(double));
    for (size_t s = 0; s < v.samples; s++)
        for (size_t h = 0; h < v.heads; h++) {
            double *weights = weights_of(&v, s, h);
            net_product(0, 1, v.rows, v.rows, v.depth, queries(&v, v.query->value, s, h), stride,
                        queries(&v, v.key->value, s, h), stride, 0, weights, v.rows);
            soften(&v, weights);
            net_product(0, 0, v.rows, v.width, v.rows, weights, v.rows, v.values->value + values_at(&v, s, h),
                        v.values->width, v.shares, node->value + values_at(&v, s, h), node->width);
        }
    if (v.shares)
        for (size_t i = 0; i < v.samples * v.rows * node->width; i++)
            node->value[i] /= (double)v.heads;
}

/* The derivatives by what a row takes from the others turn into those by the products, scaled. */
static void harden(const struct view *view, const double *weights, double *by_weight)
{
    for (size_t row = 0; row < view->rows; row++) {
        const double *line = weights + row * view->rows;
        double *by = by_weight + row * view->rows, along = 0;
        for (size_t i = 0; i < view->rows; i++)
            along += line[i] * by[i];
        for (size_t i = 0; i < view->rows; i++)
            by[i] = view->scale * line[i] * (by[i] - along);
    }
}

static void attention_backward(struct net *net, const struct net_node *node)
{
    struct view v = view_of(net, node);
    double *by_query = net_wanted(net, node->from[0]), *by_key = net_wanted(net, node->from[1]),
           *by_value = net_wanted(net, node->from[2]), *by_weight = weights_of(&v, v.samples, 0);
    size_t stride = v.query->width;

    if (v.shares)
        for (size_t i = 0; i < v.samples * v.rows * node->width; i++)
            node->gradient[i] /= (double)v.heads;
    for (size_t s = 0; s < v.samples; s++)
        for (size_t h = 0; h < v.heads; h++) {
            const double *weights = weights_of(&v, s, h), *by_result = node->gradient + values_at(&v, s, h);
            size_t at = (size_t)(queries(&v, by_query, s, h) - by_query);
            net_product(1, 0, v.rows, v.width, v.rows, weights, v.rows, by_result, node->width, 1,
                        by_value + values_at(&v, s, h), v.values->width);
            net_product(0, 1, v.rows, v.rows, v.width, by_result, node->width, v.values->value + values_at(&v, s, h),
                        v.values->width, 0, by_weight, v.rows);
            harden(&v, weights, by_weight);
            net_product(0, 0, v.rows, v.depth, v.rows, by_weight, v.rows, v.key->value + at, stride, 1, by_query + at,
                        stride);
            net_product(1, 0, v.rows, v.depth, v.rows, by_weight, v.rows, v.query->value + at, stride, 1, by_key + at,
                        stride);
        }
}

static const struct net_layer attention_layer = {.forward = attention_forward, .backward = attention_backward};

static size_t append(struct net *net, const size_t from[3], size_t heads, int causal, int shares)
{
    size_t rows = net_node(net, from[0])->rows;
    size_t width = net_node(net, from[2])->width;
    int divides = net_node(net, from[0])->width % heads == 0 && (shares || width % heads == 0);
    size_t node = net_append(net, &attention_layer, from[0], rows, divides ? width : 0);
    struct net_node *layer = net_node(net, node);

    layer->from[1] = from[1];
    layer->from[2] = from[2];
    layer->option = heads;
    layer->option_too = (size_t)(causal != 0) + 2 * (size_t)(shares != 0);
    layer->kept = (heads + 1) * rows * rows;
    return node;
}

size_t net_attention(struct net *net, size_t query, size_t key, size_t value, size_t heads, int causal)
{
    return append(net, (const size_t[]){query, key, value}, heads, causal, 0);
}

size_t net_shared_attention(struct net *net, size_t query, size_t key, size_t value, size_t heads, int causal)
{
    return append(net, (const size_t[]){query, key, value}, heads, causal, 1);
}
