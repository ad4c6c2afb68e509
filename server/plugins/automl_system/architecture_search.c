/* SPDX-License-Identifier: Apache-2.0 */
/* Which network suits the rows: one to three layers of 4 to 32 units each, tanh or relu, and a penalty; 504 in all. The
 * population ages: the best of five among the last twenty is changed in one thing, and the oldest leaves. An
 * architecture is tried once; where a change leads to a known one, the next unknown in their list is taken. Layers are
 * drawn, not trained (network.h), so a trial is a walk over the rows.
 * Source: Real et al. (2019), "Regularized evolution for image classifier architecture search", AAAI. */
#include "network.h"
#include "support/learner.h"
#include "support/random.h"

#define WIDTHS 4
#define SHAPES 2
#define PENALTIES 3
#define POPULATION 20
#define CONTEST 5

static const size_t widths[WIDTHS] = {4, 8, 16, 32};
static const double penalties[PENALTIES] = {1e-6, 1e-4, 1e-2};

/* Numbers of its choices; widths[i] of layers beyond .layers are 0. */
struct architecture {
    size_t layers, widths[NETWORK_LAYERS], shape, penalty;
};

struct search {
    struct call *call;
    struct network_judge judge;
    struct network network;
    struct random random;
    size_t layers_max, count; /* architectures that there are */
    uint8_t *is_known;
    size_t population[POPULATION]; /* the youngest last */
    double errors[POPULATION];
    size_t living;
};

/* Those of one layer first, then of two, then of three. */
static struct architecture architecture_at(size_t number)
{
    struct architecture a = {.layers = 1, .penalty = number % PENALTIES, .shape = number / PENALTIES % SHAPES};
    size_t of_these = WIDTHS;

    for (number /= PENALTIES * SHAPES; number >= of_these; of_these *= WIDTHS) {
        number -= of_these;
        a.layers++;
    }
    for (size_t i = 0; i < a.layers; i++, number /= WIDTHS)
        a.widths[i] = number % WIDTHS;
    return a;
}

static size_t number_of(const struct architecture *a)
{
    size_t number = 0, before = 0, of_these = WIDTHS;

    for (size_t i = a->layers; i-- > 0;)
        number = number * WIDTHS + a->widths[i];
    for (size_t i = 1; i < a->layers; i++, of_these *= WIDTHS)
        before += of_these;
    return ((before + number) * SHAPES + a->shape) * PENALTIES + a->penalty;
}

static void use(struct search *s, size_t number)
{
    struct architecture a = architecture_at(number);

    s->network.layers = a.layers;
    s->network.shape = a.shape ? NETWORK_RELU : NETWORK_TANH;
    for (size_t i = 0; i < a.layers; i++)
        s->network.widths[i] = widths[a.widths[i]];
    network_draw(s->call->host, &s->network);
    network_judge_measure(&s->judge, &s->network);
}

/* Another choice of one thing. */
static struct architecture changed(struct search *s, struct architecture a)
{
    size_t what = random_below(&s->random, 3 + a.layers);

    if (what == 0)
        a.shape = 1 - a.shape;
    else if (what == 1)
        a.penalty = (a.penalty + 1 + random_below(&s->random, PENALTIES - 1)) % PENALTIES;
    else if (what == 2)
        a.layers = 1 + random_below(&s->random, s->layers_max);
    else
        a.widths[what - 3] = (a.widths[what - 3] + 1 + random_below(&s->random, WIDTHS - 1)) % WIDTHS;
    for (size_t i = a.layers; i < NETWORK_LAYERS; i++)
        a.widths[i] = 0;
    return a;
}

static size_t propose(struct search *s)
{
    size_t number = random_below(&s->random, s->count);

    if (s->living == POPULATION) {
        size_t parent = random_below(&s->random, POPULATION);
        for (int i = 1; i < CONTEST; i++) {
            size_t other = random_below(&s->random, POPULATION);
            parent = s->errors[other] < s->errors[parent] ? other : parent;
        }
        struct architecture child = changed(s, architecture_at(s->population[parent]));
        number = number_of(&child);
    }
    while (s->is_known[number])
        number = (number + 1) % s->count;
    return number;
}

static void join(struct search *s, size_t number, double error)
{
    if (s->living == POPULATION) {
        memmove(s->population, s->population + 1, (POPULATION - 1) * sizeof(*s->population));
        memmove(s->errors, s->errors + 1, (POPULATION - 1) * sizeof(*s->errors));
        s->living--;
    }
    s->population[s->living] = number;
    s->errors[s->living++] = error;
}

static int start(struct search *s, struct call *call)
{
    *s = (struct search){.call = call,
                         .layers_max = (size_t)call_integer(call, "max_layers", 1, NETWORK_LAYERS),
                         .network = {.inputs = call->feature_count, .layers = NETWORK_LAYERS, .scale = 1}};
    for (size_t i = 0, of_these = WIDTHS; i < s->layers_max; i++, of_these *= WIDTHS)
        s->count += of_these * SHAPES * PENALTIES;
    for (size_t i = 0; i < NETWORK_LAYERS; i++)
        s->network.widths[i] = widths[WIDTHS - 1];
    s->network.weights = call_memory(call, network_weight_count(&s->network), sizeof(double));
    s->is_known = call_memory(call, s->count, 1);
    network_judge_start(&s->judge, call);
    random_start(&s->random, call->host, 1u << 20);
    return call->status;
}

static int32_t fit(struct call *call, void **state)
{
    size_t trials = (size_t)call_integer(call, "max_trials", 1, 1000), best = 0;
    struct search s;
    double least = INFINITY;

    if (start(&s, call))
        return call->status;
    trials = trials < s.count ? trials : s.count;
    for (size_t i = 0; i < trials && !call_step(call, (double)i, (double)trials); i++) {
        size_t number = propose(&s);
        use(&s, number);
        if (call->status)
            break;
        double error = network_judge_error(&s.judge, penalties[architecture_at(number).penalty]);
        s.is_known[number] = 1;
        join(&s, number, error);
        best = error < least ? number : best;
        least = fmin(error, least);
        call->host->metric(call->host, "best_error", (int64_t)i, least);
    }
    if (call->status)
        return call->status;
    use(&s, best);
    if (!call->status && !(*state = network_judge_fit(&s.judge, &s.network, penalties[architecture_at(best).penalty])))
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    return call->status;
}

LEARNER(architecture_search, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit,
        .apply = network_model_apply, .save = network_model_save, .restore = network_model_restore,
        .release = network_model_free);
