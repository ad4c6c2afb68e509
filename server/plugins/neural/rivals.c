/* SPDX-License-Identifier: Apache-2.0 */
/* Two networks against each other: Goodfellow et al. (2014), conditioned on the inputs (Mirza and Osindero, 2014). The
 * generator tells the target from the last rows; the discriminator sees rows and a target, and says whether it is a
 * true one. The generator learns to be near the truth and to pass for it:
 *     half the mean of squares + adversarial_weight * mean of -log(discriminator's share). */
#include <math.h>
#include <string.h>

#include "net/model.h"

static void read(struct call *call, struct plan *plan, struct trainer *trainer)
{
    net_read_window(call, plan);
    net_read_sizes(call, plan);
}

static size_t build_dense(struct net *net, size_t at, const struct plan *plan)
{
    for (size_t i = 0; i < plan->size_count; i++)
        at = net_activation(net, net_dense(net, at, plan->sizes[i]), NET_RELU);
    return net_dense(net, at, 1);
}

static void build(struct net *net, const struct plan *plan)
{
    build_dense(net, net_reshape(net, 0, 1), plan);
}

struct match {
    struct call *call;
    struct trainer *trainer;
    const struct examples *examples;
    struct net *generator, *judge;
    struct adam generator_adam, judge_adam;
    double weight; /* of passing for the truth */
    size_t width, batch;
    uint32_t *order;
};

/* log(1 + exp(x)), without overflow. */
static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

/* Rows beside a target each: the true ones, or the generator's. */
static void show(struct match *m, size_t first, size_t samples, int truth)
{
    const double *rows = net_value(m->generator, 0);
    double *input = net_value(m->judge, 0);
    const double *told = net_value(m->generator, net_last(m->generator));

    for (size_t s = 0; s < samples; s++) {
        memcpy(input + s * (m->width + 1), rows + s * m->width, m->width * sizeof(double));
        input[s * (m->width + 1) + m->width] = truth ? m->examples->targets[m->order[first + s]] : told[s];
    }
}

/* The judge's derivative by its output, for samples that should get share @right; gives the loss. */
static double judge_loss(struct match *m, size_t samples, int right)
{
    const double *output = net_value(m->judge, net_last(m->judge));
    double *by_output = net_gradient_of(m->judge, net_last(m->judge)), loss = 0;

    for (size_t s = 0; s < samples; s++) {
        loss += softplus(right ? -output[s] : output[s]) / (double)samples;
        by_output[s] = (net_sigmoid(output[s]) - right) / (double)samples;
    }
    return loss;
}

static void teach_judge(struct match *m, size_t first, size_t samples, double *kept)
{
    size_t weights = m->judge->weight_count;

    for (int truth = 0; truth < 2; truth++) {
        show(m, first, samples, truth);
        net_forward(m->judge, samples);
        judge_loss(m, samples, truth);
        net_backward(m->judge, samples);
        for (size_t i = 0; i < weights; i++)
            kept[i] = m->judge->gradient[i] + (truth ? kept[i] : 0);
    }
    memcpy(m->judge->gradient, kept, weights * sizeof(double));
    adam_step(&m->judge_adam, m->judge);
}

static double teach_generator(struct match *m, size_t first, size_t samples)
{
    struct net_node *last = net_node(m->generator, net_last(m->generator));
    double loss = trainer_loss(m->trainer, last->value, 1, m->order + first, samples, last->gradient);

    show(m, first, samples, 0);
    net_forward(m->judge, samples);
    loss += m->weight * judge_loss(m, samples, 1);
    net_backward(m->judge, samples);
    for (size_t s = 0; s < samples; s++)
        last->gradient[s] += m->weight * net_gradient_of(m->judge, 0)[s * (m->width + 1) + m->width];
    net_backward(m->generator, samples);
    adam_step(&m->generator_adam, m->generator);
    return loss;
}

static void play(struct match *m)
{
    struct call *call = m->call;
    struct random shuffle;
    double *kept = call_numbers(call, (int64_t)m->judge->weight_count), loss = 0;

    random_start(&shuffle, call->host, TRAINER_STREAM_ORDER);
    for (int64_t epoch = 0; !call->status && epoch < m->trainer->epochs; epoch++) {
        loss = 0;
        if (m->trainer->shuffles)
            random_shuffle(&shuffle, m->order, m->examples->rows);
        for (size_t first = 0; first < m->examples->rows; first += m->batch) {
            size_t left = m->examples->rows - first, samples = left < m->batch ? left : m->batch;
            double share = (double)first / (double)m->examples->rows;
            if (call_step(call, (double)epoch + share, (double)m->trainer->epochs))
                return;
            examples_take(m->examples, m->order, first, samples, net_value(m->generator, 0));
            net_forward(m->generator, samples);
            teach_judge(m, first, samples, kept);
            loss += teach_generator(m, first, samples) * (double)samples / (double)m->examples->rows;
        }
        call->host->metric(call->host, "loss", epoch, loss);
        if (!isfinite(loss))
            call_fail(call, MLTRAINER_INVALID_DATA, "", "the loss of epoch %lld is no number: a lower rate?",
                      (long long)epoch);
    }
}

/* Memory for both, and the judge's first weights. */
static void prepare_match(struct match *m)
{
    struct call *call = m->call;
    struct random random;
    double *moments = call_numbers(call, (int64_t)(adam_workspace(m->generator) + adam_workspace(m->judge)));
    double *generator = call_numbers(call, (int64_t)net_workspace(m->generator, m->batch, 1));
    double *judge = call_numbers(call, (int64_t)net_workspace(m->judge, m->batch, 1));

    m->order = call_memory(call, m->examples->rows, sizeof(uint32_t));
    if (call->status)
        return;
    for (size_t row = 0; row < m->examples->rows; row++)
        m->order[row] = (uint32_t)row;
    net_attach(m->generator, generator, m->batch, 1);
    net_attach(m->judge, judge, m->batch, 1);
    m->judge->input_gradient = 1;
    adam_attach(&m->generator_adam, m->generator, moments);
    adam_attach(&m->judge_adam, m->judge, moments + adam_workspace(m->generator));
    random_start(&random, call->host, TRAINER_STREAM_OTHER);
    net_start_weights(m->judge, &random);
}

static int32_t train(struct call *call, struct trainer *trainer)
{
    const struct examples *examples = trainer->examples;
    struct plan plan = {0};
    struct match m = {.call = call,
                      .trainer = trainer,
                      .examples = examples,
                      .generator = trainer->net,
                      .width = examples->features * examples->steps,
                      .batch = (size_t)trainer->batch < examples->rows ? (size_t)trainer->batch : examples->rows};

    net_read_sizes(call, &plan);
    m.weight = call_number_within(call, "adversarial_weight", 0, 1e6);
    m.generator_adam = m.judge_adam = trainer->adam;
    m.generator_adam.rate = call_number_within(call, "generator_lr", 1e-12, 10);
    m.judge_adam.rate = call_number_within(call, "discriminator_lr", 1e-12, 10);
    if (call->status)
        return call->status;
    m.judge = net_new(m.width + 1, 1);
    if (m.judge)
        build_dense(m.judge, 0, &plan);
    if (!m.judge || net_seal(m.judge)) {
        net_free(m.judge);
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the discriminator");
    }
    prepare_match(&m);
    if (!call->status)
        play(&m);
    net_free(m.judge);
    return call->status;
}

static const struct architecture rivals_architecture = {
    .read = read, .build = build, .train = train, .emit = net_emit_number};
NET_MODEL(rivals, .task = LEARNER_NUMBERS, .outputs = {"prediction"});
