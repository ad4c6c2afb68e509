/* SPDX-License-Identifier: Apache-2.0 */
#include "net/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/order.h"

#define PREDICTED_AT_ONCE 128

void net_release(void *state)
{
    struct net_model *model = state;

    if (!model)
        return;
    net_free(model->net);
    free(model->centre);
    free(model->scale);
    free(model->classes);
    free(model);
}

/* Without weights yet: net_seal() is the caller's. NULL when out of memory. */
static struct net_model *model_new(const struct architecture *architecture, const struct plan *plan)
{
    struct net_model *model = calloc(1, sizeof(*model));

    if (!model)
        return NULL;
    *model = (struct net_model){.architecture = architecture, .plan = *plan, .target_scale = 1};
    model->centre = calloc(plan->features, sizeof(double));
    model->scale = calloc(plan->features, sizeof(double));
    model->classes = architecture->has_classes ? calloc(plan->outputs, sizeof(double)) : NULL;
    model->net = net_new(plan->features, plan->steps);
    if (!model->centre || !model->scale || (architecture->has_classes && !model->classes) || !model->net) {
        net_release(model);
        return NULL;
    }
    architecture->build(model->net, plan);
    return model;
}

/* ---- Training ---- */

void net_read_sizes(struct call *call, struct plan *plan)
{
    size_t count;
    const double *sizes = call_list(call, "hidden_layer_sizes", PLAN_SIZES_MAX, &count);

    plan->size_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!(sizes[i] >= 1 && sizes[i] <= PLAN_WIDTH_MAX) || sizes[i] != floor(sizes[i])) {
            call_fail(call, MLTRAINER_INVALID_PARAMETER, "hidden_layer_sizes", "%g is not a whole number from 1 to %d",
                      sizes[i], PLAN_WIDTH_MAX);
            return;
        }
        plan->sizes[i] = (uint64_t)sizes[i];
    }
}

void net_read_window(struct call *call, struct plan *plan)
{
    plan->steps = (uint64_t)call_integer(call, "lookback", 1, PLAN_STEPS_MAX);
}

void net_check_heads(struct call *call, const struct plan *plan, const char *name)
{
    if (plan->units % plan->heads != 0)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, name, "%llu heads do not divide a width of %llu",
                  (unsigned long long)plan->heads, (unsigned long long)plan->units);
}

static size_t distinct(double *sorted, size_t count)
{
    size_t kept = 1;

    for (size_t i = 1; i < count; i++)
        if (sorted[i] != sorted[kept - 1])
            sorted[kept++] = sorted[i];
    return kept;
}

/* The classes, ascending, and plan->outputs. */
static double *find_classes(struct call *call, struct plan *plan)
{
    double *values = call_numbers(call, call->rows);

    if (!values)
        return NULL;
    memcpy(values, call->target, (size_t)call->rows * sizeof(double));
    order_sort(values, (size_t)call->rows);
    plan->outputs = distinct(values, (size_t)call->rows);
    if (plan->outputs > PLAN_OUTPUTS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, call->request->target, "%llu classes are more than %d",
                  (unsigned long long)plan->outputs, PLAN_OUTPUTS_MAX);
    return values;
}

static size_t class_of(const double *classes, size_t count, double value)
{
    size_t low = 0, high = count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(classes[middle] <= value ? &low : &high) = middle;
    }
    return low;
}

/* Inputs and targets in the scale that is learned in, which the model remembers. */
static void make_examples(struct call *call, struct net_model *model, double *values, struct examples *examples)
{
    int standardizes = call_flag(call, "standardize");
    size_t rows = (size_t)call->rows, features = call->feature_count;
    double *targets = model->architecture->reconstructs ? values : call_numbers(call, call->rows);

    if (call->status)
        return;
    for (size_t i = 0; i < features; i++)
        model->scale[i] = 1;
    if (standardizes) {
        examples_moments(values, rows, features, model->centre, model->scale);
        examples_scale(values, rows, features, model->centre, model->scale);
    }
    if (model->classes) {
        for (size_t row = 0; row < rows; row++)
            targets[row] = (double)class_of(model->classes, model->plan.outputs, call->target[row]);
    } else if (!model->architecture->reconstructs) {
        memcpy(targets, call->target, rows * sizeof(double));
        if (standardizes) {
            examples_moments(targets, rows, 1, &model->target_centre, &model->target_scale);
            examples_scale(targets, rows, 1, &model->target_centre, &model->target_scale);
        }
    }
    *examples = (struct examples){.rows = rows,
                                  .features = features,
                                  .steps = model->plan.steps,
                                  .values = values,
                                  .target_width = model->architecture->reconstructs ? features : 1,
                                  .targets = targets};
}

