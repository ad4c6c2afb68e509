# SPDX-License-Identifier: Apache-2.0
"""Golden values of the ensemble family, from scikit-learn. Its trees round features to 32 bits, so they are such numbers.
Drawn rows are those that our generator draws (NumPy has the same, Philox); with one feature no two cuts divide rows in
the same way, so that the trees are the same on every row. Voting and stacking have leaves of many rows, where no such
choice is met."""
import pathlib
import sys

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor, StackingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeRegressor

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from ada_boost import ada_boost  # noqa: E402
from golden_file import Golden  # noqa: E402
from host_random import Stream  # noqa: E402

golden = Golden(__file__, "ensemble", rows=14)
inputs = {}
for seed, (name, rows, features) in enumerate((("small", 151, 2), ("large", 302, 3), ("one", 120, 1), ("other", 200, 1))):
    rng = np.random.default_rng(seed)
    x = np.float32(rng.uniform(1, 9, size=(rows, features))).astype(float)
    y = np.sin(x[:, 0]) * 3 + (x[:, -1] > 4) * x[:, -1] + x.mean(axis=1) + 0.4 * rng.normal(size=rows)
    inputs[name] = x, y
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})


def scores(y, prediction):
    miss = y - prediction
    return {"r2": 1 - (miss ** 2).sum() / ((y - y.mean()) ** 2).sum(), "rmse": np.sqrt((miss ** 2).mean()),
            "mae": np.abs(miss).mean()}


def case(model, name, columns, parameters=None):
    golden.case(model, name, columns, parameters, target="y", metrics=scores(inputs[name][1], columns["prediction"]))


# ---- Bagging: scikit-learn's trees of our rows
for name in ("one", "other"):
    x, y = inputs[name]
    for trees, share in ((10, 1.0), (25, 0.5)):
        says = []
        for tree in range(trees):
            stream = Stream(0, tree)
            drawn = [stream.below(len(y)) for _ in range(int(share * len(y)))]
            says.append(DecisionTreeRegressor(random_state=0).fit(x[drawn], y[drawn]).predict(x))
        case("bagging_ensemble", name, {"prediction": np.mean(says, axis=0)}, {"n_estimators": trees, "max_samples": share})


# ---- AdaBoost.R2
for name in ("one", "other"):
    for rate in (1.0, 0.3):
        case("boosted_trees_ensemble", name, {"prediction": ada_boost(*inputs[name], 50, rate)}, {"learning_rate": rate})


# ---- Voting and stacking over the same members
def members(leaf):
    return [("line", LinearRegression()),
            ("tree", DecisionTreeRegressor(max_depth=5, min_samples_leaf=leaf, random_state=0)),
            ("boosted", GradientBoostingRegressor(n_estimators=50, learning_rate=0.1, max_depth=3, min_samples_leaf=leaf,
                                                  random_state=0))]


for name in ("small", "large"):
    x, y = inputs[name]
    for folds, leaf in ((5, 5), (3, 9)):
        parameters = {"cv": folds, "min_samples_leaf": leaf}
        stack = StackingRegressor(members(leaf), LinearRegression(), cv=KFold(folds)).fit(x, y)
        case("stacking_ensemble", name, {"prediction": stack.predict(x)}, parameters)
        says = np.array([model.fit(x, y).predict(x) for _, model in members(leaf)])
        for strategy in ("weighted", "equal"):
            shares = np.full(3, 1 / 3)
            if strategy == "weighted":
                unseen = np.array([cross_val_predict(model, x, y, cv=KFold(folds)) for _, model in members(leaf)])
                shares = 1 / ((unseen - y) ** 2).mean(axis=1)
                shares /= shares.sum()
            prediction = shares @ says
            confidence = shares @ ((says > y.mean()) == (prediction > y.mean()))
            case("ensemble_voting", name, {"prediction": prediction, "confidence": confidence, "confident": confidence >= 0.7},
                 {**parameters, "voting_strategy": strategy})
golden.write()
