# SPDX-License-Identifier: Apache-2.0
"""Golden values of the clustering family, from scikit-learn. Groups are renumbered as the family's page says."""
import pathlib
import sys

import numpy as np
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402


def blobs(seed, rows, centres, features, spread):
    rng = np.random.default_rng(seed)
    middle = rng.uniform(-8, 8, size=(centres, features))
    return middle[rng.integers(centres, size=rows)] + spread * rng.normal(size=(rows, features))


def columns(x):
    return {f"x{i}": x[:, i] for i in range(x.shape[1])}


def by_first_row(labels):
    """Groups numbered in the order in which they appear; noise stays -1."""
    numbers = {-1: -1}
    return np.array([numbers.setdefault(label, len(numbers) - 1) for label in labels])


golden = Golden(__file__, "clustering")
inputs = {"ten": blobs(1, 200, 10, 3, 0.35), "five": blobs(2, 150, 5, 2, 0.6), "three": blobs(3, 120, 3, 4, 0.9),
          "more": blobs(4, 180, 10, 2, 0.3)}
unseen = {name: blobs(seed, 40, 6, x.shape[1], 3.0) for seed, (name, x) in enumerate(inputs.items(), 10)}
for name, x in inputs.items():
    golden.input(name, columns(x))
    golden.input(name + "_unseen", columns(unseen[name]))


def kmeans(model, name, k):
    """Many starts: the least sum of squares that there is, which ours finds too, the groups being apart."""
    x = inputs[name]
    fitted = KMeans(k, n_init=500, tol=0, max_iter=3000, random_state=0).fit(x)
    order = np.lexsort(fitted.cluster_centers_.T[::-1])
    place = np.argsort(order)
    labels = fitted.predict(unseen[name])
    distance = fitted.transform(unseen[name]).min(axis=1)
    golden.case(model, name, {"prediction": place[labels], "distance": distance}, {"n_init": 100, "tol": 0.0},
                unseen=name + "_unseen", metrics={"inertia": (distance ** 2).sum()})


for model, k in (("kmeans_3", 3), ("kmeans_5", 5), ("kmeans_10", 10), ("kmeans_clustering", 3)):
    for name in ("ten", "more") if k == 10 else ("five", "ten"):
        kmeans(model, name, k)
for name in ("ten", "five", "three"):
    x = inputs[name]
    for model, k in (("agglomerative_3", 3), ("agglomerative_5", 5)):
        golden.case(model, name, {"cluster": by_first_row(AgglomerativeClustering(k).fit_predict(x))})
    for eps, least in ((0.5, 5), (1.1, 8)):
        fitted = DBSCAN(eps=eps, min_samples=least).fit(x)
        core = np.zeros(len(x))
        core[fitted.core_sample_indices_] = 1
        golden.case("dbscan", name, {"cluster": fitted.labels_, "core": core},
                    {"eps": eps, "min_samples": least})
wide = np.round(blobs(5, 1300, 12, 3, 0.5), 3)  # three blocks of rows
golden.input("wide", columns(wide))
for model, k in (("agglomerative_3", 3), ("agglomerative_5", 5)):
    golden.case(model, "wide", {"cluster": by_first_row(AgglomerativeClustering(k).fit_predict(wide))})
fitted = DBSCAN(eps=0.35, min_samples=6).fit(wide)
core = np.zeros(len(wide))
core[fitted.core_sample_indices_] = 1
assert fitted.labels_.max() > 8 and (fitted.labels_ < 0).sum() > 50
golden.case("dbscan", "wide", {"cluster": fitted.labels_, "core": core}, {"eps": 0.35, "min_samples": 6})
golden.write()
