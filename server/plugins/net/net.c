/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Building ---- */

static void input_forward(struct net *net, const struct net_node *node)
{
}

static const struct net_layer input_layer = {.forward = input_forward, .backward = input_forward};

/* Arrays grow by doubling: @count is at a power of two (or 0) when there is no room left. */
static int make_room(void **array, size_t count, size_t bytes_each)
{
    if (count & (count - 1))
        return 0;
    void *grown = realloc(*array, (count ? 2 * count : 1) * bytes_each);
    if (!grown)
        return -1;
    *array = grown;
    return 0;
}

size_t net_append(struct net *net, const struct net_layer *layer, size_t from, size_t rows, size_t width)
{
    if (rows == 0 || width == 0 || net->failed ||
        make_room((void **)&net->nodes, net->node_count, sizeof(*net->nodes))) {
        net->failed = 1;
        return 0;
    }
    net->nodes[net->node_count] = (struct net_node){
        .layer = layer, .from = {from}, .rows = rows, .width = width, .weights = net->weight_count};
    return net->node_count++;
}

void net_append_weights(struct net *net, size_t node, size_t in, size_t out, enum net_beginning beginning)
{
    if (net->failed || make_room((void **)&net->blocks, net->block_count, sizeof(*net->blocks))) {
        net->failed = 1;
        return;
    }
    net->blocks[net->block_count++] =
        (struct net_block){.first = net->weight_count, .in = in, .out = out, .beginning = beginning};
    net->weight_count += in * out;
}

struct net *net_new(size_t features, size_t steps)
{
    struct net *net = calloc(1, sizeof(*net));

    if (!net)
        return NULL;
    net_append(net, &input_layer, 0, steps, features);
    if (!net->failed)
        return net;
    net_free(net);
    return NULL;
}

void net_free(struct net *net)
{
    if (!net)
        return;
    free(net->nodes);
    free(net->blocks);
    free(net->weights);
    free(net);
}

int net_seal(struct net *net)
{
    if (!net->failed)
        net->weights = calloc(net->weight_count + 1, sizeof(double));
    return net->failed || !net->weights;
}

static double position_at(size_t row, size_t column, size_t width)
{
    double angle = (double)row / pow(10000, (double)(column - column % 2) / (double)width);

    return column % 2 ? cos(angle) : sin(angle);
}

static double beginning_of(const struct net_block *block, size_t index, struct random *random)
{
    switch (block->beginning) {
    case NET_GLOROT:
        return (2 * random_uniform(random) - 1) * sqrt(6.0 / (double)(block->in + block->out));
    case NET_ONES:
        return 1;
    case NET_FORGET: /* gates in the order input, forget, candidate, output */
        return index / (block->out / 4) == 1;
    case NET_ANGLES:
        return (2 * random_uniform(random) - 1) * M_PI;
    case NET_POSITIONS:
        return position_at(index / block->out, index % block->out, block->out);
    default:
        return 0;
    }
}

void net_start_weights(struct net *net, struct random *random)
{
    for (size_t b = 0; b < net->block_count; b++) {
        const struct net_block *block = &net->blocks[b];
        if (block->beginning == NET_GIVEN)
            continue;
        for (size_t i = 0; i < block->in * block->out; i++)
            net->weights[block->first + i] = beginning_of(block, i, random);
    }
}

/* ---- Running ---- */

size_t net_workspace(const struct net *net, size_t batch, int training)
{
    size_t count = training ? net->weight_count : 0;

    for (size_t i = 0; i < net->node_count; i++) {
        const struct net_node *node = &net->nodes[i];
        count += batch * (node->rows * node->width * (training ? 2 : 1) + node->kept);
    }
    return count;
}

void net_attach(struct net *net, double *memory, size_t batch, int training)
{
    net->batch = batch;
    net->gradient = training ? memory : NULL;
    memory += training ? net->weight_count : 0;
    for (size_t i = 0; i < net->node_count; i++) {
        struct net_node *node = &net->nodes[i];
        size_t numbers = batch * node->rows * node->width;
        node->value = memory;
        memory += numbers;
        node->gradient = training ? memory : NULL;
        memory += training ? numbers : 0;
        node->notes = memory;
        memory += batch * node->kept;
    }
}

void net_forward(struct net *net, size_t samples)
{
    net->samples = samples;
    for (size_t i = 1; i < net->node_count; i++)
        net->nodes[i].layer->forward(net, &net->nodes[i]);
}

void net_backward(struct net *net, size_t samples)
{
    net->samples = samples;
    memset(net->gradient, 0, net->weight_count * sizeof(double));
    for (size_t i = 0; i + 1 < net->node_count; i++)
        memset(net->nodes[i].gradient, 0, samples * net->nodes[i].rows * net->nodes[i].width * sizeof(double));
    for (size_t i = net->node_count; i-- > 1;)
        net->nodes[i].layer->backward(net, &net->nodes[i]);
}

double *net_wanted(const struct net *net, size_t from)
{
    return from > 0 || net->input_gradient ? net->nodes[from].gradient : NULL;
}

/* ---- Matrices ---- */

void net_product(int a_turned, int b_turned, size_t m, size_t n, size_t k, const double *a, size_t a_stride,
                 const double *b, size_t b_stride, double beta, double *c, size_t c_stride)
{
    cblas_dgemm(CblasRowMajor, a_turned ? CblasTrans : CblasNoTrans, b_turned ? CblasTrans : CblasNoTrans, (int)m,
                (int)n, (int)k, 1, a, (int)a_stride, b, (int)b_stride, beta, c, (int)c_stride);
}

void net_add_rows(const double *matrix, size_t rows, size_t width, double *sums)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++)
            sums[i] += matrix[row * width + i];
}
