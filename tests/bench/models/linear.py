# SPDX-License-Identifier: Apache-2.0
"""Linear models beside scikit-learn's, with the same tolerances."""
ROWS, FEATURES, DATA, BESIDE = 100_000, 20, "regression", "scikit-learn"


def given(columns):
    import numpy as np
    return np.column_stack([columns[name] for name in columns if name != "y"]), columns["y"]


def make(path, **options):
    """A function that makes scikit-learn's MODULE.CLASS."""
    def made():
        import importlib
        module, name = path.split(".")
        return getattr(importlib.import_module(f"sklearn.{module}"), name)(**options)
    return made


CASES = [
    {"model": "linear_regression", "reference": make("linear_model.LinearRegression")},
    {"model": "ridge", "reference": make("linear_model.Ridge")},
    {"model": "lasso_0.01", "reference": make("linear_model.Lasso", alpha=0.01)},
    {"model": "elastic_net", "parameters": {"alpha": 0.01}, "reference": make("linear_model.ElasticNet", alpha=0.01)},
    {"model": "bayesian_ridge", "reference": make("linear_model.BayesianRidge")},
    {"model": "lasso_lars", "parameters": {"alpha": 0.01}, "reference": make("linear_model.LassoLars", alpha=0.01)},
    {"model": "omp", "reference": make("linear_model.OrthogonalMatchingPursuit", n_nonzero_coefs=10)},
]
