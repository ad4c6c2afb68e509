/* SPDX-License-Identifier: Apache-2.0 */
#include "net/trainer.h"

#include <math.h>
#include <string.h>

void trainer_read_batches(struct call *call, struct trainer *trainer)
{
    trainer->epochs = call_integer(call, "max_iter", 1, 1000000);
    trainer->batch = call_integer(call, "batch_size", 1, 65536);
    trainer->shuffles = call_flag(call, "shuffle");
    trainer->adam = (struct adam){
        .beta1 = 0.9, .beta2 = 0.999, .epsilon = call_number_within(call, "adam_epsilon", 1e-300, 1)};
}

void trainer_read(struct call *call, struct trainer *trainer)
{
    trainer_read_batches(call, trainer);
    trainer->alpha = call_number_within(call, "alpha", 0, 1e6);
    trainer->tolerance = call_number_within(call, "tol", 0, 1e6);
    trainer->patience = call_integer(call, "n_iter_no_change", 1, 1000000);
    trainer->validation = call_number_within(call, "validation_fraction", 0, 0.9);
    trainer->adam.rate = call_number_within(call, "learning_rate", 1e-12, 10);
}

/* ---- Losses ---- */

static double squared(const double *output, const double *target, size_t width, double *gradient)
{
    double loss = 0;

    for (size_t i = 0; i < width; i++) {
        double miss = output[i] - target[i];
        loss += 0.5 * miss * miss / (double)width;
        gradient[i] = miss / (double)width;
    }
    return loss;
}

static double cross_entropy(const double *output, const double *target, size_t width, double *gradient)
{
    size_t right = (size_t)target[0];
    double most = output[0], total = 0;

    for (size_t i = 1; i < width; i++)
        most = fmax(most, output[i]);
    for (size_t i = 0; i < width; i++)
        total += gradient[i] = exp(output[i] - most);
    for (size_t i = 0; i < width; i++)
        gradient[i] /= total;
    gradient[right] -= 1;
    return most + log(total) - output[right];
}

static double pinball(const double *output, const double *target, size_t width, double *gradient)
{
    static const double shares[] = {0.5, 0.1, 0.9};
    double loss = 0;

    for (size_t i = 0; i < width; i++) {
        double miss = target[0] - output[i], share = shares[i % 3];
        loss += miss > 0 ? share * miss : (share - 1) * miss;
        gradient[i] = miss > 0 ? -share : 1 - share;
    }
    return loss;
}

double trainer_loss(const struct trainer *trainer, const double *output, size_t width, const uint32_t *rows,
                    size_t samples, double *gradient)
{
    static double (*const losses[])(const double *, const double *, size_t, double *) = {
        [TRAINER_SQUARED] = squared, [TRAINER_CROSS_ENTROPY] = cross_entropy, [TRAINER_PINBALL] = pinball};
    const struct examples *examples = trainer->examples;
    double total = 0;

    for (size_t s = 0; s < samples; s++) {
        double weight = (examples->weights ? examples->weights[rows[s]] : 1) / (double)samples;
        double *by_output = gradient + s * width;
        total += weight * losses[trainer->loss](output + s * width,
                                                examples->targets + rows[s] * examples->target_width, width, by_output);
        for (size_t i = 0; i < width; i++)
            by_output[i] *= weight;
    }
    return total;
}

/* ---- Training ---- */

struct session {
    struct call *call;
    struct trainer *trainer;
    struct net *net;
    uint32_t *order;      /* rows to learn, then rows to watch */
    size_t learned, batch;
    struct random shuffle, dropout;
    double *best;         /* weights */
    double *clean;        /* gradient by the inputs as they are, while those moved are looked at */
};

static double forward_and_loss(struct session *s, const uint32_t *rows, size_t samples)
{
    struct net_node *last = net_node(s->net, net_last(s->net));

    net_forward(s->net, samples);
    return trainer_loss(s->trainer, last->value, last->width, rows, samples, last->gradient);
}

/* Half the loss as it is, half that where each input has moved by the step that raises the loss most. */
static double learn_against(struct session *s, const uint32_t *rows, size_t samples, double clean_loss)
{
    double *input = net_value(s->net, 0), *by_input = net_gradient_of(s->net, 0);
    size_t numbers = samples * net_node(s->net, 0)->rows * net_node(s->net, 0)->width;

    for (size_t i = 0; i < numbers; i++)
        input[i] += s->trainer->adversary * ((by_input[i] > 0) - (by_input[i] < 0));
    memcpy(s->clean, s->net->gradient, s->net->weight_count * sizeof(double));
    double loss = forward_and_loss(s, rows, samples);
    net_backward(s->net, samples);
    for (size_t i = 0; i < s->net->weight_count; i++)
        s->net->gradient[i] = 0.5 * (s->net->gradient[i] + s->clean[i]);
    return 0.5 * (loss + clean_loss);
}

