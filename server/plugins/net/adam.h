/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_NET_ADAM_H
#define PLUGIN_NET_ADAM_H

#include "net/net.h"

/* Adam: Kingma and Ba (2015), algorithm 1. */
struct adam {
    double rate, beta1, beta2, epsilon; /* 0.001, 0.9, 0.999, 1e-8 in the paper */
    double penalty;                     /* of squared weights, biases left out: their derivative is added */
    double *mean, *square;              /* a number a weight each, 0 at the start: the caller's */
    uint64_t steps;
};

/** Numbers of memory for @net's weights. */
size_t adam_workspace(const struct net *net);
void adam_attach(struct adam *adam, const struct net *net, double *memory);
/** Move the weights against net->gradient. */
void adam_step(struct adam *adam, struct net *net);
/** Half the penalty times the sum of squared weights. */
double adam_penalty(const struct adam *adam, const struct net *net);

#endif
