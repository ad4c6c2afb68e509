/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include <stdlib.h>

#include "support/random.h"

#define TURN 6.283185307179586

size_t network_weight_count(const struct network *network)
{
    size_t count = 0, inputs = network->inputs;

    for (size_t layer = 0; layer < network->layers; inputs = network->widths[layer++])
        count += network->widths[layer] * (inputs + 1);
    return count;
}

void network_draw(const struct mltrainer_host *host, const struct network *network)
{
    double *weight = network->weights;
    size_t inputs = network->inputs;

    for (size_t layer = 0; layer < network->layers; inputs = network->widths[layer++])
        for (size_t unit = 0; unit < network->widths[layer]; unit++) {
            struct random random;
            double over = (layer == 0 ? network->scale : 1) / sqrt((double)inputs);
            random_start(&random, host, 1000 * layer + unit);
            *weight++ = network->shape == NETWORK_COSINE ? TURN * random_uniform(&random) : random_normal(&random);
            for (size_t i = 0; i < inputs; i++)
                *weight++ = over * random_normal(&random);
        }
}

static double shaped(uint32_t shape, double x)
{
    if (shape == NETWORK_COSINE)
        return cos(x);
    return shape == NETWORK_TANH ? tanh(x) : fmax(x, 0);
}

void network_forward(const struct network *network, const double *x, double *out, double *scratch)
{
    const double *weight = network->weights;
    size_t inputs = network->inputs;

    for (size_t layer = 0; layer < network->layers; inputs = network->widths[layer++]) {
        double *to = (network->layers - layer) % 2 ? out : scratch; /* the last is out */
        for (size_t unit = 0; unit < network->widths[layer]; unit++) {
            double sum = *weight++;
            for (size_t i = 0; i < inputs; i++)
                sum += *weight++ * x[i];
            to[unit] = shaped(network->shape, sum);
        }
        x = to;
    }
}

/* ---- Judging ---- */

void network_judge_start(struct network_judge *judge, struct call *call)
{
    *judge = (struct network_judge){.call = call,
                                    .scales = call_memory(call, call->feature_count, sizeof(struct scaling)),
                                    .rest = normal_new(call, NETWORK_UNITS),
                                    .x = call_memory(call, call->feature_count, sizeof(double)),
                                    .z = call_memory(call, 2 * NETWORK_UNITS, sizeof(double)),
                                    .b = call_memory(call, NETWORK_UNITS, sizeof(double)),
                                    .scratch = call_memory(call, NETWORK_UNITS * NETWORK_UNITS, sizeof(double))};
    for (int fold = 0; fold < NETWORK_FOLDS; fold++)
        judge->folds[fold] = normal_new(call, NETWORK_UNITS);
    if (call->status)
        return;
    if (call->rows < NETWORK_FOLDS) {
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are too few to hold some out", (long long)call->rows);
        return;
    }
    judge->base = scaling_of(call->target, 0, call->rows).mean;
    for (size_t i = 0; i < call->feature_count; i++)
        judge->scales[i] = scaling_of(call->features[i], 0, call->rows);
}

void network_judge_measure(struct network_judge *judge, const struct network *network)
{
    struct call *call = judge->call;

    for (int fold = 0; fold < NETWORK_FOLDS; fold++) {
        judge->folds[fold].order = judge->rest.order = network->widths[network->layers - 1];
        normal_clear(&judge->folds[fold]);
    }
    for (int64_t row = 0; row < call->rows; row++) {
        if ((row & 1023) == 1023 && call->host->cancelled(call->host)) {
            call_fail(call, MLTRAINER_CANCELLED, "", "cancelled");
            return;
        }
        for (size_t i = 0; i < call->feature_count; i++)
            judge->x[i] = scaled(judge->scales[i], call->features[i][row]);
        network_forward(network, judge->x, judge->z, judge->z + NETWORK_UNITS);
        normal_add(&judge->folds[row % NETWORK_FOLDS], judge->z, call->target[row] - judge->base,
                   call->weights ? call->weights[row] : 1);
    }
}

static void sum_but(struct network_judge *judge, int but)
{
    normal_clear(&judge->rest);
    for (int fold = 0; fold < NETWORK_FOLDS; fold++)
        if (fold != but)
            normal_combine(&judge->rest, &judge->folds[fold], 1);
}

