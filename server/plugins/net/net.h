/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_NET_H
#define PLUGIN_NET_H

#include <stddef.h>
#include <stdint.h>

#include "support/random.h"

/* Networks as a list of layers, each after those it reads from. A layer's value is a matrix: `rows` rows a sample
 * (steps of time, mostly; or 1), `width` columns. A batch of samples stands one after the other, so layers that work
 * row by row see one tall matrix, and BLAS does the rest.
 *
 *     struct net *net = net_new(features, steps);       layer 0 is the input
 *     size_t last = net_dense(net, net_pick(net, net_lstm(net, 0, 50, 0, 0), steps - 1), 1);
 *     if (net_seal(net)) …                              out of memory, here or in any line before
 *     net_start_weights(net, random);
 *     net_attach(net, memory, batch, 1);                net_workspace(net, batch, 1) numbers
 *
 *     net_value(net, 0) …                               fill the input
 *     net_forward(net, samples);
 *     net_gradient_of(net, last) …                      fill: derivative of the loss by the output
 *     net_backward(net, samples);                       net->gradient: by each weight
 *
 * All weights are one array, so the optimiser and the artifact know nothing of layers. Thread: one at a time a net.
 * Ownership: the net owns weights and layers (malloc); the workspace is the caller's. */

#define NET_READS_MAX 3

struct net;
struct net_node;

struct net_layer {
    void (*forward)(struct net *net, const struct net_node *node);
    void (*backward)(struct net *net, const struct net_node *node); /* adds to the gradients of what it reads */
};

struct net_node {
    const struct net_layer *layer;
    size_t from[NET_READS_MAX];
    size_t rows, width;        /* of a sample's value */
    size_t weights;            /* offset of its first weight */
    size_t kept;               /* numbers a sample that forward leaves for backward */
    size_t option, option_too; /* the layer's own */
    double rate;
    double *value, *gradient, *notes;
};

/* How a block of weights begins. */
enum net_beginning {
    NET_GLOROT,    /* uniform within sqrt(6 / (in + out)): Glorot and Bengio (2010) */
    NET_ZEROS,
    NET_ONES,
    NET_FORGET,    /* biases of an LSTM: 1 for the forget gate, else 0: Gers, Schmidhuber and Cummins (2000) */
    NET_POSITIONS, /* sines and cosines of the row's number: Vaswani et al. (2017), 3.5 */
    NET_ANGLES,    /* uniform within pi */
    NET_GIVEN,     /* the caller's, and never trained */
};

struct net_block {
    size_t first, in, out; /* in x out numbers */
    enum net_beginning beginning;
};

struct net {
    struct net_node *nodes;
    struct net_block *blocks;
    size_t node_count, block_count, weight_count;
    int failed; /* while it was built: out of memory, or a layer of no size */
    double *weights;

    /* Set by net_attach() and by the trainer. */
    double *gradient; /* NULL: no backward */
    size_t batch;     /* samples that the workspace has room for */
    size_t samples;   /* samples of this forward or backward */
    int input_gradient; /* non-zero: the derivative by the input is wanted too */
    struct random *random; /* for dropout; NULL: nothing is dropped */
};

/** NULL when out of memory. */
struct net *net_new(size_t features, size_t steps);
void net_free(struct net *net);
/** After the last layer: non-zero when memory was out or a layer has no size. Weights are 0 then. */
int net_seal(struct net *net);
/** Draw the weights, block after block, row after row. Blocks that are NET_GIVEN stay. */
void net_start_weights(struct net *net, struct random *random);

/* ---- Layers: each gives its number, which is 0 when memory was out ---- */

enum net_shape { NET_IDENTITY, NET_RELU, NET_TANH, NET_LOGISTIC, NET_ELU, NET_GELU };

/** x W + b, W in x out. */
size_t net_dense(struct net *net, size_t from, size_t width);
size_t net_activation(struct net *net, size_t from, enum net_shape shape);
/** Each number is 0 with chance @rate, else divided by 1 - @rate; @together: one draw for all rows of a sample. Gives
 *  @from when the rate is 0. */
