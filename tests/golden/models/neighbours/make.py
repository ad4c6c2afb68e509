# SPDX-License-Identifier: Apache-2.0
"""Golden values of the neighbours family, from scikit-learn."""
import pathlib
import sys

import numpy as np
from sklearn.neighbors import KNeighborsRegressor

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "neighbours", rows=14)
for seed, (name, rows, features) in enumerate((("small", 150, 2), ("large", 900, 3), ("wide", 600, 9))):  # wide: sieved
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(rows, features)), 3)
    y = np.round(np.sin(2 * x[:, 0]) + x[:, -1] ** 2, 3)
    unseen = np.concatenate([np.round(rng.normal(size=(30, features)), 4) * 1.5, x[:10]])
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})
    golden.input(name + "_unseen", {f"x{i}": unseen[:, i] for i in range(features)})
    for model, k in (("knn_3", 3), ("knn_5", 5), ("knn_7", 7), ("knn_10", 10), ("k_nearest_neighbors", 5)):
        for weights in ("uniform", "distance"):
            fitted = KNeighborsRegressor(k, weights=weights, algorithm="brute").fit(x, y)
            distances = np.sort(((unseen[:, None] - x) ** 2).sum(axis=2))
            assert (distances[:, k] - distances[:, k - 1] > 1e-9).all()  # else the last neighbour is anybody's choice
            golden.case(model, name, {"prediction": fitted.predict(unseen)}, {"weights": weights}, target="y",
                        unseen=name + "_unseen")
golden.write()
