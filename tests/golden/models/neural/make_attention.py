# SPDX-License-Identifier: Apache-2.0
"""Golden values of networks with attention, of graphs, of flows and of rivals: layers of Keras where it has them, else the
papers' formulas; derivatives by JAX."""
import reference as ref  # first: it chooses the backend of Keras
import jax
import jax.numpy as jnp
import keras
import numpy as np
from cases import BATCH, EPOCHS, Cases
from jax.experimental.ode import odeint

STEPS = 6
SINGLE = 1e-6  # Keras' softmax of scores is in single precision


class Taker:
    """Weights from the front of what is left."""

    def __init__(self, flat):
        self.flat, self.at = flat, 0

    def __call__(self, *shape):
        size = int(np.prod(shape))
        self.at += size
        return self.flat[self.at - size:self.at].reshape(shape)

    def end(self):
        assert self.at == self.flat.shape[0], (self.at, self.flat.shape)


def dense(take, x, width):
    return x @ take(x.shape[-1], width) + take(width)


def normalise(take, x):
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * take(x.shape[-1]) + take(x.shape[-1])


def call(layer, take, *inputs):
    return layer.stateless_call([take(*v.shape) for v in layer.trainable_variables],
                                [v.value for v in layer.non_trainable_variables], *inputs)[0]


def attention_layer(rows, width, heads, depth):
    layer = keras.layers.MultiHeadAttention(heads, depth)
    layer(np.zeros((1, rows, width)), np.zeros((1, rows, width)))
    return layer


def attention_blocks(width, inner):
    return 3 * ref.dense(width, inner) + ref.dense(inner, width)


# One layer, and the encoder

def multi_head(features, key_dim=4, heads=3):
    layer = attention_layer(STEPS, key_dim, heads, key_dim)

    def apply(flat, x):
        take = Taker(flat)
        rows = dense(take, x, key_dim) + take(STEPS, key_dim)
        rows = normalise(take, rows + call(layer, take, rows, rows))
        output = dense(take, rows.mean(axis=1), 1)
        take.end()
        return output
    return apply


def multi_head_blocks(features, key_dim=4, heads=3):
    return (ref.dense(features, key_dim) + ref.positions(STEPS, key_dim) + attention_blocks(key_dim, key_dim * heads) +
            ref.normalise(key_dim) + ref.dense(key_dim, 1))


