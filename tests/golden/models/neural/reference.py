# SPDX-License-Identifier: Apache-2.0
"""Training again, in double precision: layers of Keras on JAX, derivatives by JAX, Adam of Kingma and Ba (2015), the
first weights and the order of samples from the host's own random numbers. What is compared is the result of all of it:
predictions after some epochs."""
import os
import pathlib
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from host_random import Stream  # noqa: E402

keras.config.set_floatx("float64")


@keras.saving.register_keras_serializable()
def tanh(x):
    """Keras' own is in single precision even so."""
    return jnp.tanh(x)


def glorot(rows, columns):
    return ("glorot", rows, columns)


def zeros(count):
    return ("zeros", 1, count)


def dense(rows, columns):
    return [glorot(rows, columns), zeros(columns)]


def lstm(rows, units):
    return [glorot(rows, 4 * units), glorot(units, 4 * units), ("forget", 1, 4 * units)]


def gru(rows, units):
    return [glorot(rows, 3 * units), glorot(units, 3 * units), zeros(3 * units), zeros(3 * units)]


def normalise(width):
    return [("ones", 1, width), zeros(width)]


def positions(rows, width):
    return [("positions", rows, width)]


def begin(blocks, stream):
    """All first weights, one after the other."""
    flat = []
    for kind, rows, columns in blocks:
        if kind == "glorot":
            bound = np.sqrt(6.0 / (rows + columns))
            flat += [(2 * stream.uniform() - 1) * bound for _ in range(rows * columns)]
        elif kind == "angles":
            flat += [(2 * stream.uniform() - 1) * np.pi for _ in range(rows * columns)]
        elif kind == "positions":
            row, column = np.mgrid[0:rows, 0:columns]
            angle = row / 10000.0 ** ((column - column % 2) / columns)
            flat += list(np.where(column % 2, np.cos(angle), np.sin(angle)).ravel())
        elif kind == "forget":
            flat += [float(i // (columns // 4) == 1) for i in range(columns)]
        else:
            flat += [float(kind == "ones")] * (rows * columns)
    return np.array(flat)


def of_keras(model):
    """A function of (flat weights, inputs) that a Keras model is; its weights are taken in its own order."""
    shapes = [v.shape for v in model.trainable_variables]

    def apply(flat, inputs):
        at, weights = 0, []
        for shape in shapes:
            size = int(np.prod(shape))
            weights.append(flat[at:at + size].reshape(shape))
            at += size
        assert at == flat.shape[0], (at, flat.shape)
        return model.stateless_call(weights, [v.value for v in model.non_trainable_variables], inputs)[0]
    return apply


def windows(x, steps):
    """Each row with those before it; before the first stands the first."""
    at = np.maximum(np.arange(len(x))[:, None] - np.arange(steps - 1, -1, -1)[None, :], 0)
    return x[at]


def standard(x):
    centre, scale = x.mean(axis=0), x.std(axis=0)
    return centre, np.where(scale == 0, 1, scale)


def squared(output, target):
    return 0.5 * jnp.mean((output - target) ** 2)


def cross_entropy(output, target):
    return -jnp.mean(jax.nn.log_softmax(output)[jnp.arange(len(target)), target[:, 0].astype(int)])


def pinball(output, target):
    shares = jnp.array([0.5, 0.1, 0.9])
    miss = target - output
    return jnp.mean(jnp.sum(jnp.where(miss > 0, shares * miss, (shares - 1) * miss), axis=1))


class Adam:
    def __init__(self, count, rate, epsilon=1e-8):
        self.mean, self.square, self.steps, self.rate, self.epsilon = np.zeros(count), np.zeros(count), 0, rate, epsilon

    def step(self, weights, gradient):
        gradient = np.asarray(gradient)
        self.steps += 1
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.999 * self.square + 0.001 * gradient ** 2
        mean, square = self.mean / (1 - 0.9 ** self.steps), self.square / (1 - 0.999 ** self.steps)
        return weights - self.rate * mean / (np.sqrt(square) + self.epsilon)


def orders(rows, epochs, batch, stream):
    """The rows of each batch: shuffled anew each epoch, from the order before (Fisher and Yates)."""
    order = list(range(rows))
    for _ in range(epochs):
        for i in range(rows, 1, -1):
            other = stream.below(i)
            order[i - 1], order[other] = order[other], order[i - 1]
        for first in range(0, rows, batch):
            yield np.array(order[first:first + batch])


def learn(apply, blocks, inputs, targets, loss=squared, epochs=3, batch=16, rate=0.01, seed=0, gradient=None, frozen=None):
    """The weights after training. gradient: another way from (weights, inputs, targets) to a derivative."""
    weights = begin(blocks, Stream(seed, 0))
    by_weights = gradient or jax.grad(lambda w, x, y: loss(apply(w, x), y))
    by_weights = jax.jit(by_weights)
    adam = Adam(len(weights), rate)
    for rows in orders(len(inputs), epochs, batch, Stream(seed, 1)):
        weights = adam.step(weights, by_weights(weights, inputs[rows], targets[rows]))
    return weights
