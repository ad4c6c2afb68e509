# SPDX-License-Identifier: Apache-2.0
"""Golden values of perceptrons and networks with a memory, from scikit-learn and from Keras on JAX (reference.py)."""
import warnings

import reference as ref  # first: it chooses the backend of Keras
import jax
import jax.numpy as jnp
import keras
import numpy as np
from cases import BATCH, COMMON, EPOCHS, RATE, Cases
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

cases = Cases(__file__, "neural", 5)


class Begun(MLPRegressor):
    """With the host's first weights."""

    def _init_coef(self, fan_in, fan_out, dtype):
        if not hasattr(self, "stream"):
            self.stream = ref.Stream(0, 0)
        return ref.begin([ref.glorot(fan_in, fan_out)], self.stream).reshape(fan_in, fan_out), np.zeros(fan_out)


def mlp(model, sizes, activation):
    for name, (x, y) in cases.inputs.items():
        fitted = Begun(hidden_layer_sizes=sizes, activation=activation, alpha=0.01, batch_size=BATCH,
                       learning_rate_init=RATE, max_iter=12, shuffle=False, epsilon=1e-30, tol=1e-4, n_iter_no_change=10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted.fit(x, y)
        cases.golden.case(model, name, {"prediction": fitted.predict(x)},
                    {"activation": activation, "alpha": 0.01, "batch_size": BATCH, "learning_rate": RATE,
                     "max_iter": 12, "shuffle": False, "adam_epsilon": 1e-30, "standardize": False},
                    target="y", metrics={"r2": fitted.score(x, y)}, tolerance=1e-7)


def layers_of(sizes):
    return lambda features: sum((ref.dense(a, b) for a, b in zip([features, *sizes], [*sizes, 1])), [])


def perceptron(sizes, activation):
    def build(features):
        layers = [keras.layers.Dense(size, activation=activation) for size in sizes]
        return keras.Sequential([keras.Input((features,)), *layers, keras.layers.Dense(1)])
    return build


def against(epsilon):
    """Goodfellow, Shlens and Szegedy (2015): half the loss is that of inputs moved by the sign of its derivative."""
    def gradient(apply):
        def loss(w, x, y):
            return ref.squared(apply(w, x), y)

        def both(w, x, y):
            moved = x + epsilon * jnp.sign(jax.grad(loss, argnums=1)(w, x, y))
            clean, hostile = jax.grad(loss)(w, x, y), jax.grad(loss)(w, jax.lax.stop_gradient(moved), y)
            return 0.5 * (clean + hostile)
        return both
    return gradient


def autoencoder(sizes, code):
    for name in cases.inputs:
        x = cases.scaled(name)[0]
        features = x.shape[1]
        widths = [features, *sizes, code, *reversed(sizes), features]
        blocks = sum((ref.dense(a, b) for a, b in zip(widths, widths[1:])), [])
        entry = keras.Input((features,))
        at = entry
        for size in sizes:
            at = keras.layers.Dense(size, activation="relu")(at)
        at = inner = keras.layers.Dense(code)(at)
        for size in reversed(sizes):
            at = keras.layers.Dense(size, activation="relu")(at)
        network = keras.Model(entry, [keras.layers.Dense(features)(at), inner])
        both = ref.of_keras(network)
        weights = ref.learn(lambda w, z: both(w, z)[0], blocks, x, x, ref.squared, EPOCHS, BATCH, RATE)
        rebuilt, inner = (np.asarray(v) for v in both(weights, x))
        shown = {f"code_{i}": inner[:, i] for i in range(min(8, code))}
        cases.golden.case("autoencoder", name + "_alone", {"prediction": ((rebuilt - x) ** 2).mean(axis=1), **shown},
                    {**COMMON, "hidden_layer_sizes": sizes, "encoding_dim": code}, metrics={"reconstruction_error": ((rebuilt - x) ** 2).mean()})


def memory(layers):
    return lambda features: keras.Sequential([keras.Input((6, features)), *layers(), keras.layers.Dense(1)])


for model, sizes, activation in (("mlp_100", [100], "relu"), ("mlp_100_50", [100, 50], "tanh"),
                                 ("mlp_200_100", [200, 100], "logistic"), ("mlp_300_150", [300, 150], "relu")):
    mlp(model, sizes, activation)
cases.trained("feedforward_mlp", perceptron([128, 64, 32], "relu"), layers_of([128, 64, 32]), {"dropout": 0.0})
cases.trained("deep_learning_ml", perceptron([30, 20], "gelu"), layers_of([30, 20]),
        {"dropout": 0.0, "hidden_layer_sizes": [30, 20], "activation": "gelu"})
cases.trained("adversarial_training", perceptron([20, 10], ref.tanh), layers_of([20, 10]),
        {"hidden_layer_sizes": [20, 10], "activation": "tanh", "epsilon": 0.05}, gradient=against(0.05))
autoencoder([12, 9], 5)
cases.trained("lstm", memory(lambda: [keras.layers.LSTM(7, activation=ref.tanh)]),
        lambda f: ref.lstm(f, 7) + ref.dense(7, 1),
        {"lookback": 6, "units": 7, "dropout": 0.0, "recurrent_dropout": 0.0}, 6)
cases.trained("gru", memory(lambda: [keras.layers.GRU(7, activation=ref.tanh)]), lambda f: ref.gru(f, 7) + ref.dense(7, 1),
        {"lookback": 6, "units": 7, "dropout": 0.0}, 6)
cases.trained("bilstm", memory(lambda: [keras.layers.Bidirectional(keras.layers.LSTM(5, activation=ref.tanh))]),
        lambda f: ref.lstm(f, 5) + ref.lstm(f, 5) + ref.dense(10, 1), {"lookback": 6, "units": 5, "dropout": 0.0}, 6)
cases.trained("cnn_lstm",
        memory(lambda: [keras.layers.Conv1D(8, 3, padding="causal", activation="relu"),
                        keras.layers.LSTM(5, activation=ref.tanh)]),
        lambda f: ref.dense(3 * f, 8) + ref.lstm(8, 5) + ref.dense(5, 1),
        {"lookback": 6, "filters": 8, "kernel_size": 3, "lstm_units": 5}, 6)
cases.golden.write()
