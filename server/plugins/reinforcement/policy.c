/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_MAX 4096
#define ROWS_AT_ONCE 64

void policy_release(void *state)
{
    struct policy *policy = state;

    if (!policy)
        return;
    net_free(policy->net);
    free(policy);
}

size_t policy_width(const struct market_view *view)
{
    return (view->regime_window > 0 ? 6 : 3) + MARKET_ACTIONS;
}

void policy_read_sizes(struct call *call, struct policy *policy)
{
    size_t count;
    const double *sizes = call_list(call, "hidden_layer_sizes", POLICY_LAYERS_MAX, &count);

    policy->size_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!(sizes[i] >= 1 && sizes[i] <= WIDTH_MAX) || sizes[i] != floor(sizes[i]))
            call_fail(call, MLTRAINER_INVALID_PARAMETER, "hidden_layer_sizes", "%g is not a whole number from 1 to %d",
                      sizes[i], WIDTH_MAX);
        else
            policy->sizes[i] = (uint64_t)sizes[i];
    }
}

struct adam policy_read_adam(struct call *call)
{
    return (struct adam){.rate = call_number_within(call, "learning_rate", 1e-12, 10),
                         .beta1 = 0.9,
                         .beta2 = 0.999,
                         .epsilon = 1e-8};
}

/* ---- The network ---- */

void policy_begin(struct call *call, struct net *net, struct adam *adam, size_t batch, uint64_t stream)
{
    struct random random;
    double *moments = call_numbers(call, (int64_t)adam_workspace(net));
    double *memory = call_numbers(call, (int64_t)net_workspace(net, batch, 1));

    if (call->status)
        return;
    random_start(&random, call->host, stream);
    net_start_weights(net, &random);
    net_attach(net, memory, batch, 1);
    adam_attach(adam, net, moments);
}

static size_t hidden_layers(struct net *net, const struct policy *plan)
{
    size_t at = 0;

    for (size_t i = 0; i < plan->size_count; i++)
        at = net_activation(net, net_dense(net, at, plan->sizes[i]), NET_RELU);
    return at;
}

/* Value and advantages side by side become scores by one constant matrix over these four. */
static void dueling_head(struct net *net, size_t at)
{
    size_t value = net_dense(net, at, 1), advantage = net_dense(net, at, MARKET_ACTIONS);
    size_t mixed = net_mix(net, net_reshape(net, net_join(net, value, advantage), 1 + MARKET_ACTIONS));

    net_slice(net, net_reshape(net, mixed, 1), 0, MARKET_ACTIONS);
}

static void fill_dueling(struct net *net)
{
    size_t n = 1 + MARKET_ACTIONS;

    for (size_t b = 0; b < net->block_count; b++)
        for (size_t i = 0; net->blocks[b].beginning == NET_GIVEN && i < MARKET_ACTIONS; i++) {
            double *row = net->weights + net->blocks[b].first + i * n;
            row[0] = 1;
            for (size_t j = 0; j < MARKET_ACTIONS; j++)
                row[1 + j] = (i == j) - 1.0 / MARKET_ACTIONS;
        }
}

static struct net *build(const struct policy *plan, size_t outputs)
{
    struct net *net = net_new(policy_width(&plan->view), 1);

    if (!net)
        return NULL;
    size_t at = hidden_layers(net, plan);
    if (outputs == MARKET_ACTIONS && plan->head == POLICY_DUELING)
        dueling_head(net, at);
    else
        net_dense(net, at, outputs);
    return net;
}

struct net *policy_net_new(const struct policy *plan, size_t outputs)
{
    struct net *net = build(plan, outputs);

    if (net && net_seal(net) == 0)
        return net;
    net_free(net);
    return NULL;
}

struct policy *policy_new(const struct policy *plan)
{
    struct policy *policy = malloc(sizeof(*policy));

    if (!policy)
        return NULL;
    *policy = *plan;
    policy->net = policy_net_new(plan, MARKET_ACTIONS);
    if (!policy->net) {
        policy_release(policy);
        return NULL;
    }
    if (plan->head == POLICY_DUELING)
        fill_dueling(policy->net);
    return policy;
}