/* Weights to average 1, so that a batch's mean is the mean of what it stands for. */
static void take_weights(struct call *call, struct examples *examples)
{
    double total = 0, *weights = call->weights ? call_numbers(call, call->rows) : NULL;

    if (!weights)
        return;
    for (int64_t row = 0; row < call->rows; row++)
        total += call->weights[row];
    for (int64_t row = 0; row < call->rows; row++)
        weights[row] = call->weights[row] * (double)call->rows / total;
    examples->weights = weights;
}

static int32_t train(struct call *call, struct net_model *model, struct trainer *trainer, double *values)
{
    struct examples examples = {0};
    struct random random;

    if (net_seal(model->net))
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for %zu weights", model->net->weight_count);
    make_examples(call, model, values, &examples);
    take_weights(call, &examples);
    if (model->architecture->prepare && !call->status)
        model->architecture->prepare(call, model->net, &examples);
    if (call->status)
        return call->status;
    random_start(&random, call->host, TRAINER_STREAM_WEIGHTS);
    net_start_weights(model->net, &random);
    trainer->net = model->net;
    trainer->examples = &examples;
    trainer->loss = model->architecture->loss;
    return model->architecture->train ? model->architecture->train(call, trainer) : trainer_run(call, trainer);
}

int32_t net_fit(struct call *call, const struct architecture *architecture, void **state)
{
    struct plan plan = {.features = call->feature_count,
                        .steps = 1,
                        .outputs = 1,
                        .units = 1,
                        .heads = 1,
                        .depth = 1,
                        .inner = 1,
                        .kernel = 1};
    struct trainer trainer = {0};
    double *classes = NULL;

    (architecture->train ? trainer_read_batches : trainer_read)(call, &trainer);
    architecture->read(call, &plan, &trainer);
    if (architecture->has_classes)
        classes = find_classes(call, &plan);
    double *values = call_feature_rows(call);
    if (call->status)
        return call->status;
    struct net_model *model = model_new(architecture, &plan);
    if (!model)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the network");
    if (classes)
        memcpy(model->classes, classes, plan.outputs * sizeof(double));
    if (train(call, model, &trainer, values)) {
        net_release(model);
        return call->status;
    }
    *state = model;
    return call->status;
}

/* ---- Predicting ---- */

void net_emit_number(struct call *call, const struct net_model *model, const struct net *net, size_t first,
                        size_t samples)
{
    const struct net_node *last = net_node(net, net_last(net));

    for (size_t s = 0; s < samples; s++)
        call->out[0][first + s] = model->target_centre + model->target_scale * last->value[s * last->width];
}

void net_emit_class(struct call *call, const struct net_model *model, const struct net *net, size_t first,
                       size_t samples)
{
    const struct net_node *last = net_node(net, net_last(net));

    for (size_t s = 0; s < samples; s++) {
        const double *output = last->value + s * last->width;
        double total = 0;
        size_t best = 0;
        for (size_t i = 1; i < last->width; i++)
            best = output[i] > output[best] ? i : best;
        for (size_t i = 0; i < last->width; i++)
            total += exp(output[i] - output[best]);
        call->out[0][first + s] = model->classes[best];
        call->out[1][first + s] = 1 / total;
    }
}

void net_emit_range(struct call *call, const struct net_model *model, const struct net *net, size_t first,
                       size_t samples)
{
    const struct net_node *last = net_node(net, net_last(net));

    for (size_t s = 0; s < samples; s++) {
        const double *output = last->value + s * last->width;
        double low = fmin(output[0], fmin(output[1], output[2])), high = fmax(output[0], fmax(output[1], output[2]));
        call->out[0][first + s] = model->target_centre + model->target_scale * output[0];
        call->out[1][first + s] = model->target_centre + model->target_scale * low;
        call->out[2][first + s] = model->target_centre + model->target_scale * high;
    }
}

