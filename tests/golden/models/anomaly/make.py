# SPDX-License-Identifier: Apache-2.0
"""Golden values of the anomaly family: the mean score of scikit-learn's isolation forests over many seeds, within which
a forest of ours must come; z-scores by NumPy."""
import pathlib
import sys

import numpy as np
from sklearn.ensemble import IsolationForest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "anomaly", rows=20)
rng = np.random.default_rng(5)
for name, rows, features in (("small", 150, 2), ("large", 400, 4)):
    x = rng.normal(size=(rows, features)) @ rng.normal(size=(features, features))
    x[::29] *= 4
    unseen = np.vstack([x[:30], rng.normal(size=(30, features)) * 6])
    golden.input(name, {f"x{i}": x[:, i] for i in range(features)})
    golden.input(name + "_unseen", {f"x{i}": unseen[:, i] for i in range(features)})
    scores = [-IsolationForest(n_estimators=200, max_samples=min(rows, 256), random_state=seed).fit(x).score_samples(unseen)
              for seed in range(40)]
    golden.case("isolation_forest", name, {"score": np.mean(scores, axis=0)}, {"n_estimators": 400}, tolerance=0.02,
                unseen=name + "_unseen")
    score = (np.abs(unseen - x.mean(axis=0)) / x.std(axis=0)).max(axis=1)
    golden.case("zscore_anomaly", name, {"prediction": score > 3, "score": score}, unseen=name + "_unseen",
                metrics={"anomaly_share": (score > 3).mean()})
golden.write()
