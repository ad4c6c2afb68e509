# SPDX-License-Identifier: Apache-2.0
"""The environment of the family's page in NumPy, and perceptrons with derivatives and Adam written out."""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from host_random import Stream  # noqa: E402, F401

FLAT = 1


class Market:
    def __init__(self, close, window, cost, regime_window=0):
        self.close, self.cost, self.rows = close, cost, len(close)
        self.returns = np.concatenate([[0.0], close[1:] / close[:-1] - 1])
        self.deviation = np.sqrt((self.returns[1:] ** 2).mean())
        row = np.arange(self.rows)
        momentum = close / close[row - np.minimum(row, window)] - 1
        seen = [self.returns / self.deviation, momentum / (self.deviation * np.sqrt(window)),
                self.volatility(window) / self.deviation]
        if regime_window:
            now = self.volatility(regime_window)
            regime = (now > np.quantile(now, 1 / 3)).astype(int) + (now > np.quantile(now, 2 / 3))
            seen += list(np.eye(3)[regime].T)
        self.seen = np.array(seen).T

    def volatility(self, window):
        rows = [self.returns[max(1, r - window + 1):r + 1] for r in range(self.rows)]
        return np.array([np.sqrt((r ** 2).mean()) if len(r) else 0.0 for r in rows])

    def reward(self, row, held, action):
        earned = (action - 1) * (self.close[row + 1] / self.close[row] - 1)
        return (earned - self.cost * abs(action - held)) / self.deviation

    def ends(self, row):
        return row + 2 >= self.rows

    def look(self, row, held):
        return np.concatenate([self.seen[row], np.eye(3)[held]])

    def walk(self, scores):
        """What a table of (row, held) -> three scores earns."""
        held, shown, position = FLAT, [], []
        for row in range(self.rows):
            shown.append(scores(row, held))
            held = int(np.argmax(shown[-1]))
            position.append(held - 1.0)
        shown, position = np.array(shown), np.array(position)
        before = np.concatenate([[0.0], position[:-1]])
        traded = np.abs(before - np.concatenate([[0.0], before[:-1]]))
        earned = np.where(np.arange(self.rows) > 0, before * self.returns - self.cost * traded, 0)
        columns = {"prediction": position, "short": shown[:, 0], "flat": shown[:, 1], "long": shown[:, 2],
                   "earned": earned, "equity": np.cumprod(1 + earned)}
        metrics = {"total_return": columns["equity"][-1] - 1, "sharpe": earned.mean() / earned.std(),
                   "trades": (position[1:] != position[:-1]).sum()}
        return columns, metrics


class Perceptron:
    """Layers of relu but the last; first weights from a stream."""

    def __init__(self, widths, stream, rate):
        self.layers = []
        for rows, columns in zip(widths, widths[1:]):
            bound = np.sqrt(6 / (rows + columns))
            drawn = [(2 * stream.uniform() - 1) * bound for _ in range(rows * columns)]
            self.layers.append((np.array(drawn).reshape(rows, columns), np.zeros(columns)))
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for layer in self.layers for p in layer]
        self.rate, self.steps = rate, 0

    def forward(self, x, layers=None):
        self.inputs = [x]
        for i, (weights, bias) in enumerate(layers or self.layers):
            x = x @ weights + bias
            if i + 1 < len(self.layers):
                x = np.maximum(x, 0)
            self.inputs.append(x)
        return x

    def backward(self, by_output):
        gradients = []
        for i in range(len(self.layers) - 1, -1, -1):
            gradients = [self.inputs[i].T @ by_output, by_output.sum(axis=0), *gradients]
            by_output = by_output @ self.layers[i][0].T * (self.inputs[i] > 0)
        return gradients

    def step(self, gradients):
        self.steps += 1
        flat = [p for layer in self.layers for p in layer]
        for i, gradient in enumerate(gradients):
            mean, square = self.moments[i]
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient ** 2
            self.moments[i] = mean, square
            flat[i] = flat[i] - self.rate * mean / (1 - 0.9 ** self.steps) / (
                np.sqrt(square / (1 - 0.999 ** self.steps)) + 1e-8)
        self.layers = list(zip(flat[::2], flat[1::2]))
