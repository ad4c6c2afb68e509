/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel regression (a layer of cosines, network.h) whose length and penalty are searched for: trials that cost a walk
 * over the rows each, and the sampler decides where the next one is. The square searched is log10(length) in [-1, 1]
 * (of standardised features, times the square root of their number) by log10(penalty) in [-8, 0].
 * Sources: Jones, Schonlau and Welch (1998) for expected improvement; Bergstra et al. (2011) for Parzen estimators. */
#include "gaussian_process.h"
#include "network.h"
#include "support/distribution.h"
#include "support/learner.h"
#include "support/order.h"
#include "support/random.h"

#define DIMENSIONS GP_DIMENSIONS
#define FIRST 8 /* trials of an even sequence, before anything is known */
#define TRIALS_MAX 1000

struct search {
    struct call *call;
    struct network_judge judge;
    struct network network;
    struct random random;
    size_t trials, done;
    double (*points)[DIMENSIONS];
    double *errors; /* logarithms of what trials came to */
    size_t best;
    struct gaussian_process gp;
    size_t choice; /* of the acquisition or the sampler */
    uint32_t *order, *scratch;
};

typedef void propose_function(struct search *search, double *point);

static double length_of(const double *point)
{
    return pow(10, 2 * point[0] - 1);
}

static double penalty_of(const double *point)
{
    return pow(10, 8 * point[1] - 8);
}

static void use(struct search *s, const double *point)
{
    s->network.scale = 1 / length_of(point);
    network_draw(s->call->host, &s->network);
    network_judge_measure(&s->judge, &s->network);
}

/* Halton (1960). */
static double radical_inverse(size_t number, size_t base)
{
    double value = 0, place = 1;

    for (; number > 0; number /= base) {
        place /= (double)base;
        value += place * (double)(number % base);
    }
    return value;
}

static void near(struct search *s, const double *middle, double spread, double *point)
{
    for (size_t i = 0; i < DIMENSIONS; i++)
        point[i] = fmin(fmax(middle[i] + spread * random_normal(&s->random), 0), 1);
}

static void anywhere(struct search *s, double *point)
{
    for (size_t i = 0; i < DIMENSIONS; i++)
        point[i] = random_uniform(&s->random);
}

/* ---- By a Gaussian process ---- */

static double worth(const struct search *s, const double *point, double best)
{
    double mean, deviation;

    gaussian_process_ask(&s->gp, point, &mean, &deviation);
    if (s->choice == 1) /* lower confidence bound */
        return 2 * deviation - mean;
    if (deviation <= 0)
        return 0;
    double z = (best - mean) / deviation;
    return s->choice == 2 ? z /* probability of improvement */
                          : deviation * (z * distribution_normal(z) + distribution_normal_density(z));
}

static void propose_by_process(struct search *s, double *point)
{
    double most = -INFINITY, candidate[DIMENSIONS];

    gaussian_process_learn(&s->gp, s->errors);
    for (int i = 0; i < 160; i++) {
        if (i < 96)
            anywhere(s, candidate);
        else
            near(s, s->points[s->best], i < 128 ? 0.1 : 0.02, candidate);
        double found = worth(s, candidate, s->gp.values[s->best]);
        if (found > most) {
            most = found;
            memcpy(point, candidate, sizeof(candidate));
        }
    }
}

/* ---- By samplers without a model of the function ---- */

/* log of a mean of normal densities about points, and an even one. */
static double parzen(const struct search *s, size_t from, size_t to, double spread, const double *point)
{
    double sum = 1;

    for (size_t i = from; i < to; i++) {
        double squares = 0;
        for (size_t k = 0; k < DIMENSIONS; k++)
            squares += (point[k] - s->points[s->order[i]][k]) * (point[k] - s->points[s->order[i]][k]);
        sum += exp(-squares / (2 * spread * spread)) / (6.283185307179586 * spread * spread);
    }
    return log(sum / (double)(to - from + 1));
}

static void propose_by_parzen(struct search *s, double *point)
{
    size_t good = (s->done + 6) / 7 < 25 ? (s->done + 6) / 7 : 25;
    double most = -INFINITY, candidate[DIMENSIONS], spread = 0.3 * pow((double)good, -0.5);

    order_indexes(s->errors, s->done, s->order, s->scratch);
    for (int i = 0; i < 24; i++) {
        near(s, s->points[s->order[random_below(&s->random, good)]], spread, candidate);
        double found = parzen(s, 0, good, spread, candidate) - parzen(s, good, s->done, 0.2, candidate);
        if (found > most) {
            most = found;
            memcpy(point, candidate, sizeof(candidate));
        }
    }
}

