/* SPDX-License-Identifier: Apache-2.0 */
/* Networks with a memory: the last rows go in one after the other, and what is remembered at the end tells the
 * target. */
#include "net/model.h"

static void read_gru(struct call *call, struct plan *plan, struct trainer *trainer)
{
    net_read_window(call, plan);
    plan->units = (uint64_t)call_integer(call, "units", 1, PLAN_WIDTH_MAX);
    plan->dropout = call_number_within(call, "dropout", 0, 0.95);
}

static void read_lstm(struct call *call, struct plan *plan, struct trainer *trainer)
{
    read_gru(call, plan, trainer);
    plan->recurrent_dropout = call_number_within(call, "recurrent_dropout", 0, 0.95);
}

static void build_lstm(struct net *net, const struct plan *plan)
{
    size_t states = net_lstm(net, net_dropout(net, 0, plan->dropout, 1), plan->units, 0, plan->recurrent_dropout);

    net_dense(net, net_pick(net, states, plan->steps - 1), plan->outputs);
}

static void build_gru(struct net *net, const struct plan *plan)
{
    size_t states = net_gru(net, net_dropout(net, 0, plan->dropout, 1), plan->units, 0);

    net_dense(net, net_pick(net, states, plan->steps - 1), plan->outputs);
}

/* One from the first row to the last, one the other way: Schuster and Paliwal (1997). */
static void build_bilstm(struct net *net, const struct plan *plan)
{
    size_t input = net_dropout(net, 0, plan->dropout, 1);
    size_t forwards = net_pick(net, net_lstm(net, input, plan->units, 0, 0), plan->steps - 1);
    size_t backwards = net_pick(net, net_lstm(net, input, plan->units, 1, 0), 0);

    net_dense(net, net_join(net, forwards, backwards), plan->outputs);
}

static void read_cnn_lstm(struct call *call, struct plan *plan, struct trainer *trainer)
{
    net_read_window(call, plan);
    plan->inner = (uint64_t)call_integer(call, "filters", 1, PLAN_WIDTH_MAX);
    plan->kernel = (uint64_t)call_integer(call, "kernel_size", 1, PLAN_STEPS_MAX);
    plan->units = (uint64_t)call_integer(call, "lstm_units", 1, PLAN_WIDTH_MAX);
}

/* A convolution over each row and those before it, then the memory. */
static void build_cnn_lstm(struct net *net, const struct plan *plan)
{
    size_t filtered = net_dense(net, net_unfold(net, 0, plan->kernel), plan->inner);
    size_t states = net_lstm(net, net_activation(net, filtered, NET_RELU), plan->units, 0, 0);

    net_dense(net, net_pick(net, states, plan->steps - 1), plan->outputs);
}

static const struct architecture lstm_architecture = {
    .read = read_lstm, .build = build_lstm, .emit = net_emit_number};
NET_MODEL(lstm, .task = LEARNER_NUMBERS, .outputs = {"prediction"});

static const struct architecture gru_architecture = {.read = read_gru, .build = build_gru, .emit = net_emit_number};
NET_MODEL(gru, .task = LEARNER_NUMBERS, .outputs = {"prediction"});

static const struct architecture bilstm_architecture = {
    .read = read_gru, .build = build_bilstm, .emit = net_emit_number};
NET_MODEL(bilstm, .task = LEARNER_NUMBERS, .outputs = {"prediction"});

static const struct architecture cnn_lstm_architecture = {
    .read = read_cnn_lstm, .build = build_cnn_lstm, .emit = net_emit_number};
NET_MODEL(cnn_lstm, .task = LEARNER_NUMBERS, .outputs = {"prediction"});