size_t net_dropout(struct net *net, size_t from, double rate, int together);
size_t net_add(struct net *net, size_t a, size_t b);
size_t net_multiply(struct net *net, size_t a, size_t b);
/** First half times the logistic of the second: Dauphin et al. (2017). */
size_t net_gated(struct net *net, size_t from);
/** Softmax of each row. */
size_t net_softmax(struct net *net, size_t from);
/** Rows to mean 0 and variance 1 (+ 1e-5), then scale and shift: Ba, Kiros and Hinton (2016). */
size_t net_normalise(struct net *net, size_t from);
/** Add what is learned for each row's place. */
size_t net_positions(struct net *net, size_t from);
/** Each row with the @length - 1 rows before it, oldest first; zeros before the first. */
size_t net_unfold(struct net *net, size_t from, size_t length);
/** One row of each sample. */
size_t net_pick(struct net *net, size_t from, size_t row);
/** The mean of each sample's rows. */
size_t net_mean(struct net *net, size_t from);
/** The same numbers in other rows. @rows divides what a sample has. */
size_t net_reshape(struct net *net, size_t from, size_t rows);
/** Columns of @a, then those of @b. */
size_t net_join(struct net *net, size_t a, size_t b);
/** Columns from @first. */
size_t net_slice(struct net *net, size_t from, size_t first, size_t width);
/** Hochreiter and Schmidhuber (1997), with forget gates; one value a row. @backwards: from the last row to the first.
 *  @dropout: of the state that goes round, one draw a sample. */
size_t net_lstm(struct net *net, size_t from, size_t units, int backwards, double dropout);
/** Cho et al. (2014), the reset gate after the product, as cuDNN, PyTorch and Keras have it. */
size_t net_gru(struct net *net, size_t from, size_t units, double dropout);
/** Softmax(Q K' / sqrt(width of a head)) V in each head: Vaswani et al. (2017). @causal: no row sees a later one. */
size_t net_attention(struct net *net, size_t query, size_t key, size_t value, size_t heads, int causal);
/** The same, all heads sharing one V and their mean taken: Lim et al. (2021), "interpretable". */
size_t net_shared_attention(struct net *net, size_t query, size_t key, size_t value, size_t heads, int causal);
/** The rows of each sample, mixed by a constant matrix of rows x rows: net_given() tells where it stands. */
size_t net_mix(struct net *net, size_t from);
/** Sum over v of weight v times the v-th @width columns of @values. */
size_t net_blend(struct net *net, size_t weights, size_t values);
enum net_pair { NET_DOPRI5, NET_BOSH3, NET_HEUN }; /* of steps: kept in artifacts */
/** Solve dh/dt = W2 tanh(W1 h + b1) + b2 from t = 0 to 1: ode.c. */
size_t net_ode(struct net *net, size_t from, size_t hidden, enum net_pair pair, double tolerance);

/** The input as a picture, cut into patches that become the rows: chart.c. It learns nothing from what comes after. */
size_t net_chart(struct net *net, size_t patch);

/* ---- Running ---- */

/** Numbers of memory for so many samples at once. */
size_t net_workspace(const struct net *net, size_t batch, int training);
void net_attach(struct net *net, double *memory, size_t batch, int training);
void net_forward(struct net *net, size_t samples);
/** Clears all gradients but that of the last layer, which the caller filled. */
void net_backward(struct net *net, size_t samples);

static inline struct net_node *net_node(const struct net *net, size_t index)
{
    return &net->nodes[index];
}

static inline size_t net_last(const struct net *net)
{
    return net->node_count - 1;
}

/** Of a layer @index, after net_attach(). */
static inline double *net_value(const struct net *net, size_t index)
{
    return net->nodes[index].value;
}

static inline double *net_gradient_of(const struct net *net, size_t index)
{
    return net->nodes[index].gradient;
}

/* ---- For layers ---- */

/** A new layer with the rows and width given. */
size_t net_append(struct net *net, const struct net_layer *layer, size_t from, size_t rows, size_t width);
/** Weights for layer @node, @in x @out; those of one layer follow each other. */
void net_append_weights(struct net *net, size_t node, size_t in, size_t out, enum net_beginning beginning);
/** Where a reader adds the derivative, or NULL when nobody wants it. */
double *net_wanted(const struct net *net, size_t from);

/** C = A B + beta C, row after row; @a_turned, @b_turned: of A', B'. m x n from an inner length of k. */
void net_product(int a_turned, int b_turned, size_t m, size_t n, size_t k, const double *a, size_t a_stride,
                 const double *b, size_t b_stride, double beta, double *c, size_t c_stride);
/** sums[column] += sum over rows. */
void net_add_rows(const double *matrix, size_t rows, size_t width, double *sums);

static inline double net_sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + __builtin_exp(-x)) : 1 - 1 / (1 + __builtin_exp(x));
}

#endif
