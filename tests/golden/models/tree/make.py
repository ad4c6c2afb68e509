# SPDX-License-Identifier: Apache-2.0
"""Golden values of the tree family, from scikit-learn, LightGBM, XGBoost and CatBoost. Features are numbers of 32 bits:
scikit-learn, XGBoost and CatBoost round to these.

Two cuts that divide a node's rows in the same way are equally good, and libraries choose between them by chance or by
rounding; the trees agree on the training rows whatever they choose. So those are predicted, where a reference is
compared with number by number. Forests: each tree is grown by scikit-learn from the rows that our generator (NumPy has
the same, Philox) draws; the rows that a tree did not see would show such a choice, so there is one feature. With more
features the mean of many scikit-learn forests is compared with a large one of ours."""
import pathlib
import sys

import catboost
import lightgbm
import numpy as np
import xgboost
from sklearn.ensemble import (BaggingRegressor, ExtraTreesRegressor, GradientBoostingRegressor,
                              HistGradientBoostingRegressor, RandomForestRegressor)
from sklearn.tree import DecisionTreeRegressor

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from ada_boost import ada_boost  # noqa: E402
from golden_file import Golden  # noqa: E402
from host_random import Stream  # noqa: E402

golden = Golden(__file__, "tree", rows=14)
inputs = {}
for seed, (name, rows, features) in enumerate((("small", 150, 3), ("large", 600, 4), ("one", 120, 1), ("other", 200, 1))):
    rng = np.random.default_rng(seed)
    x = np.float32(rng.uniform(1, 9, size=(rows, features))).astype(float)
    y = np.sin(x[:, 0]) * 3 + (x[:, -1] > 4) * x[:, -1] + x.mean(axis=1) + 0.4 * rng.normal(size=rows)
    inputs[name] = x, y
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})


def scores(y, prediction):
    miss = y - prediction
    return {"r2": 1 - (miss ** 2).sum() / ((y - y.mean()) ** 2).sum(), "rmse": np.sqrt((miss ** 2).mean()),
            "mae": np.abs(miss).mean()}


def case(model, name, prediction, parameters=None, tolerance=None, metrics=True):
    golden.case(model, name, {"prediction": prediction}, parameters, tolerance=tolerance, target="y",
                metrics=scores(inputs[name][1], prediction) if metrics else None)


def means(model, make, parameters, tolerance):
    """The mean of what many seeds give."""
    for name in ("small", "large"):
        x, y = inputs[name]
        mean = np.mean([make(seed).fit(x, y).predict(x) for seed in range(20)], axis=0)
        case(model, name, mean, parameters, tolerance, metrics=False)


# ---- One tree, and forests
for name in ("small", "large"):
    x, y = inputs[name]
    for model, depth in (("decision_tree_5", 5), ("decision_tree_10", 10), ("decision_tree", None)):
        for split, leaf in ((2, 1), (9, 4)):
            tree = DecisionTreeRegressor(max_depth=depth, min_samples_split=split, min_samples_leaf=leaf, random_state=0)
            case(model, name, tree.fit(x, y).predict(x), {"min_samples_split": split, "min_samples_leaf": leaf})


def forest(model, name, trees, depth):
    x, y = inputs[name]
    says = []
    for tree in range(trees):
        stream = Stream(0, tree)
        drawn = [stream.below(len(y)) for _ in range(len(y))]
        says.append(DecisionTreeRegressor(max_depth=depth, random_state=0).fit(x[drawn], y[drawn]).predict(x))
    case(model, name, np.mean(says, axis=0))


for name in ("one", "other"):
    forest("random_forest", name, 100, None)
    forest("random_forest_100", name, 100, 10)
    forest("random_forest_200", name, 200, 15)
    forest("bagging", name, 10, None)
means("random_forest", lambda seed: RandomForestRegressor(100, random_state=seed), {"n_estimators": 1000}, 0.03)
means("random_forest_100", lambda seed: RandomForestRegressor(100, max_depth=5, max_features=0.5, random_state=seed),
      {"n_estimators": 5000, "max_depth": 5, "max_features": 0.5}, 0.03)
means("bagging", lambda seed: BaggingRegressor(n_estimators=50, random_state=seed), {"n_estimators": 1000}, 0.03)
means("extra_trees_100", lambda seed: ExtraTreesRegressor(100, max_depth=6, random_state=seed),
      {"n_estimators": 1000, "max_depth": 6}, 0.03)


# ---- AdaBoost.R2
for name in ("one", "other"):
    for rate in (1.0, 0.3):
        for rounds in (50, 100):
            case(f"ada_boost_{rounds}", name, ada_boost(*inputs[name], rounds, rate), {"learning_rate": rate})

# ---- Boosting. XGBoost rounds to 32 bits: few rounds, so that what is left is no rounding
for name in ("small", "large", "other"):
    x, y = inputs[name]
    for model, rounds, rate in (("gradient_boosting", 100, 0.1), ("gradient_boosting_100", 100, 0.1),
                                ("gradient_boosting_200", 200, 0.05)):
        for depth in (3, 2):
            fitted = GradientBoostingRegressor(n_estimators=rounds, learning_rate=rate, max_depth=depth, random_state=0)
            case(model, name, fitted.fit(x, y).predict(x), {"max_depth": depth}, 1e-8)
    fitted = HistGradientBoostingRegressor(early_stopping=False, max_bins=128).fit(x, y)
    case("hist_gradient_boosting", name, fitted.predict(x), {"max_bins": 128}, 1e-6)
    fitted = HistGradientBoostingRegressor(early_stopping=False, max_leaf_nodes=7, min_samples_leaf=9, max_iter=30,
                                           max_bins=32, l2_regularization=2.5).fit(x, y)
    case("hist_gradient_boosting", name, fitted.predict(x), {"max_leaf_nodes": 7, "min_samples_leaf": 9, "max_iter": 30,
                                                             "max_bins": 32, "l2_regularization": 2.5}, 1e-6)
    for leaves, penalty in ((31, 0.0), (8, 1.5)):
        fitted = lightgbm.LGBMRegressor(num_leaves=leaves, reg_lambda=penalty, min_data_in_bin=1, max_bin=1000,
                                        deterministic=True, force_row_wise=True, num_threads=1, verbose=-1).fit(x, y)
        if name != "large":
            case("lightgbm", name, fitted.predict(x), {"num_leaves": leaves, "reg_lambda": penalty}, 1e-6)
    for depth, rate, penalty in ((6, 0.3, 1.0), (3, 0.1, 0.0)):
        fitted = xgboost.XGBRegressor(n_estimators=25, max_depth=depth, learning_rate=rate, reg_lambda=penalty,
                                      tree_method="exact", base_score=y.mean(), n_jobs=1).fit(x, y)
        if name != "large":
            case("xgboost", name, fitted.predict(x), {"n_estimators": 25, "max_depth": depth, "learning_rate": rate,
                                                     "reg_lambda": penalty}, 1e-5)
    for depth, rounds in ((6, 60), (4, 200)):
        fitted = catboost.CatBoostRegressor(iterations=rounds, depth=depth, learning_rate=0.03, random_strength=0,
                                            bootstrap_type="No", score_function="L2", boosting_type="Plain",
                                            leaf_estimation_iterations=1, border_count=254, thread_count=1,
                                            logging_level="Silent", allow_writing_files=False).fit(x, y)
        if name != "large":
            case("catboost", name, fitted.predict(x), {"depth": depth, "iterations": rounds}, 1e-6)
golden.write()
