/* SPDX-License-Identifier: Apache-2.0 */
/* Through a narrow layer and back: Hinton and Salakhutdinov (2006), trained as one network. The hidden layers lead to
 * the code and, in the opposite order, from it to the inputs again. */
#include "net/model.h"

#define CODES_SHOWN 8

static void read(struct call *call, struct plan *plan, struct trainer *trainer)
{
    net_read_sizes(call, plan);
    plan->units = (uint64_t)call_integer(call, "encoding_dim", 1, PLAN_WIDTH_MAX);
    plan->shape = NET_RELU;
    plan->outputs = plan->features;
}

/* Layers are the input, two for each size, and then the code. */
static size_t code_of(const struct plan *plan)
{
    return 1 + 2 * plan->size_count;
}

static void build(struct net *net, const struct plan *plan)
{
    size_t at = 0;

    for (size_t i = 0; i < plan->size_count; i++)
        at = net_activation(net, net_dense(net, at, plan->sizes[i]), (enum net_shape)plan->shape);
    at = net_dense(net, at, plan->units);
    for (size_t i = plan->size_count; i-- > 0;)
        at = net_activation(net, net_dense(net, at, plan->sizes[i]), (enum net_shape)plan->shape);
    net_dense(net, at, plan->features);
}

static void emit(struct call *call, const struct net_model *model, const struct net *net, size_t first,
                 size_t samples)
{
    const struct net_node *last = net_node(net, net_last(net)), *code = net_node(net, code_of(&model->plan));
    const double *input = net_value(net, 0);

    for (size_t s = 0; s < samples; s++) {
        double squares = 0;
        for (size_t i = 0; i < last->width; i++) {
            double miss = last->value[s * last->width + i] - input[s * last->width + i];
            squares += miss * miss / (double)last->width;
        }
        call->out[0][first + s] = squares;
        for (size_t i = 0; i < CODES_SHOWN && i < code->width; i++)
            call->out[1 + i][first + s] = code->value[s * code->width + i];
    }
}

static void evaluate(struct call *call, const void *state)
{
    double total = 0, weights = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        double weight = call->weights ? call->weights[row] : 1;
        total += weight * call->out[0][row];
        weights += weight;
    }
    call->host->metric(call->host, "reconstruction_error", MLTRAINER_STEP_FINAL, total / weights);
}

static const struct architecture autoencoder_architecture = {
    .reconstructs = 1, .read = read, .build = build, .emit = emit};
NET_MODEL(autoencoder, .task = LEARNER_GROUPS,
       .outputs = {"prediction", "code_0", "code_1", "code_2", "code_3", "code_4", "code_5", "code_6", "code_7"},
       .evaluate = evaluate);
