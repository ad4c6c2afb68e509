/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REINFORCEMENT_POLICY_H
#define REINFORCEMENT_POLICY_H

#include "market.h"
#include "net/adam.h"

/* A network that looks at a row and at what is held, and gives a score to each action. */

#define POLICY_LAYERS_MAX 4

/** What a head makes of the last hidden layer: scores as they are, or a value of the state plus how much each action is
 *  better than their mean (Wang et al., 2016). */
enum policy_head { POLICY_PLAIN, POLICY_DUELING };

struct policy {
    struct market_view view;
    uint64_t head, size_count, sizes[POLICY_LAYERS_MAX];
    struct net *net;
};

/** hidden_layer_sizes into @policy. */
void policy_read_sizes(struct call *call, struct policy *policy);
/** A copy of @plan with its network, whose weights are 0. NULL when out of memory. */
struct policy *policy_new(const struct policy *plan);
/** A network of the same input and hidden layers with @outputs; NULL when out of memory. */
struct net *policy_net_new(const struct policy *plan, size_t outputs);
void policy_release(void *policy);
/** How a network learns: Adam with the parameter learning_rate. */
struct adam policy_read_adam(struct call *call);
/** Give @net its first weights, by @stream of the host's numbers, and it and @adam their memory of the call, for
 *  batches of @batch. Errors stick in call->status. */
void policy_begin(struct call *call, struct net *net, struct adam *adam, size_t batch, uint64_t stream);
size_t policy_width(const struct market_view *view);

/** What the network sees at @row, holding @held. */
void policy_look(const struct market *market, int64_t row, int held, double *input);

int32_t policy_apply(struct call *call, const void *state);
void policy_save(const void *state, struct artifact_writer *writer);
void *policy_restore(struct artifact_reader *reader, size_t feature_count);

/* POLICY(deep_q, fit): a learner of positions on prices, whose state is a policy. */
#define POLICY(name, how)                                                                                              \
    LEARNER(name, .task = LEARNER_GROUPS, .inputs = MARKET_INPUTS, .outputs = MARKET_OUTPUTS, .fit = how,              \
            .apply = policy_apply, .evaluate = market_evaluate, .save = policy_save, .restore = policy_restore,        \
            .release = policy_release)

enum { POLICY_STREAM_WEIGHTS, POLICY_STREAM_ACTIONS, POLICY_STREAM_SAMPLES, POLICY_STREAM_CRITIC };

#endif
