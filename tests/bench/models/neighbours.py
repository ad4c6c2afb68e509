# SPDX-License-Identifier: Apache-2.0
"""Nearest neighbours beside scikit-learn's, which searches all rows where there are more than 15 features. A tenth of the
rows are asked about."""
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
    {"model": f"knn_{count}", "ahead": 10_000, "reference": make("neighbors.KNeighborsRegressor", n_neighbors=count),
     "slower": "scikit-learn checks the matrix that it is given and keeps it; ours copies the table's columns into rows of its own"}
    for count in (3, 5, 10)
]
