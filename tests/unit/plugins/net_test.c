/* SPDX-License-Identifier: Apache-2.0 */
/* Every layer's derivatives, by its weights and by its input, against differences of what it gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/trainer.h"
#include "worker/philox.h"

#define FEATURES 3
#define STEPS 4
#define SAMPLES 3
#define DELTA 1e-5

static void host_random(const struct mltrainer_host *host, uint64_t stream, uint64_t first, uint64_t *out, size_t count)
{
    const uint64_t key[2] = {host->seed, stream};

    for (; count > 0; first++, count--) {
        uint64_t counter[4] = {first / 4, 0, 0, 0}, words[4];
        philox4x64(counter, key, words);
        *out++ = words[first % 4];
    }
}

static const struct mltrainer_host host = {.size = sizeof(host), .seed = 7, .random = host_random};

/* ---- Networks, each with the layer that it is about not being the last ---- */

static size_t dense(struct net *net)
{
    return net_dense(net, 0, 5);
}

static size_t shaped(struct net *net, enum net_shape shape)
{
    return net_activation(net, net_dense(net, 0, 5), shape);
}

static size_t relu(struct net *net)
{
    return shaped(net, NET_RELU);
}

static size_t hyperbolic(struct net *net)
{
    return shaped(net, NET_TANH);
}

static size_t logistic(struct net *net)
{
    return shaped(net, NET_LOGISTIC);
}

static size_t elu(struct net *net)
{
    return shaped(net, NET_ELU);
}

static size_t gelu(struct net *net)
{
    return shaped(net, NET_GELU);
}

static size_t dropout(struct net *net)
{
    return net_dropout(net, net_dense(net, 0, 5), 0.4, 0);
}

static size_t dropout_together(struct net *net)
{
    return net_dropout(net, 0, 0.4, 1);
}

static size_t sum_and_product(struct net *net)
{
    size_t a = net_dense(net, 0, 4), b = net_dense(net, 0, 4);

    return net_multiply(net, net_add(net, a, b), a);
}

static size_t gated(struct net *net)
{
    return net_gated(net, net_dense(net, 0, 8));
}

static size_t softmax(struct net *net)
{
    return net_softmax(net, net_dense(net, 0, 4));
}

static size_t normalise(struct net *net)
{
    return net_normalise(net, net_dense(net, 0, 5));
}

static size_t positions(struct net *net)
{
    return net_positions(net, 0);
}

static size_t unfold(struct net *net)
{
    return net_unfold(net, 0, 3);
}

static size_t pick(struct net *net)
{
    return net_pick(net, net_dense(net, 0, 4), 2);
}

static size_t mean(struct net *net)
{
    return net_mean(net, net_dense(net, 0, 4));
}

static size_t reshape(struct net *net)
{
    return net_reshape(net, net_dense(net, 0, 4), 2);
}

static size_t join_and_slice(struct net *net)
{
    return net_slice(net, net_join(net, 0, net_dense(net, 0, 4)), 2, 4);
}

static size_t lstm(struct net *net)
{
    return net_lstm(net, 0, 4, 0, 0);
}

static size_t lstm_backwards(struct net *net)
{
    return net_lstm(net, net_dense(net, 0, 4), 3, 1, 0.3);
}

static size_t gru(struct net *net)
{
    return net_gru(net, 0, 4, 0.3);
}

static size_t attention(struct net *net)
{
    return net_attention(net, net_dense(net, 0, 6), net_dense(net, 0, 6), net_dense(net, 0, 4), 2, 0);
}

static size_t causal_attention(struct net *net)
{
    return net_attention(net, net_dense(net, 0, 6), net_dense(net, 0, 6), net_dense(net, 0, 4), 2, 1);
}

static size_t shared_attention(struct net *net)
{
    return net_shared_attention(net, net_dense(net, 0, 6), net_dense(net, 0, 6), net_dense(net, 0, 3), 2, 1);
}

static size_t mix(struct net *net)
{
    return net_mix(net, net_dense(net, 0, 4));
}

static size_t blend(struct net *net)
{
    return net_blend(net, net_softmax(net, net_dense(net, 0, 2)), net_dense(net, 0, 8));
}

static size_t ode(struct net *net)
{
    return net_ode(net, net_pick(net, net_dense(net, 0, 3), 1), 5, NET_DOPRI5, 1e-9);
}

