/* SPDX-License-Identifier: Apache-2.0 */
/* Temporal fusion transformer: Lim, Arik, Loeff and Pfister (2021), over what has been observed: without static
 * columns, which a table of one series does not have, and without known future ones. */
#include "net/model.h"

#define FEATURES_MAX 64

static void read(struct call *call, struct plan *plan, struct trainer *trainer)
{
    net_read_window(call, plan);
    plan->units = (uint64_t)call_integer(call, "hidden_size", 1, PLAN_WIDTH_MAX);
    plan->heads = (uint64_t)call_integer(call, "attention_heads", 1, PLAN_HEADS_MAX);
    plan->depth = (uint64_t)call_integer(call, "lstm_layers", 1, PLAN_DEPTH_MAX);
    plan->dropout = call_number_within(call, "dropout", 0, 0.95);
    plan->outputs = 3;
    net_check_heads(call, plan, "attention_heads");
    if (call->feature_count > FEATURES_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu features are more than %d", call->feature_count, FEATURES_MAX);
}

/* What passes a gate, added to @skip and normalised. */
static size_t gate(struct net *net, size_t skip, size_t from, const struct plan *plan)
{
    size_t width = net_node(net, skip)->width;
    size_t passed = net_gated(net, net_dense(net, net_dropout(net, from, plan->dropout, 0), 2 * width));

    return net_normalise(net, net_add(net, skip, passed));
}

/* Gated residual network: equations 2 to 4. */
static size_t residual(struct net *net, size_t from, size_t width, const struct plan *plan)
{
    size_t skip = net_node(net, from)->width == width ? from : net_dense(net, from, width);
    size_t inner = net_dense(net, net_activation(net, net_dense(net, from, width), NET_ELU), width);

    return gate(net, skip, inner, plan);
}

/* Each feature's vector, weighted by what all of them say: equations 6 to 8. */
static size_t select_features(struct net *net, const struct plan *plan)
{
    size_t plain = 0, processed = 0;

    for (uint64_t i = 0; i < plan->features; i++) {
        size_t vector = net_dense(net, net_slice(net, 0, i, 1), plan->units);
        plain = i ? net_join(net, plain, vector) : vector;
        vector = residual(net, vector, plan->units, plan);
        processed = i ? net_join(net, processed, vector) : vector;
    }
    return net_blend(net, net_softmax(net, residual(net, plain, plan->features, plan)), processed);
}

static void build(struct net *net, const struct plan *plan)
{
    size_t width = plan->units, head = width / plan->heads;
    size_t selected = select_features(net, plan), local = selected;

    for (uint64_t i = 0; i < plan->depth; i++)
        local = net_lstm(net, local, width, 0, 0);
    local = gate(net, selected, local, plan);
    size_t enriched = residual(net, local, width, plan);
    size_t query = net_dense(net, enriched, head * plan->heads), key = net_dense(net, enriched, head * plan->heads);
    size_t seen = net_shared_attention(net, query, key, net_dense(net, enriched, head), plan->heads, 1);
    size_t attended = gate(net, enriched, net_dense(net, seen, width), plan);
    size_t fused = gate(net, local, residual(net, attended, width, plan), plan);
    net_dense(net, net_pick(net, fused, plan->steps - 1), 3);
}

static const struct architecture temporal_fusion_architecture = {
    .loss = TRAINER_PINBALL, .read = read, .build = build, .emit = net_emit_range};
NET_MODEL(temporal_fusion, .task = LEARNER_NUMBERS, .outputs = {"prediction", "lower", "upper"});
