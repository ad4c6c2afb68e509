/* SPDX-License-Identifier: Apache-2.0 */
/* A circuit that learns: Schuld, Bocharov, Svore and Wiebe (2020), by a state vector of 2^n amplitudes, so nothing of
 * it is faster than on paper. Feature f turns qubit f mod n about Y by its value. Then, layer after layer, each qubit
 * is turned about the axes given by angles that are learned, and each flips the next in the ring (controlled not). What
 * is read of a qubit is the mean of Z; a dense layer makes classes of that.
 *
 * Derivatives are exact: a turn by t about P is exp(-i t P / 2), so by t it is Im <b| P |a> of the state a after it and
 * b, the derivative by that state, both taken back turn by turn (Jones and Gacon, 2020). */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "net/model.h"

#define QUBITS_MAX 16
#define AXES_MAX 8

enum axis { AXIS_X = 1, AXIS_Y, AXIS_Z };

struct circuit {
    const struct net_node *node;
    size_t qubits, amplitudes, layers, axis_count, features;
    const double *angles;
};

/* The axes stand in the layer's option, two bits each. */
static enum axis axis_at(const struct circuit *circuit, size_t index)
{
    return (enum axis)(circuit->node->option_too >> (2 * index) & 3);
}

static struct circuit circuit_of(const struct net *net, const struct net_node *node)
{
    return (struct circuit){.node = node,
                            .qubits = node->width,
                            .amplitudes = (size_t)1 << node->width,
                            .layers = node->option >> 8,
                            .axis_count = node->option & 255,
                            .features = net_node(net, node->from[0])->width,
                            .angles = net->weights + node->weights};
}

/* [a b] of a pair that differs in one qubit, under exp(-i angle P / 2). */
static void turn(const struct circuit *circuit, double complex *state, size_t qubit, enum axis axis, double angle)
{
    double cosine = cos(angle / 2), sine = sin(angle / 2);
    size_t bit = (size_t)1 << qubit;

    for (size_t i = 0; i < circuit->amplitudes; i++) {
        if (i & bit)
            continue;
        double complex a = state[i], b = state[i | bit];
        if (axis == AXIS_X) {
            state[i] = cosine * a - I * sine * b;
            state[i | bit] = cosine * b - I * sine * a;
        } else if (axis == AXIS_Y) {
            state[i] = cosine * a - sine * b;
            state[i | bit] = cosine * b + sine * a;
        } else {
            state[i] = (cosine - I * sine) * a;
            state[i | bit] = (cosine + I * sine) * b;
        }
    }
}

/* Im <b| P |a>. */
static double derivative(const struct circuit *circuit, const double complex *b, const double complex *a, size_t qubit,
                         enum axis axis)
{
    size_t bit = (size_t)1 << qubit;
    double complex sum = 0;

    for (size_t i = 0; i < circuit->amplitudes; i++) {
        if (i & bit)
            continue;
        size_t j = i | bit;
        if (axis == AXIS_X)
            sum += conj(b[i]) * a[j] + conj(b[j]) * a[i];
        else if (axis == AXIS_Y)
            sum += I * (conj(b[j]) * a[i] - conj(b[i]) * a[j]);
        else
            sum += conj(b[i]) * a[i] - conj(b[j]) * a[j];
    }
    return cimag(sum);
}

static void flip(const struct circuit *circuit, double complex *state, size_t control, size_t target)
{
    size_t if_set = (size_t)1 << control, bit = (size_t)1 << target;

    for (size_t i = 0; i < circuit->amplitudes; i++)
        if ((i & if_set) && !(i & bit)) {
            double complex kept = state[i];
            state[i] = state[i | bit];
            state[i | bit] = kept;
        }
}

static void run(const struct circuit *circuit, const double *features, double complex *state)
{
    const double *angle = circuit->angles;
    size_t n = circuit->qubits;

    memset(state, 0, circuit->amplitudes * sizeof(*state));
    state[0] = 1;
    for (size_t f = 0; f < circuit->features; f++)
        turn(circuit, state, f % n, AXIS_Y, features[f]);
    for (size_t layer = 0; layer < circuit->layers; layer++) {
        for (size_t q = 0; q < n; q++)
            for (size_t i = 0; i < circuit->axis_count; i++)
                turn(circuit, state, q, axis_at(circuit, i), *angle++);
        for (size_t q = 0; q < n; q++)
            flip(circuit, state, q, (q + 1) % n);
    }
}

static double complex *state_of(const struct circuit *circuit, size_t sample)
{
    return (double complex *)(void *)circuit->node->notes + sample * 2 * circuit->amplitudes;
}