int32_t net_apply(struct call *call, const void *state)
{
    const struct net_model *model = state;
    struct net net = *model->net; /* its layers look at this call's workspace, the model stays as it is */
    size_t rows = (size_t)call->rows, batch = rows < PREDICTED_AT_ONCE ? rows : PREDICTED_AT_ONCE;
    double *values = call_feature_rows(call), *memory = call_numbers(call, (int64_t)net_workspace(&net, batch, 0));

    net.nodes = call_memory(call, net.node_count, sizeof(*net.nodes));
    if (call->status)
        return call->status;
    memcpy(net.nodes, model->net->nodes, net.node_count * sizeof(*net.nodes));
    net_attach(&net, memory, batch, 0);
    examples_scale(values, rows, call->feature_count, model->centre, model->scale);
    struct examples examples = {
        .rows = rows, .features = call->feature_count, .steps = model->plan.steps, .values = values};
    for (size_t first = 0; first < rows && !call_step(call, (double)first, (double)rows); first += batch) {
        size_t samples = rows - first < batch ? rows - first : batch;
        examples_take(&examples, NULL, first, samples, net_value(&net, 0));
        net_forward(&net, samples);
        model->architecture->emit(call, model, &net, first, samples);
    }
    return call->status;
}

/* ---- The artifact: plan, scales, classes, weights ---- */

void net_save(const void *state, struct artifact_writer *writer)
{
    const struct net_model *model = state;
    const struct plan *plan = &model->plan;
    const uint64_t numbers[] = {plan->steps, plan->outputs, plan->units,  plan->heads,
                                plan->depth, plan->inner,   plan->kernel, plan->shape};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        artifact_put_u64(writer, numbers[i]);
    artifact_put_u64(writer, plan->size_count);
    for (size_t i = 0; i < plan->size_count; i++)
        artifact_put_u64(writer, plan->sizes[i]);
    artifact_put_doubles(writer, (const double[]){plan->dropout, plan->recurrent_dropout, plan->tolerance}, 3);
    artifact_put_doubles(writer, model->centre, plan->features);
    artifact_put_doubles(writer, model->scale, plan->features);
    artifact_put_double(writer, model->target_centre);
    artifact_put_double(writer, model->target_scale);
    if (model->classes)
        artifact_put_doubles(writer, model->classes, plan->outputs);
    artifact_put_u64(writer, model->net->weight_count);
    artifact_put_doubles(writer, model->net->weights, model->net->weight_count);
}

static uint64_t take_within(struct artifact_reader *reader, uint64_t least, uint64_t most)
{
    uint64_t value = artifact_take_u64(reader);

    reader->failed |= value < least || value > most;
    return reader->failed ? least : value;
}

static double take_share(struct artifact_reader *reader)
{
    double value = artifact_take_double(reader);

    reader->failed |= !(value >= 0 && value < 1);
    return value;
}

static struct plan take_plan(struct artifact_reader *reader, size_t feature_count)
{
    struct plan plan = {.features = feature_count};

    plan.steps = take_within(reader, 1, PLAN_STEPS_MAX);
    plan.outputs = take_within(reader, 1, PLAN_WIDTH_MAX);
    plan.units = take_within(reader, 1, PLAN_WIDTH_MAX);
    plan.heads = take_within(reader, 1, PLAN_HEADS_MAX);
    plan.depth = take_within(reader, 1, PLAN_DEPTH_MAX);
    plan.inner = take_within(reader, 1, PLAN_WIDTH_MAX);
    plan.kernel = take_within(reader, 1, PLAN_STEPS_MAX);
    plan.shape = take_within(reader, NET_IDENTITY, NET_GELU);
    plan.size_count = take_within(reader, 0, PLAN_SIZES_MAX);
    for (size_t i = 0; i < plan.size_count; i++)
        plan.sizes[i] = take_within(reader, 1, PLAN_WIDTH_MAX);
    plan.dropout = take_share(reader);
    plan.recurrent_dropout = take_share(reader);
    plan.tolerance = take_share(reader);
    return plan;
}

/* As many weights as the plan says: compared before there is memory for them. */
static int take_weights_of(struct artifact_reader *reader, struct net *net)
{
    if (net->failed || artifact_take_count(reader, sizeof(double)) != net->weight_count || reader->failed ||
        net_seal(net))
        return -1;
    artifact_take_doubles(reader, net->weights, net->weight_count);
    return reader->failed ? -1 : 0;
}

void *net_restore(struct artifact_reader *reader, size_t feature_count, const struct architecture *architecture)
{
    struct plan plan = take_plan(reader, feature_count);

    if (reader->failed)
        return NULL;
    struct net_model *model = model_new(architecture, &plan);
    if (!model)
        return NULL;
    artifact_take_doubles(reader, model->centre, feature_count);
    artifact_take_doubles(reader, model->scale, feature_count);
    model->target_centre = artifact_take_double(reader);
    model->target_scale = artifact_take_double(reader);
    if (model->classes)
        artifact_take_doubles(reader, model->classes, plan.outputs);
    if (!reader->failed && take_weights_of(reader, model->net) == 0)
        return model;
    net_release(model);
    return NULL;
}
