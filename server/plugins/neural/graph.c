/* SPDX-License-Identifier: Apache-2.0 */
/* Graph convolution: Kipf and Welling (2017). The nodes are the features, an edge is an absolute correlation of at
 * least `edge_threshold` over the training rows, and a row is a signal on the graph. */
#include <math.h>
#include <string.h>

#include "net/model.h"

#define FEATURES_MAX 1024

static void read(struct call *call, struct plan *plan, struct trainer *trainer)
{
    plan->units = (uint64_t)call_integer(call, "hidden_channels", 1, PLAN_WIDTH_MAX);
    plan->depth = (uint64_t)call_integer(call, "num_layers", 1, PLAN_DEPTH_MAX);
    if (call->feature_count > FEATURES_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu features are more than %d", call->feature_count, FEATURES_MAX);
}

static void build(struct net *net, const struct plan *plan)
{
    size_t nodes = net_reshape(net, 0, plan->features);

    for (uint64_t i = 0; i < plan->depth; i++)
        nodes = net_activation(net, net_dense(net, net_mix(net, nodes), plan->units), NET_RELU);
    net_dense(net, net_reshape(net, nodes, 1), plan->outputs);
}

static void correlate(const struct examples *examples, const double *centre, const double *scale, double *matrix)
{
    size_t features = examples->features;

    for (size_t row = 0; row < examples->rows; row++) {
        const double *x = examples->values + row * features;
        for (size_t i = 0; i < features; i++)
            for (size_t j = 0; j < i; j++)
                matrix[i * features + j] += (x[i] - centre[i]) / scale[i] * (x[j] - centre[j]) / scale[j];
    }
    for (size_t i = 0; i < features; i++)
        for (size_t j = 0; j < i; j++)
            matrix[i * features + j] = fabs(matrix[i * features + j]) / (double)examples->rows;
}

/* D^-1/2 (A + 1) D^-1/2, where D holds the sums of rows. */
static void prepare(struct call *call, struct net *net, const struct examples *examples)
{
    double threshold = call_number_within(call, "edge_threshold", 0, 1);
    size_t n = examples->features;
    double *matrix = call_numbers(call, (int64_t)(n * n)), *degree = call_numbers(call, (int64_t)n),
           *centre = call_numbers(call, (int64_t)n), *scale = call_numbers(call, (int64_t)n);

    if (call->status)
        return;
    examples_moments(examples->values, examples->rows, n, centre, scale);
    correlate(examples, centre, scale, matrix);
    for (size_t i = 0; i < n; i++) {
        matrix[i * n + i] = 1;
        for (size_t j = 0; j < i; j++)
            matrix[j * n + i] = matrix[i * n + j] = matrix[i * n + j] >= threshold ? matrix[i * n + j] : 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            degree[i] += matrix[i * n + j];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            matrix[i * n + j] /= sqrt(degree[i] * degree[j]);
    for (size_t b = 0; b < net->block_count; b++)
        if (net->blocks[b].beginning == NET_GIVEN)
            memcpy(net->weights + net->blocks[b].first, matrix, n * n * sizeof(double));
}

static const struct architecture graph_convolution_architecture = {.loss = TRAINER_CROSS_ENTROPY,
                                                                   .has_classes = 1,
                                                                   .read = read,
                                                                   .build = build,
                                                                   .prepare = prepare,
                                                                   .emit = net_emit_class};
NET_MODEL(graph_convolution, .task = LEARNER_CLASSES, .outputs = {"prediction", "probability"});
