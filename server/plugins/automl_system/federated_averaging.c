/* SPDX-License-Identifier: Apache-2.0 */
/* Federated averaging: rows stay with their clients (row i with client i modulo num_clients). In each round some
 * clients are drawn, each takes a few steps of gradient descent from the common model on its own rows, and the common
 * model becomes the mean of theirs, weighted by their rows. What travels are coefficients, and at the beginning sums
 * for the scaling of features. Source: McMahan et al. (2017), "Communication-efficient learning of deep networks from
 * decentralized data", AISTATS. */
#include <stdlib.h>

#include "scaling.h"
#include "support/learner.h"
#include "support/random.h"

struct linear {
    size_t features;
    double base;
    double numbers[]; /* mean, factor and coefficient of each feature */
};

struct federation {
    struct call *call;
    size_t clients, drawn, rounds, steps;
    double rate;
    struct scaling *scales;
    double base, unit; /* of the target: mean and deviation */
    double *common, *local, *gradient, *sum;
    uint32_t *order;
};

/* Full gradient steps on a client's rows; gives the weight of its rows. */
static double train_locally(struct federation *f, size_t client)
{
    struct call *call = f->call;
    double weight = 0;

    memcpy(f->local, f->common, (call->feature_count + 1) * sizeof(double));
    for (size_t step = 0; step < f->steps; step++) {
        memset(f->gradient, 0, (call->feature_count + 1) * sizeof(double));
        weight = 0;
        for (int64_t row = (int64_t)client; row < call->rows; row += (int64_t)f->clients) {
            double share = call->weights ? call->weights[row] : 1, miss = (f->base - call->target[row]) / f->unit;
            miss += f->local[call->feature_count];
            for (size_t i = 0; i < call->feature_count; i++)
                miss += f->local[i] * scaled(f->scales[i], call->features[i][row]);
            for (size_t i = 0; i < call->feature_count; i++)
                f->gradient[i] += share * miss * scaled(f->scales[i], call->features[i][row]);
            f->gradient[call->feature_count] += share * miss;
            weight += share;
        }
        for (size_t i = 0; weight > 0 && i <= call->feature_count; i++)
            f->local[i] -= f->rate * f->gradient[i] / weight;
    }
    return weight;
}

static void run_round(struct federation *f, struct random *random)
{
    size_t order = f->call->feature_count + 1;
    double whole = 0;

    memset(f->sum, 0, order * sizeof(double));
    for (size_t i = 0; i < f->drawn; i++) {
        size_t other = i + random_below(random, f->clients - i);
        uint32_t client = f->order[other];
        f->order[other] = f->order[i];
        f->order[i] = client;
        double weight = train_locally(f, client);
        for (size_t k = 0; k < order; k++)
            f->sum[k] += weight * f->local[k];
        whole += weight;
    }
    for (size_t k = 0; whole > 0 && k < order; k++)
        f->common[k] = f->sum[k] / whole;
}

static struct linear *model_of(const struct federation *f)
{
    size_t count = f->call->feature_count;
    struct linear *model = malloc(sizeof(*model) + 3 * count * sizeof(double));

    if (!model)
        return NULL;
    *model = (struct linear){.features = count, .base = f->base + f->unit * f->common[count]};
    for (size_t i = 0; i < count; i++) {
        model->numbers[3 * i] = f->scales[i].mean;
        model->numbers[3 * i + 1] = f->scales[i].over;
        model->numbers[3 * i + 2] = f->unit * f->common[i];
    }
    return model;
}

static int32_t fit(struct call *call, void **state)
{
    size_t order = call->feature_count + 1;
    struct federation f = {.call = call,
                           .clients = (size_t)call_integer(call, "num_clients", 2, 100000),
                           .rounds = (size_t)call_integer(call, "rounds", 1, 100000),
                           .steps = (size_t)call_integer(call, "local_steps", 1, 10000),
                           .rate = call_number_within(call, "learning_rate", 1e-9, 2),
                           .scales = call_memory(call, order, sizeof(*f.scales)),
                           .common = call_memory(call, order, sizeof(double)),
                           .local = call_memory(call, order, sizeof(double)),
                           .gradient = call_memory(call, order, sizeof(double)),
                           .sum = call_memory(call, order, sizeof(double))};
    double fraction = call_number_within(call, "fraction_fit", 0, 1);
    struct random random;

    f.order = call_memory(call, f.clients, sizeof(*f.order));
    if (call->status)
        return call->status;
    f.drawn = (size_t)(fraction * (double)f.clients);
    f.drawn = f.drawn > 0 ? f.drawn : 1;
    for (size_t i = 0; i < f.clients; i++)
        f.order[i] = (uint32_t)i;
    for (size_t i = 0; i < call->feature_count; i++)
        f.scales[i] = scaling_of(call->features[i], 0, call->rows);
    struct scaling target = scaling_of(call->target, 0, call->rows);
    f.base = target.mean;
    f.unit = target.over > 0 ? 1 / target.over : 1;
    random_start(&random, call->host, 0);
    for (size_t round = 0; round < f.rounds && !call_step(call, (double)round, (double)f.rounds); round++)
        run_round(&f, &random);
    if (!call->status && !(*state = model_of(&f)))
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    return call->status;
}

static int32_t apply(struct call *call, const void *state)
{
    const struct linear *model = state;

    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        double sum = model->base;
        for (size_t i = 0; i < model->features; i++) {
            const double *numbers = model->numbers + 3 * i;
            sum += (call->features[i][row] - numbers[0]) * numbers[1] * numbers[2];
        }
        call->out[0][row] = sum;
    }
    return call->status;
}

static void save(const void *state, struct artifact_writer *writer)
{
    const struct linear *model = state;

    artifact_put_double(writer, model->base);
    artifact_put_doubles(writer, model->numbers, 3 * model->features);
}

static void *restore(struct artifact_reader *reader, size_t features)
{
    struct linear *model = malloc(sizeof(*model) + 3 * features * sizeof(double));

    if (!model)
        return NULL;
    *model = (struct linear){.features = features, .base = artifact_take_double(reader)};
    artifact_take_doubles(reader, model->numbers, 3 * features);
    return model;
}

LEARNER(federated_averaging, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = apply,
        .save = save, .restore = restore, .release = free);