def transformer(features, width=8, heads=2, layers=2, inner=10):
    attentions = [attention_layer(STEPS, width, heads, width // heads) for _ in range(layers)]

    def apply(flat, x):
        take = Taker(flat)
        rows = dense(take, x, width) + take(STEPS, width)
        for attention in attentions:
            rows = normalise(take, rows + call(attention, take, rows, rows))
            inside = jax.nn.relu(dense(take, rows, inner))
            rows = normalise(take, rows + dense(take, inside, width))
        output = dense(take, rows[:, -1], 1)
        take.end()
        return output
    return apply


def transformer_blocks(features, width=8, layers=2, inner=10):
    layer = (attention_blocks(width, width) + ref.normalise(width) + ref.dense(width, inner) + ref.dense(inner, width) +
             ref.normalise(width))
    return ref.dense(features, width) + ref.positions(STEPS, width) + layers * layer + ref.dense(width, 1)


# Temporal fusion: Lim et al. (2021), equations 2 to 8 and 13 to 16

def gate(take, skip, x):
    both = dense(take, x, 2 * skip.shape[-1])
    value, gates = jnp.split(both, 2, axis=-1)
    return normalise(take, skip + value * jax.nn.sigmoid(gates))


def residual(take, x, width):
    skip = x if x.shape[-1] == width else dense(take, x, width)
    return gate(take, skip, dense(take, jax.nn.elu(dense(take, x, width)), width))


def gate_blocks(width, inner):
    return ref.dense(inner, 2 * width) + ref.normalise(width)


def residual_blocks(inner, width):
    skip = [] if inner == width else ref.dense(inner, width)
    return skip + ref.dense(inner, width) + ref.dense(width, width) + gate_blocks(width, width)


def fusion(features, width=6, heads=2, layers=2):
    memories = [keras.layers.LSTM(width, activation=ref.tanh, return_sequences=True) for _ in range(layers)]
    for memory in memories:
        memory(np.zeros((1, STEPS, width)))
    head = width // heads
    past = np.tril(np.ones((STEPS, STEPS), dtype=bool))

    def apply(flat, x):
        take = Taker(flat)
        plain, processed = [], []
        for i in range(features):
            plain.append(dense(take, x[:, :, i:i + 1], width))
            processed.append(residual(take, plain[-1], width))
        shares = jax.nn.softmax(residual(take, jnp.concatenate(plain, axis=-1), features), axis=-1)
        selected = sum(shares[:, :, i:i + 1] * processed[i] for i in range(features))
        local = selected
        for memory in memories:
            local = call(memory, take, local)
        local = gate(take, selected, local)
        enriched = residual(take, local, width)
        query, key = dense(take, enriched, width), dense(take, enriched, width)
        value = dense(take, enriched, head)
        query, key = (z.reshape(len(x), STEPS, heads, head) for z in (query, key))
        scores = jnp.einsum("nqhd,nkhd->nhqk", query, key) / np.sqrt(head)
        taken = jax.nn.softmax(jnp.where(past, scores, -jnp.inf), axis=-1).mean(axis=1)
        attended = gate(take, enriched, dense(take, taken @ value, width))
        fused = gate(take, local, residual(take, attended, width))
        output = dense(take, fused[:, -1], 3)
        take.end()
        return output
    return apply


def fusion_blocks(features, width=6, heads=2, layers=2):
    one = ref.dense(1, width) + residual_blocks(width, width)
    head = width // heads
    return (features * one + residual_blocks(features * width, features) + layers * ref.lstm(width, width) +
            gate_blocks(width, width) + residual_blocks(width, width) + 2 * ref.dense(width, width) +
            ref.dense(width, head) + ref.dense(head, width) + gate_blocks(width, width) + residual_blocks(width, width) +
            gate_blocks(width, width) + ref.dense(width, 3))


# Charts

def charts(windows):
    """(samples, rows, columns) pictures: README of the family."""
    samples, side, features = windows.shape
    pictures = np.zeros((samples, side, side))
    for s in range(samples):
        for f in range(features):
            line = windows[s, :, f]
            spread = line.max() - line.min()
            height = ((line - line.min()) / spread if spread > 0 else np.full(side, 0.5)) * (side - 1)
            near = np.maximum(0, 1 - np.abs(height[None, :] - np.arange(side)[:, None]))
            pictures[s] = np.maximum(pictures[s], near)
    return pictures


def vision(patch=2, side=6, width=8, heads=2, layers=2):
    across = side // patch

    def build(x):
        attentions = [attention_layer(across ** 2, width, heads, width // heads) for _ in range(layers)]

        def apply(flat, seen):
            take = Taker(flat)
            rows = dense(take, seen, width) + take(across ** 2, width)
            for attention in attentions:
                inside = normalise(take, rows)
                rows = rows + call(attention, take, inside, inside)
                inside = dense(take, normalise(take, rows), 4 * width)
                rows = rows + dense(take, jax.nn.gelu(inside, approximate=False), width)
            rows = normalise(take, rows)
            last = take(width, 3)
            output = rows.mean(axis=1) @ last + take(3)
            take.end()
            return output
        return apply

    def patches(windows):
        pictures = charts(windows)
        cut = pictures.reshape(len(windows), across, patch, across, patch).transpose(0, 1, 3, 2, 4)
        return cut.reshape(len(windows), across ** 2, patch ** 2)

    def blocks(features, classes):
        layer = (ref.normalise(width) + attention_blocks(width, width) + ref.normalise(width) +
                 ref.dense(width, 4 * width) + ref.dense(4 * width, width))
        return (ref.dense(patch ** 2, width) + ref.positions(across ** 2, width) + layers * layer + ref.normalise(width) +
                ref.dense(width, classes))
    return build, blocks, patches


# Graphs

def graph(channels=5, layers=2, threshold=0.1):
    def build(x):
        features = x.shape[1]
        joined = np.abs(np.corrcoef(x.T))
        joined = np.where(joined >= threshold, joined, 0)
        np.fill_diagonal(joined, 1)
        degree = joined.sum(axis=1)
        matrix = joined / np.sqrt(np.outer(degree, degree))

        def apply(flat, seen):
            take = Taker(flat)
            nodes = seen[:, :, None]
            for _ in range(layers):
                nodes = jax.nn.relu(dense(take, jnp.einsum("ij,njc->nic", matrix, nodes), channels))
            output = dense(take, nodes.reshape(len(seen), features * channels), 3)
            take.end()
            return output
        return apply

    def blocks(features, classes):
        widths = [1] + [channels] * layers
        return sum((ref.dense(a, b) for a, b in zip(widths, widths[1:])), []) + ref.dense(features * channels, classes)
    return build, blocks


# Flows

def flow(features, units=5, hidden=7):
    def apply(flat, x):
        take = Taker(flat)
        state = dense(take, x.reshape(len(x), STEPS * features), units)
        weights = (take(units, hidden), take(hidden), take(hidden, units), take(units))
        slope = lambda h, t, a, b, c, d: jnp.tanh(h @ a + b) @ c + d  # noqa: E731
        state = odeint(slope, state, jnp.array([0.0, 1.0]), *weights, rtol=1e-11, atol=1e-11)[-1]
        output = dense(take, state, 1)
        take.end()
        return output
    return apply


def flow_blocks(features, units=5, hidden=7):
    return ref.dense(STEPS * features, units) + ref.dense(units, hidden) + ref.dense(hidden, units) + ref.dense(units, 1)


# Rivals

SIZES, GENERATOR_RATE, JUDGE_RATE, WEIGHT = [9, 6], 0.01, 0.02, 0.3


def perceptron(flat, x):
    take = Taker(flat)
    for size in SIZES:
        x = jax.nn.relu(dense(take, x, size))
    output = dense(take, x, 1)
    take.end()
    return output


def generator(features):
    return lambda flat, x: perceptron(flat, x.reshape(len(x), -1))


def perceptron_blocks(width):
    return sum((ref.dense(a, b) for a, b in zip([width, *SIZES], [*SIZES, 1])), [])


def duel(features, seen, y):
    def judge_loss(w, x, truth, told):
        real, made = (perceptron(w, jnp.concatenate([x, z], axis=1)) for z in (truth, told))
        return jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(made))

    def generator_loss(w, judge, x, truth):
        told = perceptron(w, x)
        passes = perceptron(judge, jnp.concatenate([x, told], axis=1))
        return ref.squared(told, truth) + WEIGHT * jnp.mean(jax.nn.softplus(-passes))

    width = STEPS * features
    x = seen.reshape(len(seen), width)
    maker = ref.begin(perceptron_blocks(width), ref.Stream(0, 0))
    judge = ref.begin(perceptron_blocks(width + 1), ref.Stream(0, 3))
    maker_adam, judge_adam = ref.Adam(len(maker), GENERATOR_RATE), ref.Adam(len(judge), JUDGE_RATE)
    by_judge, by_maker = jax.jit(jax.grad(judge_loss)), jax.jit(jax.grad(generator_loss))
    for rows in ref.orders(len(x), EPOCHS, BATCH, ref.Stream(0, 1)):
        judge = judge_adam.step(judge, by_judge(judge, x[rows], y[rows], perceptron(maker, x[rows])))
        maker = maker_adam.step(maker, by_maker(maker, judge, x[rows], y[rows]))
    return maker


cases = Cases(__file__, "attention", 15)
cases.trained("multi_head_attention", multi_head, multi_head_blocks,
              {"lookback": STEPS, "num_heads": 3, "key_dim": 4}, STEPS, tolerance=SINGLE)
cases.trained("transformer", transformer, transformer_blocks,
              {"lookback": STEPS, "d_model": 8, "num_heads": 2, "num_layers": 2, "dim_feedforward": 10, "dropout": 0.0},
              STEPS, tolerance=SINGLE)
cases.trained("temporal_fusion_transformer", fusion, fusion_blocks,
              {"lookback": STEPS, "hidden_size": 6, "attention_heads": 2, "lstm_layers": 2, "dropout": 0.0}, STEPS,
              ref.pinball)
cases.trained("neural_ode_financial", flow, flow_blocks,
              {"lookback": STEPS, "units": 5, "hidden_size": 7, "rtol": 1e-11}, STEPS)
for name in cases.inputs:
    x, y, middle, spread = cases.scaled(name)
    seen = ref.windows(x, STEPS)
    weights = duel(x.shape[1], seen, y[:, None])
    told = middle + spread * np.asarray(generator(x.shape[1])(weights, seen))[:, 0]
    cases.golden.case("adversarial_momentum_net", name, {"prediction": told},
                      {"max_iter": EPOCHS, "batch_size": BATCH, "lookback": STEPS, "hidden_layer_sizes": SIZES,
                       "generator_lr": GENERATOR_RATE, "discriminator_lr": JUDGE_RATE, "adversarial_weight": WEIGHT},
                      target="y")
cases.golden.write()

cases = Cases(__file__, "classes", 25, classes=3)
build, blocks = graph()
cases.classified("graph_neural_network", build, blocks,
                 {"hidden_channels": 5, "num_layers": 2, "edge_threshold": 0.1})
build, blocks, patches = vision()
cases.classified("vision_transformer_chart", build, blocks,
                 {"lookback": 6, "patch_size": 2, "hidden_size": 8, "num_attention_heads": 2, "num_layers": 2}, 6,
                 prepare=patches, tolerance=SINGLE)
cases.golden.write()