void policy_look(const struct market *market, int64_t row, int held, double *input)
{
    memcpy(input, market->seen + (size_t)row * market->width, market->width * sizeof(double));
    for (int i = 0; i < MARKET_ACTIONS; i++)
        input[market->width + (size_t)i] = i == held;
}

/* ---- Acting ---- */

/* The scores of each row under each of the three positions that may be held. */
static void score_rows(struct call *call, const struct market *market, struct net *net, double *scores)
{
    size_t width = market->width + MARKET_ACTIONS, choices = MARKET_ACTIONS * MARKET_ACTIONS;

    for (int64_t first = 0; first < call->rows; first += ROWS_AT_ONCE) {
        size_t rows = (size_t)(call->rows - first < ROWS_AT_ONCE ? call->rows - first : ROWS_AT_ONCE);
        if (call_step(call, (double)first, (double)call->rows))
            return;
        for (size_t i = 0; i < rows * MARKET_ACTIONS; i++)
            policy_look(market, first + (int64_t)(i / MARKET_ACTIONS), (int)(i % MARKET_ACTIONS),
                        net_value(net, 0) + i * width);
        net_forward(net, rows * MARKET_ACTIONS);
        memcpy(scores + (size_t)first * choices, net_value(net, net_last(net)), rows * choices * sizeof(double));
    }
}

int32_t policy_apply(struct call *call, const void *state)
{
    const struct policy *policy = state;
    struct net net = *policy->net; /* its layers look at this call's workspace, the model stays as it is */
    double *memory = call_numbers(call, (int64_t)net_workspace(&net, ROWS_AT_ONCE * MARKET_ACTIONS, 0));
    double *scores = call_memory(call, (size_t)call->rows, MARKET_ACTIONS * MARKET_ACTIONS * sizeof(double));
    struct market market;

    net.nodes = call_memory(call, net.node_count, sizeof(*net.nodes));
    market_open(call, &policy->view, &market);
    if (call->status)
        return call->status;
    memcpy(net.nodes, policy->net->nodes, net.node_count * sizeof(*net.nodes));
    net_attach(&net, memory, ROWS_AT_ONCE * MARKET_ACTIONS, 0);
    score_rows(call, &market, &net, scores);
    if (!call->status)
        market_walk(call, &market, scores);
    return call->status;
}

/* ---- The artifact ---- */

void policy_save(const void *state, struct artifact_writer *writer)
{
    const struct policy *policy = state;

    market_save(&policy->view, writer);
    artifact_put_u64(writer, policy->head);
    artifact_put_u64(writer, policy->size_count);
    for (size_t i = 0; i < policy->size_count; i++)
        artifact_put_u64(writer, policy->sizes[i]);
    artifact_put_u64(writer, policy->net->weight_count);
    artifact_put_doubles(writer, policy->net->weights, policy->net->weight_count);
}

static int take_plan(struct policy *plan, struct artifact_reader *reader)
{
    int failed = market_restore(&plan->view, reader);

    plan->head = artifact_take_u64(reader);
    plan->size_count = artifact_take_u64(reader);
    if (failed || reader->failed || plan->head > POLICY_DUELING || plan->size_count > POLICY_LAYERS_MAX)
        return -1;
    for (size_t i = 0; i < plan->size_count; i++) {
        plan->sizes[i] = artifact_take_u64(reader);
        failed |= plan->sizes[i] < 1 || plan->sizes[i] > WIDTH_MAX;
    }
    return failed;
}

void *policy_restore(struct artifact_reader *reader, size_t feature_count)
{
    struct policy plan = {0};

    if (feature_count != 1 || take_plan(&plan, reader))
        return NULL;
    size_t count = artifact_take_count(reader, sizeof(double));
    struct net *measure = build(&plan, MARKET_ACTIONS); /* before there is memory for the weights */
    int fits = measure && !measure->failed && measure->weight_count == count && !reader->failed;
    net_free(measure);
    struct policy *policy = fits ? policy_new(&plan) : NULL;
    if (policy)
        artifact_take_doubles(reader, policy->net->weights, count);
    return policy;
}