double network_judge_error(struct network_judge *judge, double penalty)
{
    double sum = 0, weight = 0;

    for (int fold = 0; fold < NETWORK_FOLDS; fold++) {
        sum_but(judge, fold);
        normal_solve(&judge->rest, penalty * judge->rest.weight, judge->b, judge->scratch);
        sum += normal_residual(&judge->folds[fold], judge->b);
        weight += judge->folds[fold].weight;
    }
    return sqrt(sum / weight);
}

/* ---- The model ---- */

void network_model_free(void *state)
{
    struct network_model *model = state;

    if (!model)
        return;
    free(model->network.weights);
    free(model->scales);
    free(model->coefficients);
    free(model);
}

static struct network_model *model_new(const struct network *network)
{
    struct network_model *model = calloc(1, sizeof(*model));

    if (!model)
        return NULL;
    model->network = *network;
    model->features = network->inputs;
    model->network.weights = calloc(network_weight_count(network), sizeof(double));
    model->scales = calloc(2 * network->inputs, sizeof(double));
    model->coefficients = calloc(network->widths[network->layers - 1], sizeof(double));
    if (model->network.weights && model->scales && model->coefficients)
        return model;
    network_model_free(model);
    return NULL;
}

struct network_model *network_judge_fit(struct network_judge *judge, const struct network *network, double penalty)
{
    struct network_model *model = model_new(network);

    if (!model)
        return NULL;
    memcpy(model->network.weights, network->weights, network_weight_count(network) * sizeof(double));
    model->base = judge->base;
    for (size_t i = 0; i < network->inputs; i++) {
        model->scales[2 * i] = judge->scales[i].mean;
        model->scales[2 * i + 1] = judge->scales[i].over;
    }
    sum_but(judge, -1);
    normal_solve(&judge->rest, penalty * judge->rest.weight, model->coefficients, judge->scratch);
    return model;
}

int32_t network_model_apply(struct call *call, const void *state)
{
    const struct network_model *model = state;
    double *x = call_memory(call, model->features, sizeof(*x)), z[2 * NETWORK_UNITS];

    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++) {
        double sum = model->base;
        for (size_t i = 0; i < model->features; i++)
            x[i] = (call->features[i][row] - model->scales[2 * i]) * model->scales[2 * i + 1];
        network_forward(&model->network, x, z, z + NETWORK_UNITS);
        for (size_t i = 0; i < model->network.widths[model->network.layers - 1]; i++)
            sum += model->coefficients[i] * z[i];
        call->out[0][row] = sum;
    }
    return call->status;
}

void network_model_save(const void *state, struct artifact_writer *writer)
{
    const struct network_model *model = state;
    const struct network *network = &model->network;

    artifact_put_u32(writer, network->shape);
    artifact_put_u32(writer, (uint32_t)network->layers);
    for (size_t i = 0; i < network->layers; i++)
        artifact_put_u32(writer, (uint32_t)network->widths[i]);
    artifact_put_double(writer, network->scale);
    artifact_put_double(writer, model->base);
    artifact_put_doubles(writer, network->weights, network_weight_count(network));
    artifact_put_doubles(writer, model->scales, 2 * model->features);
    artifact_put_doubles(writer, model->coefficients, network->widths[network->layers - 1]);
}

void *network_model_restore(struct artifact_reader *reader, size_t features)
{
    struct network network = {.inputs = features, .shape = artifact_take_u32(reader)};

    network.layers = artifact_take_u32(reader);
    if (reader->failed || network.shape > NETWORK_RELU || network.layers < 1 || network.layers > NETWORK_LAYERS)
        return NULL;
    for (size_t i = 0; i < network.layers; i++) {
        network.widths[i] = artifact_take_u32(reader);
        if (network.widths[i] < 1 || network.widths[i] > NETWORK_UNITS)
            return NULL;
    }
    network.scale = artifact_take_double(reader);
    double base = artifact_take_double(reader);
    if (reader->failed || network_weight_count(&network) > reader->left / sizeof(double))
        return NULL;
    struct network_model *model = model_new(&network);
    if (!model)
        return NULL;
    model->base = base;
    artifact_take_doubles(reader, model->network.weights, network_weight_count(&network));
    artifact_take_doubles(reader, model->scales, 2 * features);
    artifact_take_doubles(reader, model->coefficients, network.widths[network.layers - 1]);
    return model;
}
