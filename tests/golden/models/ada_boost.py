# SPDX-License-Identifier: Apache-2.0
"""AdaBoost.R2 with linear loss (Drucker, 1997) as scikit-learn does it, over its trees, on the rows that our generator
draws: a reference of the families tree and ensemble."""
import numpy as np
from sklearn.tree import DecisionTreeRegressor

from host_random import Stream


def ada_boost(x, y, rounds, rate):
    """What the boosted trees say of the rows that they learned from."""
    weights, trees, votes = np.full(len(y), 1 / len(y)), [], []
    for i in range(rounds):
        stream, cumulative = Stream(0, i), np.cumsum(weights)
        drawn = [min(np.searchsorted(cumulative, stream.uniform() * cumulative[-1], side="right"), len(y) - 1)
                 for _ in range(len(y))]
        tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(x[drawn], y[drawn])
        loss = np.abs(tree.predict(x) - y)
        loss /= loss.max()
        mean = (weights * loss).sum()
        if mean >= 0.5:
            break
        beta = mean / (1 - mean)
        trees.append(tree)
        votes.append(rate * np.log(1 / beta))
        weights = weights * beta ** ((1 - loss) * rate)
        weights /= weights.sum()
    says = np.array([tree.predict(x) for tree in trees])
    order = np.argsort(says, axis=0, kind="stable")
    reached = np.cumsum(np.array(votes)[order], axis=0)
    middle = order[(reached >= 0.5 * reached[-1]).argmax(axis=0), np.arange(len(y))]
    return says[middle, np.arange(len(y))]
