/* SPDX-License-Identifier: Apache-2.0 */
/* Networks whose rows look at each other: Vaswani et al. (2017), "Attention is all you need", and Dosovitskiy et al.
 * (2021), who cut pictures into patches and take those for rows. */
#include "net/model.h"

#define FEED_FORWARD 4 /* times as wide as the rows */

static size_t attend(struct net *net, size_t from, size_t width, size_t heads)
{
    size_t query = net_dense(net, from, width), key = net_dense(net, from, width), value = net_dense(net, from, width);

    return net_attention(net, query, key, value, heads, 0);
}

/* ---- One layer of attention ---- */

static void read_multi_head(struct call *call, struct plan *plan, struct trainer *trainer)
{
    net_read_window(call, plan);
    plan->heads = (uint64_t)call_integer(call, "num_heads", 1, PLAN_HEADS_MAX);
    plan->units = (uint64_t)call_integer(call, "key_dim", 1, PLAN_WIDTH_MAX);
}

static void build_multi_head(struct net *net, const struct plan *plan)
{
    size_t rows = net_positions(net, net_dense(net, 0, plan->units));
    size_t seen = net_dense(net, attend(net, rows, plan->units * plan->heads, plan->heads), plan->units);

    net_dense(net, net_mean(net, net_normalise(net, net_add(net, rows, seen))), plan->outputs);
}

static const struct architecture multi_head_attention_architecture = {
    .read = read_multi_head, .build = build_multi_head, .emit = net_emit_number};
NET_MODEL(multi_head_attention, .task = LEARNER_NUMBERS, .outputs = {"prediction"});

/* ---- Encoder ---- */

static void read_transformer(struct call *call, struct plan *plan, struct trainer *trainer)
{
    net_read_window(call, plan);
    plan->units = (uint64_t)call_integer(call, "d_model", 1, PLAN_WIDTH_MAX);
    plan->heads = (uint64_t)call_integer(call, "num_heads", 1, PLAN_HEADS_MAX);
    plan->depth = (uint64_t)call_integer(call, "num_layers", 1, PLAN_DEPTH_MAX);
    plan->inner = (uint64_t)call_integer(call, "dim_feedforward", 1, PLAN_WIDTH_MAX);
    plan->dropout = call_number_within(call, "dropout", 0, 0.95);
    net_check_heads(call, plan, "num_heads");
}

/* Normalised after each sum, as in the paper. */
static size_t encode(struct net *net, size_t rows, const struct plan *plan)
{
    size_t seen = net_dense(net, attend(net, rows, plan->units, plan->heads), plan->units);

    rows = net_normalise(net, net_add(net, rows, net_dropout(net, seen, plan->dropout, 0)));
    size_t inner = net_dropout(net, net_activation(net, net_dense(net, rows, plan->inner), NET_RELU), plan->dropout, 0);
    size_t thought = net_dropout(net, net_dense(net, inner, plan->units), plan->dropout, 0);
    return net_normalise(net, net_add(net, rows, thought));
}

static void build_transformer(struct net *net, const struct plan *plan)
{
    size_t rows = net_positions(net, net_dense(net, 0, plan->units));

    for (uint64_t i = 0; i < plan->depth; i++)
        rows = encode(net, rows, plan);
    net_dense(net, net_pick(net, rows, plan->steps - 1), plan->outputs);
}

static const struct architecture transformer_architecture = {
    .read = read_transformer, .build = build_transformer, .emit = net_emit_number};
NET_MODEL(transformer, .task = LEARNER_NUMBERS, .outputs = {"prediction"});

/* ---- Patches of a chart ---- */

static void read_vision(struct call *call, struct plan *plan, struct trainer *trainer)
{
    net_read_window(call, plan);
    plan->kernel = (uint64_t)call_integer(call, "patch_size", 1, 256);
    plan->units = (uint64_t)call_integer(call, "hidden_size", 1, PLAN_WIDTH_MAX);
    plan->heads = (uint64_t)call_integer(call, "num_attention_heads", 1, PLAN_HEADS_MAX);
    plan->depth = (uint64_t)call_integer(call, "num_layers", 1, PLAN_DEPTH_MAX);
    net_check_heads(call, plan, "num_attention_heads");
    if (plan->steps % plan->kernel != 0 || plan->steps > 1024)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "lookback", "%llu is not a multiple of patch_size up to 1024",
                  (unsigned long long)plan->steps);
}

/* Normalised before each part, gelu, as in that paper; the mean of all patches instead of a row of its own. */
static size_t look(struct net *net, size_t rows, const struct plan *plan)
{
    size_t seen = net_dense(net, attend(net, net_normalise(net, rows), plan->units, plan->heads), plan->units);

    rows = net_add(net, rows, seen);
    size_t inner = net_dense(net, net_normalise(net, rows), FEED_FORWARD * plan->units);
    return net_add(net, rows, net_dense(net, net_activation(net, inner, NET_GELU), plan->units));
}

static void build_vision(struct net *net, const struct plan *plan)
{
    size_t rows = net_positions(net, net_dense(net, net_chart(net, plan->kernel), plan->units));

    for (uint64_t i = 0; i < plan->depth; i++)
        rows = look(net, rows, plan);
    net_dense(net, net_mean(net, net_normalise(net, rows)), plan->outputs);
}

static const struct architecture vision_transformer_architecture = {.loss = TRAINER_CROSS_ENTROPY,
                                                                    .has_classes = 1,
                                                                    .read = read_vision,
                                                                    .build = build_vision,
                                                                    .emit = net_emit_class};
NET_MODEL(vision_transformer, .task = LEARNER_CLASSES, .outputs = {"prediction", "probability"});
