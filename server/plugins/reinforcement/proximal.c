/* SPDX-License-Identifier: Apache-2.0 */
/* Proximal policy optimisation: Schulman et al. (2017), with advantages by Schulman et al. (2016). An actor gives each
 * action a share, a critic says what a state is worth; both learn from the last `n_steps` moves, several times over, as
 * long as the actor's shares stay within `clip_range` of what they were. */
#include <math.h>
#include <string.h>

#include "policy.h"

struct move {
    double share, value, reward, advantage; /* share: of the action, when it was taken */
    uint32_t row;
    uint8_t held, action, ends;
};

struct proximal_study {
    struct call *call;
    struct market market;
    struct net *actor, *critic;
    struct adam actor_adam, critic_adam;
    double discount, lambda, clip, entropy;
    int64_t episodes, length, epochs, batch;
    struct move *moves;
    uint32_t *order;
};

static void shares_of(const double *scores, double *shares)
{
    double most = fmax(scores[0], fmax(scores[1], scores[2])), total = 0;

    for (int i = 0; i < MARKET_ACTIONS; i++)
        total += shares[i] = exp(scores[i] - most);
    for (int i = 0; i < MARKET_ACTIONS; i++)
        shares[i] /= total;
}

static double worth(struct proximal_study *study, int64_t row, int held)
{
    policy_look(&study->market, row, held, net_value(study->critic, 0));
    net_forward(study->critic, 1);
    return net_value(study->critic, net_last(study->critic))[0];
}

static struct move make_move(struct proximal_study *study, struct random *random, int64_t row, int held)
{
    double shares[MARKET_ACTIONS], left = random_uniform(random);
    int action = 0;

    policy_look(&study->market, row, held, net_value(study->actor, 0));
    net_forward(study->actor, 1);
    shares_of(net_value(study->actor, net_last(study->actor)), shares);
    while (action < MARKET_ACTIONS - 1 && (left -= shares[action]) >= 0)
        action++;
    return (struct move){.share = shares[action],
                         .value = worth(study, row, held),
                         .reward = market_reward(&study->market, row, held, action),
                         .row = (uint32_t)row,
                         .held = (uint8_t)held,
                         .action = (uint8_t)action,
                         .ends = row + 2 >= study->market.rows};
}

/* Backwards; the last move looks at what its next state is worth. */
static void find_advantages(struct proximal_study *study, size_t count)
{
    double advantage = 0;

    for (size_t i = count; i-- > 0;) {
        struct move *move = &study->moves[i];
        double next = move->ends      ? 0
                      : i + 1 < count ? study->moves[i + 1].value
                                      : worth(study, (int64_t)move->row + 1, move->action);
        advantage = move->reward + study->discount * next - move->value +
                    (move->ends ? 0 : study->discount * study->lambda * advantage);
        move->advantage = advantage;
    }
}

static void look_at(struct proximal_study *study, struct net *net, const uint32_t *order, size_t count)
{
    size_t width = study->market.width + MARKET_ACTIONS;

    for (size_t i = 0; i < count; i++) {
        const struct move *move = &study->moves[order[i]];
        policy_look(&study->market, move->row, move->held, net_value(net, 0) + i * width);
    }
    net_forward(net, count);
}

/* Derivative of -min(ratio A, clipped ratio A) - entropy_coefficient * entropy by the scores. */
static void actor_gradient(const struct proximal_study *study, const struct move *move, double advantage,
                           const double *scores, double *gradient)
{
    double shares[MARKET_ACTIONS], mean_log = 0;

    shares_of(scores, shares);
    double ratio = shares[move->action] / move->share;
    int is_clipped = (advantage > 0 && ratio > 1 + study->clip) || (advantage < 0 && ratio < 1 - study->clip);
    for (int i = 0; i < MARKET_ACTIONS; i++)
        mean_log += shares[i] * log(shares[i]);
    for (int i = 0; i < MARKET_ACTIONS; i++) {
        gradient[i] = is_clipped ? 0 : -advantage * ratio * ((i == move->action) - shares[i]);
        gradient[i] += study->entropy * shares[i] * (log(shares[i]) - mean_log);
    }
}

