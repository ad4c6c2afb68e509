# SPDX-License-Identifier: Apache-2.0
"""Bagging, boosting and stacking of trees beside scikit-learn's."""
ROWS, FEATURES, DATA, BESIDE = 100_000, 20, "regression", "scikit-learn"


def given(columns):
    import numpy as np
    return np.column_stack([columns[name] for name in columns if name != "y"]), columns["y"]


def bagging():
    from sklearn.ensemble import BaggingRegressor
    return BaggingRegressor(random_state=0)


def boosted():
    from sklearn.ensemble import AdaBoostRegressor
    from sklearn.tree import DecisionTreeRegressor
    return AdaBoostRegressor(DecisionTreeRegressor(max_depth=3), n_estimators=10, random_state=0)


CASES = [
    {"model": "bagging_ensemble", "reference": bagging, "repeats": 1},
    {"model": "boosted_trees_ensemble", "parameters": {"n_estimators": 10}, "reference": boosted, "repeats": 1},
]