static size_t ode_bosh3(struct net *net)
{
    return net_ode(net, net_pick(net, net_dense(net, 0, 3), 1), 5, NET_BOSH3, 1e-9);
}

static size_t ode_heun(struct net *net)
{
    return net_ode(net, net_pick(net, net_dense(net, 0, 3), 1), 5, NET_HEUN, 1e-9);
}

static const struct layer_case {
    const char *name;
    size_t (*build)(struct net *net);
} cases[] = {
    {"dense", dense},
    {"relu", relu},
    {"tanh", hyperbolic},
    {"logistic", logistic},
    {"elu", elu},
    {"gelu", gelu},
    {"dropout", dropout},
    {"dropout_together", dropout_together},
    {"sum_and_product", sum_and_product},
    {"gated", gated},
    {"softmax", softmax},
    {"normalise", normalise},
    {"positions", positions},
    {"unfold", unfold},
    {"pick", pick},
    {"mean", mean},
    {"reshape", reshape},
    {"join_and_slice", join_and_slice},
    {"lstm", lstm},
    {"lstm_backwards", lstm_backwards},
    {"gru", gru},
    {"attention", attention},
    {"causal_attention", causal_attention},
    {"shared_attention", shared_attention},
    {"mix", mix},
    {"blend", blend},
    {"ode", ode},
    {"ode_bosh3", ode_bosh3},
    {"ode_heun", ode_heun},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

/* ---- Differences ---- */

struct bench {
    struct net *net;
    double *memory, *values;
    double targets[SAMPLES];
    struct examples examples;
    struct trainer trainer;
};

static const uint32_t rows[SAMPLES] = {0, 1, 2};

static void bench_start(struct bench *bench, size_t (*build)(struct net *net))
{
    struct random random;
    size_t inputs = SAMPLES * STEPS * FEATURES;

    bench->net = net_new(FEATURES, STEPS);
    assert_non_null(bench->net);
    size_t layer = build(bench->net);
    net_dense(bench->net, net_reshape(bench->net, layer, 1), 1);
    assert_int_equal(net_seal(bench->net), 0);
    random_start(&random, &host, 0);
    for (size_t i = 0; i < bench->net->weight_count; i++)
        bench->net->weights[i] = 0.5 * random_normal(&random);
    bench->memory = calloc(net_workspace(bench->net, SAMPLES, 1), sizeof(double));
    assert_non_null(bench->memory);
    net_attach(bench->net, bench->memory, SAMPLES, 1);
    bench->net->input_gradient = 1;
    for (size_t i = 0; i < inputs; i++)
        net_value(bench->net, 0)[i] = random_normal(&random);
    for (size_t s = 0; s < SAMPLES; s++)
        bench->targets[s] = random_normal(&random);
    bench->examples = (struct examples){.rows = SAMPLES, .target_width = 1, .targets = bench->targets};
    bench->trainer = (struct trainer){.net = bench->net, .examples = &bench->examples};
}

static void bench_end(struct bench *bench)
{
    net_free(bench->net);
    free(bench->memory);
}

/* The same masks of dropout each time. */
static double loss_of(struct bench *bench)
{
    struct random random;
    struct net_node *last = net_node(bench->net, net_last(bench->net));

    random_start(&random, &host, 1);
    bench->net->random = &random;
    net_forward(bench->net, SAMPLES);
    bench->net->random = NULL;
    return trainer_loss(&bench->trainer, last->value, 1, rows, SAMPLES, last->gradient);
}

static void assert_derivatives(struct bench *bench, const char *what, double *variables, const double *derivatives,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double kept = variables[i];
        variables[i] = kept + DELTA;
        double above = loss_of(bench);
        variables[i] = kept - DELTA;
        double below = loss_of(bench);
        variables[i] = kept;
        double difference = (above - below) / (2 * DELTA);
        if (!(fabs(difference - derivatives[i]) <= 1e-7 * (1 + fabs(difference))))
            fail_msg("%s %zu: %.12g, by difference %.12g", what, i, derivatives[i], difference);
    }
}