/* The best of five, changed a little: steps shrink as the search goes on. */
static void propose_by_evolution(struct search *s, double *point)
{
    size_t parent = random_below(&s->random, s->done);

    for (int i = 0; i < 4; i++) {
        size_t other = random_below(&s->random, s->done);
        parent = s->errors[other] < s->errors[parent] ? other : parent;
    }
    near(s, s->points[parent], 0.25 * (1 - 0.9 * (double)s->done / (double)s->trials), point);
}

static void propose_by_sampler(struct search *s, double *point)
{
    if (s->choice == 0)
        propose_by_parzen(s, point);
    else if (s->choice == 1)
        propose_by_evolution(s, point);
    else
        anywhere(s, point);
}

/* ---- The search ---- */

static void try_point(struct search *s, const double *point)
{
    size_t at = s->done;

    memcpy(s->points[at], point, sizeof(*s->points));
    use(s, point);
    if (s->call->status)
        return;
    s->errors[at] = log(fmax(network_judge_error(&s->judge, penalty_of(point)), 1e-300));
    s->done++;
    if (s->errors[at] < s->errors[s->best])
        s->best = at;
    s->call->host->metric(s->call->host, "best_error", (int64_t)at, exp(s->errors[s->best]));
}

static int start(struct search *s, struct call *call)
{
    *s = (struct search){.call = call,
                         .trials = (size_t)call_integer(call, "n_trials", 10, TRIALS_MAX),
                         .network = {.inputs = call->feature_count, .layers = 1, .shape = NETWORK_COSINE}};
    s->network.widths[0] = (size_t)call_integer(call, "components", 1, NETWORK_UNITS);
    s->network.weights = call_memory(call, network_weight_count(&s->network), sizeof(double));
    s->points = call_memory(call, s->trials, sizeof(*s->points));
    s->errors = call_memory(call, s->trials, sizeof(double));
    s->order = call_memory(call, s->trials, sizeof(*s->order));
    s->scratch = call_memory(call, s->trials, sizeof(*s->scratch));
    network_judge_start(&s->judge, call);
    random_start(&s->random, call->host, 1u << 20);
    return call->status;
}

static int32_t run(struct search *s, propose_function *propose, void **state)
{
    struct call *call = s->call;
    double point[DIMENSIONS];

    while (s->done < s->trials && !call_step(call, (double)s->done, (double)s->trials)) {
        if (s->done < FIRST) {
            point[0] = radical_inverse(s->done + 1, 2);
            point[1] = radical_inverse(s->done + 1, 3);
        } else {
            propose(s, point);
        }
        try_point(s, point);
        if (s->gp.room && !call->status)
            gaussian_process_add(&s->gp, point);
    }
    if (call->status)
        return call->status;
    use(s, s->points[s->best]);
    if (!call->status && !(*state = network_judge_fit(&s->judge, &s->network, penalty_of(s->points[s->best]))))
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    return call->status;
}

static int32_t fit_bayesian(struct call *call, void **state)
{
    static const char *const acquisitions[] = {"EI", "LCB", "PI", NULL};
    struct search search;

    if (start(&search, call))
        return call->status;
    search.choice = call_choice(call, "acquisition_function", acquisitions);
    gaussian_process_start(&search.gp, call, search.trials);
    return call->status ? call->status : run(&search, propose_by_process, state);
}

static int32_t fit_evolving(struct call *call, void **state)
{
    static const char *const samplers[] = {"TPE", "evolution", "random", NULL};
    struct search search;

    if (start(&search, call))
        return call->status;
    search.choice = call_choice(call, "sampler", samplers);
    return call->status ? call->status : run(&search, propose_by_sampler, state);
}

LEARNER(bayesian_search, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit_bayesian,
        .apply = network_model_apply, .save = network_model_save, .restore = network_model_restore,
        .release = network_model_free);
LEARNER(evolving_search, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit_evolving,
        .apply = network_model_apply, .save = network_model_save, .restore = network_model_restore,
        .release = network_model_free);
