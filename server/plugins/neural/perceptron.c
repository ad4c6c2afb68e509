/* SPDX-License-Identifier: Apache-2.0 */
/* Dense layers one after the other: each row by itself. */
#include "net/model.h"

static void read_mlp(struct call *call, struct plan *plan, struct trainer *trainer)
{
    static const char *const shapes[] = {"identity", "relu", "tanh", "logistic", NULL};

    plan->shape = call_choice(call, "activation", shapes);
    net_read_sizes(call, plan);
}

static void read_feedforward(struct call *call, struct plan *plan, struct trainer *trainer)
{
    static const char *const shapes[] = {"linear", "relu", "tanh", "sigmoid", "elu", "gelu", NULL};

    plan->shape = call_choice(call, "activation", shapes);
    plan->dropout = call_number_within(call, "dropout", 0, 0.95);
    net_read_sizes(call, plan);
}

static void read_adversarial(struct call *call, struct plan *plan, struct trainer *trainer)
{
    read_mlp(call, plan, trainer);
    trainer->adversary = call_number_within(call, "epsilon", 0, 1e6);
}

static void build(struct net *net, const struct plan *plan)
{
    size_t at = 0;

    for (size_t i = 0; i < plan->size_count; i++) {
        at = net_activation(net, net_dense(net, at, plan->sizes[i]), (enum net_shape)plan->shape);
        at = net_dropout(net, at, plan->dropout, 0);
    }
    net_dense(net, at, plan->outputs);
}

static const struct architecture mlp_architecture = {.read = read_mlp, .build = build, .emit = net_emit_number};
NET_MODEL(mlp, .task = LEARNER_NUMBERS, .outputs = {"prediction"});

static const struct architecture feedforward_architecture = {
    .read = read_feedforward, .build = build, .emit = net_emit_number};
NET_MODEL(feedforward, .task = LEARNER_NUMBERS, .outputs = {"prediction"});

static const struct architecture adversarial_architecture = {
    .read = read_adversarial, .build = build, .emit = net_emit_number};
NET_MODEL(adversarial, .task = LEARNER_NUMBERS, .outputs = {"prediction"});
