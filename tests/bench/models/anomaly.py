# SPDX-License-Identifier: Apache-2.0
"""Anomalies beside scikit-learn's isolation forest."""
ROWS, FEATURES, DATA, BESIDE = 100_000, 20, "blobs", "scikit-learn"


def given(columns):
    import numpy as np
    return (np.column_stack(list(columns.values())),)


def forest():
    from sklearn.ensemble import IsolationForest
    return IsolationForest(contamination=0.1, random_state=0)


CASES = [
    {"model": "isolation_forest", "score": 0, "said": lambda model, given: (1 - model.predict(given[0])) / 2, "reference": forest},
]