static void learn_actor(struct proximal_study *study, const uint32_t *order, size_t count)
{
    struct net_node *last = net_node(study->actor, net_last(study->actor));
    double mean = 0, squares = 0;

    for (size_t i = 0; i < count; i++)
        mean += study->moves[order[i]].advantage / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += pow(study->moves[order[i]].advantage - mean, 2) / (double)count;
    look_at(study, study->actor, order, count);
    for (size_t i = 0; i < count; i++) {
        const struct move *move = &study->moves[order[i]];
        double *gradient = last->gradient + i * MARKET_ACTIONS;
        actor_gradient(study, move, (move->advantage - mean) / (sqrt(squares) + 1e-8), last->value + i * MARKET_ACTIONS,
                       gradient);
        for (int a = 0; a < MARKET_ACTIONS; a++)
            gradient[a] /= (double)count;
    }
    net_backward(study->actor, count);
    adam_step(&study->actor_adam, study->actor);
}

/* Towards advantage + value as it was: half the mean of squares. */
static void learn_critic(struct proximal_study *study, const uint32_t *order, size_t count)
{
    struct net_node *last = net_node(study->critic, net_last(study->critic));

    look_at(study, study->critic, order, count);
    for (size_t i = 0; i < count; i++) {
        const struct move *move = &study->moves[order[i]];
        last->gradient[i] = (last->value[i] - move->advantage - move->value) / (double)count;
    }
    net_backward(study->critic, count);
    adam_step(&study->critic_adam, study->critic);
}

static void learn_moves(struct proximal_study *study, struct random *random, size_t count)
{
    for (size_t i = 0; i < count; i++)
        study->order[i] = (uint32_t)i;
    for (int64_t epoch = 0; epoch < study->epochs; epoch++) {
        random_shuffle(random, study->order, count);
        for (size_t first = 0; first < count; first += (size_t)study->batch) {
            size_t some = count - first < (size_t)study->batch ? count - first : (size_t)study->batch;
            if (study->call->host->cancelled(study->call->host))
                return; /* the next step says so */
            learn_actor(study, study->order + first, some);
            learn_critic(study, study->order + first, some);
        }
    }
}

static void learn(struct proximal_study *study)
{
    struct call *call = study->call;
    int64_t moves = study->market.rows - 1, steps = study->episodes * moves, step = 0;
    struct random actions, samples;
    size_t made = 0;

    random_start(&actions, call->host, POLICY_STREAM_ACTIONS);
    random_start(&samples, call->host, POLICY_STREAM_SAMPLES);
    for (int64_t episode = 0; episode < study->episodes; episode++) {
        double total = 0;
        int held = MARKET_FLAT;
        for (int64_t row = 0; row < moves; row++, step++) {
            if ((step & 31) == 0 && call_step(call, (double)step, (double)steps))
                return;
            study->moves[made] = make_move(study, &actions, row, held);
            total += study->moves[made].reward;
            held = study->moves[made++].action;
            if ((int64_t)made < study->length && step + 1 < steps)
                continue;
            find_advantages(study, made);
            learn_moves(study, &samples, made);
            made = 0;
        }
        call->host->metric(call->host, "reward", episode, total);
    }
}

static int32_t fit(struct call *call, void **state)
{
    struct policy plan = {.head = POLICY_PLAIN};
    struct proximal_study study = {
        .call = call,
        .actor_adam = policy_read_adam(call),
        .discount = call_number_within(call, "gamma", 0, 1),
        .lambda = call_number_within(call, "gae_lambda", 0, 1),
        .clip = call_number_within(call, "clip_range", 1e-6, 1),
        .entropy = call_number_within(call, "ent_coef", 0, 100),
        .episodes = call_integer(call, "episodes", 1, 1000000),
        .length = call_integer(call, "n_steps", 1, 1000000),
        .epochs = call_integer(call, "n_epochs", 1, 1000),
        .batch = call_integer(call, "batch_size", 1, 65536),
    };

    study.critic_adam = study.actor_adam;
    study.moves = call_memory(call, (size_t)study.length, sizeof(*study.moves));
    study.order = call_memory(call, (size_t)study.length, sizeof(*study.order));
    policy_read_sizes(call, &plan);
    market_read(call, &plan.view, 0);
    if (call->status)
        return call->status;
    struct policy *policy = policy_new(&plan);
    study.critic = policy ? policy_net_new(&plan, 1) : NULL;
    if (study.critic) {
        study.actor = policy->net;
        policy_begin(call, study.actor, &study.actor_adam, (size_t)study.batch, POLICY_STREAM_WEIGHTS);
        policy_begin(call, study.critic, &study.critic_adam, (size_t)study.batch, POLICY_STREAM_CRITIC);
        market_open(call, &policy->view, &study.market);
        if (!call->status)
            learn(&study);
    } else {
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the networks");
    }
    net_free(study.critic);
    if (call->status)
        policy_release(policy);
    else
        *state = policy;
    return call->status;
}

POLICY(proximal_policy, fit);
