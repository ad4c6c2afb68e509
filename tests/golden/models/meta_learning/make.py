# SPDX-License-Identifier: Apache-2.0
"""Golden values of the meta_learning family: what its page says, in NumPy, with the random numbers of our generator."""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402
from host_random import Stream  # noqa: E402

golden = Golden(__file__, "meta_learning")
inputs = {}
for seed, (name, rows, features) in enumerate((("short", 170, 2), ("long", 300, 3))):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features)) * [1, 3, 0.2][:features] + 2
    turn = np.where(np.arange(rows) % (rows // 2) < rows // 4, 1, -1)
    y = 5 + x @ [1.0, 0.7, -4.0][:features] + 0.6 * turn * x[:, 0] + np.sin(x[:, 1]) + 0.3 * rng.normal(size=rows)
    inputs[name] = x, y
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})


def standardised(name):
    x, y = inputs[name]
    return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()


def case(model, name, prediction, parameters):
    y = inputs[name][1]
    golden.case(model, name, {"prediction": y.mean() + y.std() * prediction}, parameters, target="y")


def pieces(rows, tasks):
    edges = [int(rows * number / tasks) for number in range(tasks + 1)]
    return list(zip(edges, edges[1:]))


def ridge(x, y, penalty):
    return np.linalg.solve(x.T @ x + penalty * len(y) * np.eye(x.shape[1]), x.T @ y)


def maml(name, inner, outer, steps, rounds, units, tasks):
    x, y = standardised(name)
    stream, features = Stream(0, 0), x.shape[1]
    weights = [np.zeros(units), np.empty((units, features)), np.empty(units), np.zeros(1)]
    for unit in range(units):
        weights[1][unit] = [stream.normal() / np.sqrt(features) for _ in range(features)]
        weights[2][unit] = stream.normal() / np.sqrt(units)

    def gradient(w, rows):
        active = np.tanh(w[0] + x[rows] @ w[1].T)
        miss = (active @ w[2] + w[3] - y[rows]) / len(rows)
        back = miss[:, None] * w[2] * (1 - active ** 2)
        return [back.sum(axis=0), back.T @ x[rows], active.T @ miss, np.array([miss.sum()])]

    def walk(w, rows):
        for _ in range(steps):
            w = [a - inner * g for a, g in zip(w, gradient(w, rows))]
        return w
    stream, first, second = Stream(0, 1), [0, 0, 0, 0], [0, 0, 0, 0]
    for number in range(1, rounds + 1):
        total = [0, 0, 0, 0]
        for start, end in pieces(len(y), tasks):
            support, query = ([start + stream.below(end - start) for _ in range(32)] for _ in range(2))
            total = [t + g / tasks for t, g in zip(total, gradient(walk(weights, support), query))]
        first = [0.9 * m + 0.1 * t for m, t in zip(first, total)]
        second = [0.999 * v + 0.001 * t ** 2 for v, t in zip(second, total)]
        weights = [w - outer * (m / (1 - 0.9 ** number)) / (np.sqrt(v / (1 - 0.999 ** number)) + 1e-8)
                   for w, m, v in zip(weights, first, second)]
    w = walk(weights, np.arange(*pieces(len(y), tasks)[-1]))
    case("maml", name, np.tanh(w[0] + x @ w[1].T) @ w[2] + w[3],
         {"inner_lr": inner, "outer_lr": outer, "inner_steps": steps, "iterations": rounds, "hidden_units": units,
          "tasks": tasks})


def similar(name, threshold, rate, steps, tasks):
    x, y = standardised(name)
    z = np.column_stack([x, np.ones(len(y))])
    each = [ridge(z[a:b], y[a:b], 1e-2) for a, b in pieces(len(y), tasks)]
    last = each[-1]
    alike = np.array([b[:-1] @ last[:-1] / np.linalg.norm(b[:-1]) / np.linalg.norm(last[:-1]) for b in each])
    alike = np.where(alike >= threshold - 1e-15, alike, 0)
    b = alike @ np.array(each) / alike.sum()
    rows = slice(*pieces(len(y), tasks)[-1])
    for _ in range(steps):
        b = b - rate * z[rows].T @ (z[rows] @ b - y[rows]) / len(y[rows])
    case("meta_learner", name, z @ b, {"task_similarity_threshold": threshold, "adaptation_rate": rate,
                                       "adaptation_steps": steps, "tasks": tasks})


def selected(name, pool, tasks):
    x, y = standardised(name)

    def design(strategy):
        return np.column_stack([x, x ** 2, np.ones(len(y))] if strategy % 2 else [x, np.ones(len(y))])

    def penalty(strategy):
        return 10 ** (-4 + 6 * strategy / (pool - 1))

    def meta(rows):
        return np.array([np.log(len(y[rows])), np.log(x.shape[1]), np.log(y[rows].var())])
    edges, errors, described = pieces(len(y), tasks), [], []
    for task in range(tasks):
        start, end = edges[task - task % 2][0], edges[task][1]
        middle = start + (end - start) * 7 // 10
        described.append(meta(slice(start, end)))
        row = []
        for strategy in range(pool):
            z = design(strategy)
            b = ridge(z[start:middle], y[start:middle], penalty(strategy))
            row.append(((y[middle:end] - z[middle:end] @ b) ** 2).mean())
        errors.append(row)
    described, spread = np.array(described), np.array(described).std(axis=0)
    apart = (described - meta(slice(None)))[:, spread > 1e-12] / spread[spread > 1e-12]
    distance = np.sqrt((apart ** 2).sum(axis=1))
    near = np.argsort(distance, kind="stable")[:3]
    chosen = int(np.argmin(sum(np.array(errors[t]) / (1 + distance[t]) for t in near)))
    z = design(chosen)
    case("meta_learner_strategy_selector", name, z @ ridge(z, y, penalty(chosen)), {"strategy_pool_size": pool, "tasks": tasks})


for name in inputs:
    maml(name, 0.01, 0.001, 5, 120, 16, 8)
    maml(name, 0.05, 0.01, 3, 60, 5, 4)
    similar(name, 0.8, 0.01, 50, 8)
    similar(name, 0.97, 0.1, 7, 5)
    selected(name, 10, 8)
    selected(name, 5, 4)
golden.write()
