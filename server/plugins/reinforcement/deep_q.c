/* SPDX-License-Identifier: Apache-2.0 */
/* Values of actions by a network: Mnih et al. (2015). What was done is remembered and learned from in random batches,
 * against targets that an older copy of the weights gives; the error's derivative is held within -1 and 1 (Huber). */
#include <math.h>
#include <string.h>

#include "policy.h"

struct memory {
    uint32_t row;
    uint8_t held, action;
};

struct deep_study {
    struct call *call;
    struct market market;
    struct net *net;
    struct adam adam;
    double discount, curious, curious_last, curious_share;
    int64_t episodes, batch, every, refresh, before;
    size_t room, remembered; /* memories that there is room for, and how many there have been */
    struct memory *memories;
    double *older, *targets; /* weights; a target each of a batch */
    struct memory *chosen;   /* a batch */
};

static double curiosity(const struct deep_study *study, int64_t step, int64_t steps)
{
    double done = (double)step / (study->curious_share * (double)steps);

    return study->curious + (study->curious_last - study->curious) * fmin(1, done);
}

static int choose(struct deep_study *study, struct random *random, double curious, int64_t row, int held)
{
    int best = 0;

    if (random_uniform(random) < curious)
        return (int)random_below(random, MARKET_ACTIONS);
    policy_look(&study->market, row, held, net_value(study->net, 0));
    net_forward(study->net, 1);
    const double *scores = net_value(study->net, net_last(study->net));
    for (int action = 1; action < MARKET_ACTIONS; action++)
        best = scores[action] > scores[best] ? action : best;
    return best;
}

static void look_at(struct deep_study *study, int next)
{
    size_t width = study->market.width + MARKET_ACTIONS;

    for (int64_t i = 0; i < study->batch; i++) {
        const struct memory *m = &study->chosen[i];
        int64_t row = (int64_t)m->row + next;
        policy_look(&study->market, row, next ? m->action : m->held, net_value(study->net, 0) + (size_t)i * width);
    }
    net_forward(study->net, (size_t)study->batch);
}

/* What each of the batch should have been worth, by the older weights. */
static void find_targets(struct deep_study *study)
{
    double *newer = study->net->weights;

    study->net->weights = study->older;
    look_at(study, 1);
    study->net->weights = newer;
    const double *scores = net_value(study->net, net_last(study->net));
    for (int64_t i = 0; i < study->batch; i++) {
        const struct memory *m = &study->chosen[i];
        const double *score = scores + i * MARKET_ACTIONS;
        int ends = (int64_t)m->row + 2 >= study->market.rows;
        study->targets[i] = market_reward(&study->market, m->row, m->held, m->action) +
                            (ends ? 0 : study->discount * fmax(score[0], fmax(score[1], score[2])));
    }
}

static void learn_batch(struct deep_study *study, struct random *random)
{
    size_t known = study->remembered < study->room ? study->remembered : study->room;
    struct net_node *last = net_node(study->net, net_last(study->net));

    for (int64_t i = 0; i < study->batch; i++)
        study->chosen[i] = study->memories[random_below(random, known)];
    find_targets(study);
    look_at(study, 0);
    memset(last->gradient, 0, (size_t)study->batch * MARKET_ACTIONS * sizeof(double));
    for (int64_t i = 0; i < study->batch; i++) {
        size_t at = (size_t)i * MARKET_ACTIONS + study->chosen[i].action;
        double miss = last->value[at] - study->targets[i];
        last->gradient[at] = fmax(-1, fmin(1, miss)) / (double)study->batch;
    }
    net_backward(study->net, (size_t)study->batch);
    adam_step(&study->adam, study->net);
}

static void learn(struct deep_study *study)
{
    struct call *call = study->call;
    int64_t moves = study->market.rows - 1, steps = study->episodes * moves, step = 0;
    struct random actions, samples;

    random_start(&actions, call->host, POLICY_STREAM_ACTIONS);
    random_start(&samples, call->host, POLICY_STREAM_SAMPLES);
    for (int64_t episode = 0; episode < study->episodes; episode++) {
        double total = 0;
        int held = MARKET_FLAT;
        for (int64_t row = 0; row < moves; row++, step++) {
            if ((step & 31) == 0 && call_step(call, (double)step, (double)steps))
                return;
            int action = choose(study, &actions, curiosity(study, step, steps), row, held);
            study->memories[study->remembered++ % study->room] =
                (struct memory){.row = (uint32_t)row, .held = (uint8_t)held, .action = (uint8_t)action};
            total += market_reward(&study->market, row, held, action);
            held = action;
            if (step >= study->before && step % study->every == 0)
                learn_batch(study, &samples);
            if (step % study->refresh == 0)
                memcpy(study->older, study->net->weights, study->net->weight_count * sizeof(double));
        }
        call->host->metric(call->host, "reward", episode, total);
    }
}

static void prepare(struct deep_study *study)
{
    struct call *call = study->call;

    study->older = call_numbers(call, (int64_t)study->net->weight_count);
    study->targets = call_numbers(call, study->batch);
    study->chosen = call_memory(call, (size_t)study->batch, sizeof(*study->chosen));
    study->memories = call_memory(call, study->room, sizeof(*study->memories));
    policy_begin(call, study->net, &study->adam, (size_t)study->batch, POLICY_STREAM_WEIGHTS);
}

static int32_t fit(struct call *call, void **state, enum policy_head head, int sees_regimes)
{
    struct policy plan = {.head = head};
    struct deep_study study = {
        .call = call,
        .adam = policy_read_adam(call),
        .discount = call_number_within(call, "gamma", 0, 1),
        .curious = call_number_within(call, "exploration_initial", 0, 1),
        .curious_last = call_number_within(call, "exploration_final", 0, 1),
        .curious_share = call_number_within(call, "exploration_fraction", 1e-6, 1),
        .episodes = call_integer(call, "episodes", 1, 1000000),
        .batch = call_integer(call, "batch_size", 1, 65536),
        .every = call_integer(call, "train_frequency", 1, 1000000),
        .refresh = call_integer(call, "target_update_interval", 1, 100000000),
        .before = call_integer(call, "learning_starts", 0, 100000000),
        .room = (size_t)call_integer(call, "buffer_size", 1, 10000000),
    };

    policy_read_sizes(call, &plan);
    market_read(call, &plan.view, sees_regimes);
    if (call->status)
        return call->status;
    if (study.room > (size_t)study.episodes * (size_t)call->rows)
        study.room = (size_t)study.episodes * (size_t)call->rows;
    struct policy *policy = policy_new(&plan);
    if (!policy)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the network");
    study.net = policy->net;
    prepare(&study);
    market_open(call, &policy->view, &study.market);
    if (!call->status)
        learn(&study);
    if (call->status)
        policy_release(policy);
    else
        *state = policy;
    return call->status;
}

static int32_t fit_plain(struct call *call, void **state)
{
    return fit(call, state, POLICY_PLAIN, 0);
}

static int32_t fit_dueling(struct call *call, void **state)
{
    return fit(call, state, POLICY_DUELING, 0);
}

static int32_t fit_regimes(struct call *call, void **state)
{
    return fit(call, state, POLICY_PLAIN, 1);
}

POLICY(deep_q, fit_plain);
POLICY(dueling_deep_q, fit_dueling);
POLICY(regime_deep_q, fit_regimes);
