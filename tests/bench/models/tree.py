# SPDX-License-Identifier: Apache-2.0
"""Trees, forests and boosting beside scikit-learn, LightGBM, XGBoost and CatBoost. Slow references run once."""
ROWS, FEATURES, DATA = 100_000, 20, "regression"
BESIDE = "scikit-learn, LightGBM, XGBoost, CatBoost"


def given(columns):
    import numpy as np
    return np.column_stack([columns[name] for name in columns if name != "y"]), columns["y"]


def ensemble(name, **options):
    def make():
        import sklearn.ensemble
        return getattr(sklearn.ensemble, name)(random_state=0, **options)
    return make


def tree(**options):
    def make():
        from sklearn.tree import DecisionTreeRegressor
        return DecisionTreeRegressor(random_state=0, **options)
    return make


def ada_boost(rounds):
    def make():
        from sklearn.ensemble import AdaBoostRegressor
        from sklearn.tree import DecisionTreeRegressor
        return AdaBoostRegressor(DecisionTreeRegressor(max_depth=3), n_estimators=rounds, random_state=0)
    return make


def lightgbm():
    from lightgbm import LGBMRegressor
    return LGBMRegressor(n_jobs=1, verbose=-1)


def xgboost():
    from xgboost import XGBRegressor
    return XGBRegressor(n_estimators=100, n_jobs=1, tree_method="hist")


def catboost():
    from catboost import CatBoostRegressor
    return CatBoostRegressor(iterations=100, depth=6, learning_rate=0.03, thread_count=1, bootstrap_type="No",
                             random_strength=0, score_function="L2", logging_level="Silent", allow_writing_files=False)


CASES = [
    {"model": "decision_tree_5", "reference": tree(max_depth=5)},
    {"model": "decision_tree_10", "reference": tree(max_depth=10)},
    {"model": "decision_tree", "reference": tree()},
    {"model": "random_forest_100", "parameters": {"n_estimators": 10},
     "reference": ensemble("RandomForestRegressor", n_estimators=10, max_depth=10), "repeats": 1},
    {"model": "extra_trees_100", "parameters": {"n_estimators": 10},
     "reference": ensemble("ExtraTreesRegressor", n_estimators=10, max_depth=10), "repeats": 1},
    {"model": "ada_boost_50", "parameters": {"n_estimators": 10}, "reference": ada_boost(10), "repeats": 1},
    {"model": "gradient_boosting_100", "parameters": {"n_estimators": 10},
     "reference": ensemble("GradientBoostingRegressor", n_estimators=10), "repeats": 1},
    {"model": "hist_gradient_boosting", "reference": ensemble("HistGradientBoostingRegressor", early_stopping=False)},
    {"model": "lightgbm", "reference": lightgbm},
    {"model": "xgboost", "reference": xgboost},
    {"model": "catboost", "parameters": {"iterations": 100}, "reference": catboost},
]
