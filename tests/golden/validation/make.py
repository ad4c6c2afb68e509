# SPDX-License-Identifier: Apache-2.0
"""Golden figures of validation, from scikit-learn, SciPy and NumPy: write validation.golden. Packages:
../models/requirements.txt."""
import pathlib

import numpy as np
from scipy.stats import chi2
from sklearn.linear_model import Ridge
from sklearn.metrics import (accuracy_score, calinski_harabasz_score, confusion_matrix, davies_bouldin_score, f1_score,
                             log_loss, mean_absolute_error, r2_score, roc_auc_score, root_mean_squared_error,
                             silhouette_score)
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

rng = np.random.default_rng(20260611)
lines = []


def put(name, values):
    values = np.atleast_1d(np.asarray(values, dtype=float)).ravel()
    lines.append(" ".join([name] + ["nan" if np.isnan(v) else repr(float(v)) for v in values]))


def splits(name, splitter, rows):
    for i, (train, test) in enumerate(splitter.split(np.zeros((rows, 1)))):
        put(f"{name}.{i}.train", train)
        put(f"{name}.{i}.test", test)


splits("k_fold", KFold(4), 11)
splits("expanding", TimeSeriesSplit(n_splits=3, test_size=4, gap=2), 20)
splits("rolling", TimeSeriesSplit(n_splits=3, test_size=4, gap=2, max_train_size=6), 20)

# Classes: two, then three, with ties among the scores.
for name, classes in (("two", [0, 1]), ("three", [0, 1, 4])):
    actual = rng.choice(classes, 40)
    scores = np.round(rng.dirichlet(np.ones(len(classes)), 40) + 0.3 * (actual[:, None] == classes), 1)
    scores /= scores.sum(axis=1, keepdims=True)
    predicted = np.asarray(classes)[scores.argmax(axis=1)]
    predicted[:5] = classes[0]
    put(f"{name}.actual", actual)
    put(f"{name}.predicted", predicted)
    for i in range(len(classes)):
        put(f"{name}.probability.{i}", scores[:, i])
    put(f"{name}.classes", classes)
    put(f"{name}.accuracy", accuracy_score(actual, predicted))
    put(f"{name}.f1", f1_score(actual, predicted, average="macro"))
    put(f"{name}.log_loss", log_loss(actual, np.clip(scores, np.finfo(float).eps, 1 - np.finfo(float).eps)))
    put(f"{name}.auc", roc_auc_score(actual, scores[:, 1]) if len(classes) == 2 else
        roc_auc_score(actual, scores, multi_class="ovr", average="macro"))
    put(f"{name}.confusion", confusion_matrix(actual, predicted))

# Groups.
rows = np.concatenate([rng.normal(c, 0.7, size=(12, 2)) for c in ([0, 0], [3, 1], [-1, 4])])
labels = np.repeat([0, 1, 2], 12)
labels[:3] = 2
labels[35] = 7  # a group of one row
put("groups.x", rows[:, 0])
put("groups.y", rows[:, 1])
put("groups.labels", labels)
put("groups.silhouette", silhouette_score(rows, labels))
put("groups.calinski_harabasz", calinski_harabasz_score(rows, labels))
put("groups.davies_bouldin", davies_bouldin_score(rows, labels))

# Forecasts.
training, actual = rng.normal(size=30).cumsum(), rng.normal(size=12).cumsum()
predicted = actual + rng.normal(size=12)
put("forecast.training", training)
put("forecast.actual", actual)
put("forecast.predicted", predicted)
put("forecast.rmse", root_mean_squared_error(actual, predicted))
put("forecast.mae", mean_absolute_error(actual, predicted))
put("forecast.r2", r2_score(actual, predicted))
put("forecast.mase", mean_absolute_error(actual, predicted) / np.abs(np.diff(training)).mean())
put("forecast.coverage", np.mean((actual >= predicted - 1) & (actual <= predicted + 1)))

# Returns and risk.
returns = rng.normal(0.001, 0.02, size=250)
value = np.cumprod(1 + returns)
peak = np.maximum.accumulate(np.concatenate([[1.0], value]))[1:]
put("returns", returns)
put("returns.sharpe", returns.mean() / returns.std(ddof=1))
put("returns.max_drawdown", (1 - value / peak).max())
put("returns.total_return", value[-1] - 1)
at_risk = np.full(250, 0.028)
breaches, n, p = int((-returns > at_risk).sum()), 250, 0.05
ratio = 2 * (breaches * np.log(breaches / n) + (n - breaches) * np.log(1 - breaches / n)
             - breaches * np.log(p) - (n - breaches) * np.log(1 - p))
put("risk.breaches", breaches / n)
put("risk.kupiec", chi2.sf(ratio, 1))

# Preprocessing, absent values among them.
column = rng.normal(5, 3, size=25)
column[[3, 11]] = np.nan
put("column", column)
for fill, strategy in (("mean", "mean"), ("median", "median")):
    for scale, scaler in (("standard", StandardScaler()), ("min_max", MinMaxScaler()), ("robust", RobustScaler())):
        steps = make_pipeline(SimpleImputer(strategy=strategy), scaler)
        put(f"column.{fill}.{scale}", steps.fit_transform(column[:, None]))

# The whole: ridge behind a scaler, cross-validated. The server's job on the same table must say the same.
x = rng.normal(size=(50, 3)) * [1, 20, 0.1] + [0, 100, 3]
x[:10, 1] += 60  # folds whose scales differ
y = x @ [2, 0.1, -8] + rng.normal(size=50)
for i in range(3):
    put(f"table.x{i}", x[:, i])
put("table.y", y)
for name, splitter in (("k_fold", KFold(5)), ("walk", TimeSeriesSplit(n_splits=3, test_size=8, gap=2))):
    scores = cross_validate(make_pipeline(StandardScaler(), Ridge(alpha=5.0)), x, y, cv=splitter,
                            scoring={"rmse": "neg_root_mean_squared_error", "r2": "r2"})
    put(f"table.{name}.rmse", -scores["test_rmse"])
    put(f"table.{name}.rmse.mean", -scores["test_rmse"].mean())
    put(f"table.{name}.rmse.deviation", scores["test_rmse"].std(ddof=1))
    put(f"table.{name}.r2.mean", scores["test_r2"].mean())

(pathlib.Path(__file__).parent / "validation.golden").write_text("\n".join(lines) + "\n")