static void derivatives_are_those_of_differences(void **state)
{
    const struct layer_case *layer = *state;
    struct bench bench = {0};

    bench_start(&bench, layer->build);
    size_t inputs = SAMPLES * STEPS * FEATURES, weights = bench.net->weight_count;
    double *by_weight = malloc(weights * sizeof(double)), by_input[SAMPLES * STEPS * FEATURES];
    assert_non_null(by_weight);
    loss_of(&bench);
    net_backward(bench.net, SAMPLES);
    memcpy(by_weight, bench.net->gradient, weights * sizeof(double));
    memcpy(by_input, net_gradient_of(bench.net, 0), sizeof(by_input));
    for (size_t b = 0; b < bench.net->block_count; b++) {
        const struct net_block *block = &bench.net->blocks[b];
        if (block->beginning != NET_GIVEN) /* nobody asks for these */
            assert_derivatives(&bench, "weight", bench.net->weights + block->first, by_weight + block->first,
                               block->in * block->out);
    }
    assert_derivatives(&bench, "input", net_value(bench.net, 0), by_input, inputs);
    free(by_weight);
    bench_end(&bench);
}

/* The same equation by steps of another order: what they miss is of the shortest step's order. */
static void pairs_of_steps_agree(void **state)
{
    static const struct {
        size_t (*build)(struct net *net);
        double tolerance;
    } table[] = {{ode_bosh3, 1e-7}, {ode_heun, 1e-4}};
    struct bench exact = {0};

    bench_start(&exact, ode);
    double loss = loss_of(&exact);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct bench other = {0};
        bench_start(&other, table[i].build);
        double difference = fabs(loss_of(&other) - loss);
        assert_true(difference > 0 && difference <= table[i].tolerance * (1 + fabs(loss)));
        bench_end(&other);
    }
    bench_end(&exact);
}

/* ---- Losses ---- */

static void losses_have_the_derivatives_of_differences(void **state)
{
    double outputs[3 * SAMPLES] = {0.3, -1, 2.5, 0.5, 0.1, -0.7, 1.5, 1.2, 0.9}, targets[SAMPLES] = {2, 0, 1},
           weights[SAMPLES] = {1, 0.5, 1.5}, gradient[3 * SAMPLES], scratch[3 * SAMPLES];
    struct examples examples = {.rows = SAMPLES, .target_width = 1, .targets = targets, .weights = weights};
    struct trainer trainer = {.examples = &examples};

    for (int loss = TRAINER_CROSS_ENTROPY; loss <= TRAINER_PINBALL; loss++) {
        trainer.loss = (enum trainer_loss)loss;
        trainer_loss(&trainer, outputs, 3, rows, SAMPLES, gradient);
        for (size_t i = 0; i < 3 * SAMPLES; i++) {
            double kept = outputs[i];
            outputs[i] = kept + DELTA;
            double above = trainer_loss(&trainer, outputs, 3, rows, SAMPLES, scratch);
            outputs[i] = kept - DELTA;
            double below = trainer_loss(&trainer, outputs, 3, rows, SAMPLES, scratch);
            outputs[i] = kept;
            assert_true(fabs((above - below) / (2 * DELTA) - gradient[i]) < 1e-8);
        }
    }
}

static void a_row_is_seen_with_those_before_it(void **state)
{
    const double values[] = {1, 2, 3, 4};
    struct examples examples = {.rows = 4, .features = 1, .steps = 3, .values = values};
    const uint32_t order[] = {3, 0};
    double input[6];

    examples_take(&examples, order, 0, 2, input);
    assert_memory_equal(input, ((const double[]){2, 3, 4, 1, 1, 1}), sizeof(input));
}

int main(void)
{
    static struct CMUnitTest tests[CASES + 3];
    static char names[CASES][64];

    for (size_t i = 0; i < CASES; i++) {
        snprintf(names[i], sizeof(names[i]), "derivatives_are_those_of_differences/%s", cases[i].name);
        tests[i] = (struct CMUnitTest){.name = names[i],
                                       .test_func = derivatives_are_those_of_differences,
                                       .initial_state = (void *)(uintptr_t)&cases[i]};
    }
    tests[CASES] = (struct CMUnitTest)cmocka_unit_test(losses_have_the_derivatives_of_differences);
    tests[CASES + 2] = (struct CMUnitTest)cmocka_unit_test(pairs_of_steps_agree);
    tests[CASES + 1] = (struct CMUnitTest)cmocka_unit_test(a_row_is_seen_with_those_before_it);
    return _cmocka_run_group_tests("net", tests, CASES + 3, NULL, NULL);
}