static double learn_batch(struct session *s, size_t first, size_t samples)
{
    struct trainer *trainer = s->trainer;
    const uint32_t *rows = s->order + first;

    trainer->adam.penalty = trainer->alpha / (double)samples;
    s->net->random = &s->dropout;
    examples_take(trainer->examples, s->order, first, samples, net_value(s->net, 0));
    double loss = forward_and_loss(s, rows, samples);
    net_backward(s->net, samples);
    if (trainer->adversary > 0)
        loss = learn_against(s, rows, samples, loss);
    s->net->random = NULL;
    loss += adam_penalty(&trainer->adam, s->net);
    adam_step(&trainer->adam, s->net);
    return loss;
}

static double learn_epoch(struct session *s, int64_t epoch)
{
    double total = 0;

    if (s->trainer->shuffles)
        random_shuffle(&s->shuffle, s->order, s->learned);
    for (size_t first = 0; first < s->learned; first += s->batch) {
        size_t samples = s->learned - first < s->batch ? s->learned - first : s->batch;
        double share = (double)first / (double)s->learned;
        if (call_step(s->call, (double)epoch + share, (double)s->trainer->epochs))
            return 0;
        total += learn_batch(s, first, samples) * (double)samples;
    }
    return total / (double)s->learned;
}

static double watch(struct session *s)
{
    double total = 0;

    for (size_t first = s->learned; first < s->trainer->examples->rows; first += s->batch) {
        size_t left = s->trainer->examples->rows - first, samples = left < s->batch ? left : s->batch;
        examples_take(s->trainer->examples, s->order, first, samples, net_value(s->net, 0));
        total += forward_and_loss(s, s->order + first, samples) * (double)samples;
    }
    return total / (double)(s->trainer->examples->rows - s->learned);
}

/* As scikit-learn counts: an epoch is no gain unless its loss is below the best by more than the tolerance. */
static void run_epochs(struct session *s)
{
    const struct trainer *trainer = s->trainer;
    const struct mltrainer_host *host = s->call->host;
    int watches = s->learned < trainer->examples->rows;
    size_t weight_bytes = s->net->weight_count * sizeof(double);
    int64_t epoch = 0, idle = 0;
    double best = INFINITY;

    for (; epoch < trainer->epochs && idle <= trainer->patience; epoch++) {
        double loss = learn_epoch(s, epoch), judged = loss;
        if (s->call->status)
            return;
        if (watches)
            host->metric(host, "validation_loss", epoch, judged = watch(s));
        host->metric(host, "loss", epoch, loss);
        if (!isfinite(loss)) {
            call_fail(s->call, MLTRAINER_INVALID_DATA, "",
                      "the loss of epoch %lld is no number: a lower learning_rate?", (long long)epoch);
            return;
        }
        idle = judged > best - trainer->tolerance ? idle + 1 : 0;
        if (judged < best && watches)
            memcpy(s->best, s->net->weights, weight_bytes);
        best = fmin(best, judged);
    }
    if (watches && isfinite(best))
        memcpy(s->net->weights, s->best, weight_bytes);
    host->metric(host, "epochs", MLTRAINER_STEP_FINAL, (double)epoch);
    host->metric(host, "converged", MLTRAINER_STEP_FINAL, idle > trainer->patience);
}

int32_t trainer_run(struct call *call, struct trainer *trainer)
{
    size_t rows = trainer->examples->rows, watched = (size_t)((double)rows * trainer->validation);
    struct session s = {.call = call, .trainer = trainer, .net = trainer->net, .learned = rows - watched};

    s.batch = s.learned < (size_t)trainer->batch ? s.learned : (size_t)trainer->batch;
    s.net->input_gradient = trainer->adversary > 0;
    s.order = call_memory(call, rows, sizeof(uint32_t));
    s.best = call_numbers(call, (int64_t)s.net->weight_count);
    s.clean = call_numbers(call, trainer->adversary > 0 ? (int64_t)s.net->weight_count : 0);
    double *moments = call_numbers(call, (int64_t)adam_workspace(s.net));
    double *memory = call_numbers(call, (int64_t)net_workspace(s.net, s.batch, 1));
    if (call->status)
        return call->status;
    for (size_t row = 0; row < rows; row++)
        s.order[row] = (uint32_t)row;
    adam_attach(&trainer->adam, s.net, moments);
    net_attach(s.net, memory, s.batch, 1);
    random_start(&s.shuffle, call->host, TRAINER_STREAM_ORDER);
    random_start(&s.dropout, call->host, TRAINER_STREAM_DROPOUT);
    run_epochs(&s);
    return call->status;
}