static void circuit_forward(struct net *net, const struct net_node *node)
{
    struct circuit circuit = circuit_of(net, node);
    const double *input = net_value(net, node->from[0]);

    for (size_t s = 0; s < net->samples; s++) {
        double complex *state = state_of(&circuit, s);
        run(&circuit, input + s * circuit.features, state);
        for (size_t q = 0; q < circuit.qubits; q++) {
            double mean = 0;
            for (size_t i = 0; i < circuit.amplitudes; i++) {
                double share = creal(state[i]) * creal(state[i]) + cimag(state[i]) * cimag(state[i]);
                mean += i >> q & 1 ? -share : share;
            }
            node->value[s * circuit.qubits + q] = mean;
        }
    }
}

/* The derivative by the last state: each amplitude times the sum over qubits of +- what is wanted of it. */
static void start_back(const struct circuit *circuit, const double *by_mean, const double complex *state,
                       double complex *back)
{
    for (size_t i = 0; i < circuit->amplitudes; i++) {
        double sum = 0;
        for (size_t q = 0; q < circuit->qubits; q++)
            sum += i >> q & 1 ? -by_mean[q] : by_mean[q];
        back[i] = sum * state[i];
    }
}

static void circuit_backward(struct net *net, const struct net_node *node)
{
    struct circuit circuit = circuit_of(net, node);
    size_t n = circuit.qubits, count = circuit.layers * n * circuit.axis_count;
    double *gradient = net->gradient + node->weights;

    for (size_t s = 0; s < net->samples; s++) {
        double complex *state = state_of(&circuit, s), *back = state + circuit.amplitudes;
        size_t angle = count;
        start_back(&circuit, node->gradient + s * n, state, back);
        for (size_t layer = circuit.layers; layer-- > 0;) {
            for (size_t q = n; q-- > 0;) {
                flip(&circuit, state, q, (q + 1) % n);
                flip(&circuit, back, q, (q + 1) % n);
            }
            for (size_t q = n; q-- > 0;)
                for (size_t i = circuit.axis_count; i-- > 0;) {
                    enum axis axis = axis_at(&circuit, i);
                    gradient[--angle] += derivative(&circuit, back, state, q, axis);
                    turn(&circuit, state, q, axis, -circuit.angles[angle]);
                    turn(&circuit, back, q, axis, -circuit.angles[angle]);
                }
        }
    }
}

/* The features are angles from outside: nothing is learned before them. */
static const struct net_layer circuit_layer = {.forward = circuit_forward, .backward = circuit_backward};

/* ---- The model ---- */

static void read(struct call *call, struct plan *plan, struct trainer *trainer)
{
    size_t count;
    const char *const *gates = call_texts(call, "rotation_gates", AXES_MAX, &count);

    plan->units = (uint64_t)call_integer(call, "n_qubits", 2, QUBITS_MAX);
    plan->depth = (uint64_t)call_integer(call, "n_layers", 1, 10);
    plan->size_count = count;
    for (size_t i = 0; i < count; i++) {
        int known = gates[i][0] == 'R' && gates[i][1] >= 'X' && gates[i][1] <= 'Z' && !gates[i][2];
        if (!known)
            call_fail(call, MLTRAINER_INVALID_PARAMETER, "rotation_gates", "\"%.20s\" is not RX, RY or RZ", gates[i]);
        plan->sizes[i] = known ? (uint64_t)(gates[i][1] - 'X' + AXIS_X) : AXIS_X;
    }
}

static void build(struct net *net, const struct plan *plan)
{
    int is_sane = plan->units >= 2 && plan->units <= QUBITS_MAX && plan->size_count >= 1;
    size_t node = net_append(net, &circuit_layer, 0, 1, is_sane ? plan->units : 0);

    net_node(net, node)->option = plan->depth << 8 | plan->size_count;
    for (size_t i = 0; i < plan->size_count; i++)
        net_node(net, node)->option_too |= (plan->sizes[i] & 3) << (2 * i);
    net_node(net, node)->kept = is_sane ? 4 * ((size_t)1 << plan->units) : 0;
    net_append_weights(net, node, plan->depth * plan->units, plan->size_count, NET_ANGLES);
    net_dense(net, node, plan->outputs);
}

static const struct architecture quantum_circuit_architecture = {
    .loss = TRAINER_CROSS_ENTROPY, .has_classes = 1, .read = read, .build = build, .emit = net_emit_class};
NET_MODEL(quantum_circuit, .task = LEARNER_CLASSES, .outputs = {"prediction", "probability"});
