# SPDX-License-Identifier: Apache-2.0
"""Inputs of the neural family, and a whole training beside ours for each case."""
import keras
import numpy as np

import reference as ref
from golden_file import Golden

EPOCHS, BATCH, RATE = 3, 16, 0.01
COMMON = {"max_iter": EPOCHS, "batch_size": BATCH, "learning_rate": RATE}


class Cases:
    def __init__(self, script, name, seed, classes=0):
        self.golden, self.inputs = Golden(script, name, tolerance=1e-8), {}
        rng = np.random.default_rng(seed)
        for input_name, features in (("three", 3), ("four", 4)):
            x = rng.normal(size=(70, features)).cumsum(axis=0) * 0.3 + rng.normal(size=(70, features))
            y = 3 + np.tanh(x[:, 0]) - 0.5 * x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=70)
            if classes:
                y = np.floor(classes * np.argsort(np.argsort(y)) / 70) * 2 - 1
            columns = {f"x{i}": x[:, i] for i in range(features)}
            self.inputs[input_name] = (x, y)
            self.golden.input(input_name, {**columns, "y": y})
            if not classes:
                self.golden.input(input_name + "_alone", columns)

    def scaled(self, name):
        x, y = self.inputs[name]
        (centre, scale), (middle, spread) = ref.standard(x), ref.standard(y)
        return (x - centre) / scale, (y - middle) / spread, middle, spread

    def trained(self, model, build, blocks, parameters, steps=1, loss=ref.squared, gradient=None, tolerance=None):
        """build: features to a Keras model or a function; blocks: features to its weights, in the plugin's order."""
        for name in self.inputs:
            x, y, middle, spread = self.scaled(name)
            network = build(x.shape[1])
            apply = ref.of_keras(network) if isinstance(network, keras.Model) else network
            seen = ref.windows(x, steps) if steps > 1 else x
            how = gradient(apply) if gradient else None
            weights = ref.learn(apply, blocks(x.shape[1]), seen, y[:, None], loss, EPOCHS, BATCH, RATE, gradient=how)
            output = middle + spread * np.asarray(apply(weights, seen))
            expected = {"prediction": output[:, 0]}
            if loss is ref.pinball:
                expected |= {"lower": output.min(axis=1), "upper": output.max(axis=1)}
            self.golden.case(model, name, expected, {**COMMON, **parameters}, target="y", tolerance=tolerance)

    def classified(self, model, build, blocks, parameters, steps=1, prepare=None, tolerance=None):
        for name, (x, y) in self.inputs.items():
            x = self.scaled(name)[0]
            classes, index = np.unique(y, return_inverse=True)
            apply = build(x)
            seen = ref.windows(x, steps) if steps > 1 else x
            seen = prepare(seen) if prepare else seen
            weights = ref.learn(apply, blocks(x.shape[1], len(classes)), seen, index[:, None].astype(float),
                                ref.cross_entropy, EPOCHS, BATCH, RATE)
            output = np.asarray(apply(weights, seen))
            share = np.exp(output - output.max(axis=1, keepdims=True))
            share /= share.sum(axis=1, keepdims=True)
            expected = {"prediction": classes[output.argmax(axis=1)], "probability": share.max(axis=1)}
            self.golden.case(model, name, expected, {**COMMON, **parameters}, target="y", tolerance=tolerance,
                             metrics={"accuracy": (classes[output.argmax(axis=1)] == y).mean()})
