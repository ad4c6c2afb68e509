# SPDX-License-Identifier: Apache-2.0
"""Golden values of the exotic family: the circuit as products of matrices under JAX, the fusion in pandas."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "neural"))
import reference as ref  # noqa: E402  first: it sets JAX to double precision
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "exotic", tolerance=1e-8)
rng = np.random.default_rng(8)

# The circuit: qubit 0 is the lowest bit of a state's number

PAULI = {"RX": np.array([[0, 1], [1, 0]]), "RY": np.array([[0, -1j], [1j, 0]]), "RZ": np.array([[1, 0], [0, -1]])}


def on_qubit(matrix, qubit, n):
    return jnp.kron(jnp.kron(jnp.eye(2 ** (n - 1 - qubit)), matrix), jnp.eye(2 ** qubit))


def turn(gate, angle):
    return jnp.cos(angle / 2) * jnp.eye(2) - 1j * jnp.sin(angle / 2) * PAULI[gate]


def flip(control, target, n):
    matrix = np.zeros((2 ** n, 2 ** n))
    for state in range(2 ** n):
        matrix[state ^ (1 << target) if state >> control & 1 else state, state] = 1
    return matrix


def circuit(n, layers, gates, features, classes):
    ring = np.linalg.multi_dot([flip(q, (q + 1) % n, n) for q in reversed(range(n))])
    signs = np.array([[-1.0 if state >> q & 1 else 1.0 for q in range(n)] for state in range(2 ** n)])
    count = layers * n * len(gates)

    def apply(flat, x):
        whole, at = jnp.eye(2 ** n), 0
        for _ in range(layers):
            for q in range(n):
                for gate in gates:
                    whole = on_qubit(turn(gate, flat[at]), q, n) @ whole
                    at += 1
            whole = ring @ whole
        outputs = []
        for row in x:
            state = jnp.eye(2 ** n)[0]
            for f in range(features):
                state = on_qubit(turn("RY", row[f]), f % n, n) @ state
            outputs.append(jnp.abs(whole @ state) ** 2 @ signs)
        means = jnp.array(outputs)
        return means @ flat[count:count + n * classes].reshape(n, classes) + flat[count + n * classes:]
    return apply, [("angles", layers * n, len(gates))] + ref.dense(n, classes)


for name, features, n, layers in (("three", 3, 3, 2), ("five", 5, 2, 2)):
    x = rng.normal(size=(48, features))
    y = np.where(x[:, 0] * x[:, 1] > 0.2, 4.0, np.where(x[:, 2] > 0, 1.0, -2.0))
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})
    centre, scale = ref.standard(x)
    seen = (x - centre) / scale
    classes, index = np.unique(y, return_inverse=True)
    apply, blocks = circuit(n, layers, list(PAULI), features, len(classes))
    weights = ref.learn(apply, blocks, seen, index[:, None].astype(float), ref.cross_entropy, 3, 16, 0.05)
    output = np.asarray(apply(weights, seen))
    share = np.exp(output) / np.exp(output).sum(axis=1, keepdims=True)
    golden.case("quantum_inspired_model", name,
                {"prediction": classes[output.argmax(axis=1)], "probability": share.max(axis=1)},
                {"n_qubits": n, "n_layers": layers, "max_iter": 3, "batch_size": 16, "learning_rate": 0.05},
                target="y", metrics={"accuracy": (classes[output.argmax(axis=1)] == y).mean()})

# The fusion

for name, rows, columns in (("counts", 120, 3), ("mood", 90, 4)):
    values = pd.DataFrame({f"s{i}": 20 + rng.normal(size=rows).cumsum() * (i + 1) for i in range(columns)})
    golden.input(name, {column: values[column].to_numpy() for column in values})
    for how, window, lags, weights in (("weighted_average", 20, [1, 7, 30], [1.0 + i for i in range(columns)]),
                                       ("median", 15, [0, 3], [1.0]), ("strongest", 30, [2], [1.0])):
        rolling = values.rolling(window, min_periods=1)
        deviation = rolling.std(ddof=0)
        scores = ((values - rolling.mean()) / deviation.where(deviation > 0)).fillna(0)
        signals = sum(scores.shift(lag).fillna(0) for lag in lags)
        known = sum((np.arange(rows) >= lag).astype(int) for lag in lags)
        signals = signals.div(np.maximum(known, 1), axis=0).to_numpy()
        full = np.array(weights * (columns // len(weights)))
        if how == "weighted_average":
            fused = signals @ full / full.sum()
        elif how == "median":
            fused = np.median(signals, axis=1)
        else:
            fused = signals[np.arange(rows), np.abs(signals).argmax(axis=1)]
        agreement = (np.sign(signals) == np.sign(fused)[:, None]).mean(axis=1)
        golden.case("alternative_data_model", name, {"signal": fused, "agreement": agreement},
                    {"fusion_method": how, "window": window, "lag_periods": [float(lag) for lag in lags],
                     "weights": weights})
golden.write()
