# SPDX-License-Identifier: Apache-2.0
"""Groups beside scikit-learn's, on 50 round groups. All distances are kept by agglomerative ones: fewer rows."""
ROWS, FEATURES, DATA, BESIDE = 100_000, 20, "blobs", "scikit-learn"


def given(columns):
    import numpy as np
    return (np.column_stack(list(columns.values())),)


def make(path, **options):
    """A function that makes scikit-learn's MODULE.CLASS."""
    def made():
        import importlib
        module, name = path.split(".")
        return getattr(importlib.import_module(f"sklearn.{module}"), name)(**options)
    return made


def distance(model, given):
    return model.transform(given[0]).min(axis=1)


def k_means(count):
    return {"model": f"kmeans_{count}", "score": 1, "said": distance,
            "reference": make("cluster.KMeans", n_clusters=count, n_init=10, random_state=0)}


def groups_of(path, **options):
    return lambda given: make(path, **options)().fit_predict(given[0])


CASES = [
    k_means(3), k_means(5), k_means(10),
    {"model": "dbscan", "compute": groups_of("cluster.DBSCAN", eps=0.5, min_samples=5), "repeats": 1},
    {"model": "agglomerative_5", "rows": 5_000, "compute": groups_of("cluster.AgglomerativeClustering", n_clusters=5)},
]
