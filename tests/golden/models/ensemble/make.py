# SPDX-License-Identifier: Apache-2.0
"""Golden values of the ensemble family, from scikit-learn. Its trees round features to 32 bits, so they are such numbers.
Drawn rows are those that our generator draws (NumPy has the same, Philox); with one feature no two cuts divide rows in
the same way, so that the trees are the same on every row. Voting and stacking have leaves of many rows, where no such
choice is met. The network of the blend is in NumPy: scikit-learn's Adam adds its epsilon elsewhere."""
import pathlib
import sys

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingRegressor, StackingRegressor, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

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


def case(model, name, columns, parameters=None, tolerance=None):
    golden.case(model, name, columns, parameters, tolerance=tolerance, target="y",
                metrics=scores(inputs[name][1], columns["prediction"]))


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


# ---- A vote on classes; of data where no two cuts of a tree are equally good, as these seeds make them
for seed, name, rows, features, classes in ((1, "two_classes", 160, 3, 2), (61, "four_classes", 240, 2, 4)):
    rng = np.random.default_rng(seed)
    x = np.float32(rng.normal(size=(rows, features))).astype(float)
    line = x[:, 0] - 0.5 * x[:, -1] ** 2 + 0.5 * rng.normal(size=rows)
    y = np.floor(classes * np.argsort(np.argsort(line)) / rows) * 2 - 1
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})
    for voting, weights, depth, leaf in (("soft", [1.0], 5, 5), ("soft", [1.0, 2.0, 0.5], 3, 9), ("hard", [2.0, 3.0, 1.5], 4, 7)):
        trees = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=0)
        vote = VotingClassifier([("line", LogisticRegression(tol=1e-12, max_iter=10000, solver="newton-cholesky")),
                                 ("bayes", GaussianNB()), ("trees", OneVsRestClassifier(trees))], voting=voting,
                                weights=(weights if len(weights) > 1 else [1.0] * 3)).fit(x, y)
        if voting == "soft":
            share = vote.predict_proba(x).max(axis=1)
        else:
            each, shares = vote.transform(x), np.array(weights) / sum(weights)
            share = np.array([np.bincount(row, weights=shares).max() for row in each])
        golden.case("voting_classifier", name, {"prediction": vote.predict(x), "probability": share},
                    {"voting": voting, "weights": weights, "max_depth": depth, "min_samples_leaf": leaf}, target="y",
                    metrics={"accuracy": (vote.predict(x) == y).mean()}, tolerance=1e-7)


# ---- The blend
def network(x, y, sizes, epochs):
    """Full batches of rectified layers under Adam (Kingma and Ba, 2015), in deviations from means."""
    stream = Stream(0, 0)
    scaled, target = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    weights = []
    for a, b in zip([x.shape[1], *sizes], [*sizes, 1]):
        drawn = [(2 * stream.uniform() - 1) * np.sqrt(6 / (a + b)) for _ in range(a * b)]
        weights += [np.reshape(drawn, (a, b)), np.zeros(b)]
    mean, square = [0 * w for w in weights], [0 * w for w in weights]
    for epoch in range(1, epochs + 2):
        layers = [scaled]
        for i in range(0, len(weights), 2):
            layers.append(layers[-1] @ weights[i] + weights[i + 1])
            if i + 2 < len(weights):
                layers[-1] = np.maximum(layers[-1], 0)
        if epoch > epochs:
            return y.mean() + y.std() * layers[-1][:, 0]
        by, slopes = (layers[-1] - target[:, None]) / len(y), []
        for i in range(len(weights) - 2, -1, -2):
            slopes = [layers[i // 2].T @ by + 1e-4 / len(y) * weights[i], by.sum(axis=0), *slopes]
            by = by @ weights[i].T * (layers[i // 2] > 0)
        for i, slope in enumerate(slopes):
            mean[i] = 0.9 * mean[i] + 0.1 * slope
            square[i] = 0.999 * square[i] + 0.001 * slope ** 2
            size = np.sqrt(square[i] / (1 - 0.999 ** epoch)) + 1e-8
            weights[i] = weights[i] - 0.001 * mean[i] / (1 - 0.9 ** epoch) / size


for name in ("one", "other"):
    x, y = inputs[name]
    for trees, depth, rate, sizes, weights in ((20, 10, 0.1, [100], [1.0]), (30, 4, 0.3, [12, 8], [2.0, 1.0, 3.0, 0.5])):
        says = []
        for tree in range(trees):
            stream = Stream(0, tree)
            drawn = [stream.below(len(y)) for _ in range(len(y))]
            says.append(DecisionTreeRegressor(max_depth=depth, random_state=0).fit(x[drawn], y[drawn]).predict(x))
        boosted = GradientBoostingRegressor(n_estimators=trees, learning_rate=rate, max_depth=3, random_state=0).fit(x, y)
        machine = TransformedTargetRegressor(make_pipeline(StandardScaler(), SVR(tol=1e-9)), transformer=StandardScaler())
        each = np.array([np.mean(says, axis=0), boosted.predict(x), machine.fit(x, y).predict(x), network(x, y, sizes, 30)])
        case("ensemble_ml", name, {"prediction": np.average(each, axis=0, weights=weights if len(weights) > 1 else [1.0] * 4)},
             {"n_estimators": trees, "max_depth": depth, "learning_rate": rate, "hidden_layer_sizes": sizes, "tol": 1e-9,
              "max_iter": 30, "weights": weights}, tolerance=1e-7)
golden.write()
