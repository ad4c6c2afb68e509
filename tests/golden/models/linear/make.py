# SPDX-License-Identifier: Apache-2.0
"""Golden values of the linear family, from scikit-learn."""
import pathlib
import sys

import numpy as np
from sklearn.linear_model import (BayesianRidge, ElasticNet, Lasso, LassoLars, LinearRegression,
                                  OrthogonalMatchingPursuit, Ridge)
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden, write  # noqa: E402

TIGHT = dict(tol=1e-12, max_iter=1000000)
TIGHT_PARAMETERS = [("number", "tol", 1e-12), ("integer", "max_iter", 1000000)]


def inputs():
    rng = np.random.default_rng(20240607)
    # tall: correlated features of different scales, noise
    x = rng.normal(size=(60, 5)) @ np.triu(rng.normal(size=(5, 5))) * [1, 10, 0.1, 3, 100] + [5, -3, 0, 1000, 2]
    y = x @ [1.5, -0.2, 12, 0, 0.01] + 7 + rng.normal(size=60)
    yield "tall", x[:40], y[:40], x[40:], y[40:]
    # wide: fewer rows than features
    x = rng.normal(size=(30, 20))
    y = x[:, :4] @ [3, -2, 1, 0.5] + 0.1 * rng.normal(size=30)
    yield "wide", x[:12], y[:12], x[12:], y[12:]
    # rank: a repeated and a constant column
    x = rng.normal(size=(50, 3))
    x = np.column_stack([x, x[:, 0] + x[:, 1], np.full(50, 4.0)])
    y = x @ [1, 2, 3, 0, 0] - 1 + 0.3 * rng.normal(size=50)
    yield "rank", x[:30], y[:30], x[30:], y[30:]


def columns(x, y=None):
    table = {f"x{i}": x[:, i] for i in range(x.shape[1])}
    if y is not None:
        table["y"] = y
    return table


MODELS = [
    ("ols", "ols", LinearRegression(), [], 1e-9),
    ("ols_origin", "ols", LinearRegression(fit_intercept=False), [("bool", "fit_intercept", 0)], 1e-9),
    ("ridge_0.1", "ridge", Ridge(alpha=0.1), [("number", "alpha", 0.1)], 1e-9),
    ("ridge_10", "ridge", Ridge(alpha=10.0), [("number", "alpha", 10.0)], 1e-9),
    ("ridge_scaled", "ridge", make_pipeline(StandardScaler(), Ridge(alpha=1.0)),
     [("number", "alpha", 1.0), ("bool", "standardize", 1)], 1e-9),
    ("lasso_0.01", "lasso", Lasso(alpha=0.01, **TIGHT), [("number", "alpha", 0.01)] + TIGHT_PARAMETERS, 1e-7),
    ("lasso_1", "lasso", Lasso(alpha=1.0, **TIGHT), [("number", "alpha", 1.0)] + TIGHT_PARAMETERS, 1e-7),
    ("elastic_net", "elastic_net", ElasticNet(alpha=0.5, l1_ratio=0.3, **TIGHT),
     [("number", "alpha", 0.5), ("number", "l1_ratio", 0.3)] + TIGHT_PARAMETERS, 1e-7),
    ("elastic_net_scaled", "elastic_net",
     make_pipeline(StandardScaler(), ElasticNet(alpha=0.1, l1_ratio=0.5, **TIGHT)),
     [("number", "alpha", 0.1), ("number", "l1_ratio", 0.5), ("bool", "standardize", 1)] + TIGHT_PARAMETERS, 1e-7),
]

for data, x, y, unseen_x, unseen_y in inputs():
    for name, algorithm, model, parameters, tolerance in MODELS:
        prediction = model.fit(x, y).predict(unseen_x)
        write(__file__, f"{data}-{name}", "linear", "train", algorithm, parameters, tolerance,
              {"input": columns(x, y), "unseen": columns(unseen_x, unseen_y), "expected": {"prediction": prediction}},
              target="y",
              metrics={"r2": r2_score(unseen_y, prediction),
                       "rmse": mean_squared_error(unseen_y, prediction) ** 0.5,
                       "mae": mean_absolute_error(unseen_y, prediction)})

golden = Golden(__file__, "learned", tolerance=1e-8, rows=14)
for data, x, y, unseen_x, unseen_y in inputs():
    golden.input(data, columns(x, y))
    golden.input(data + "_unseen", columns(unseen_x))

    def case(model, estimator, parameters, tolerance=None):
        golden.case(model, data, {"prediction": estimator.fit(x, y).predict(unseen_x)}, parameters, target="y",
                    unseen=data + "_unseen", tolerance=tolerance)

    if data != "rank":  # there two features are one: which of them is anybody's choice
        case("lasso_lars", LassoLars(alpha=0.1), {}, 1e-6)
        case("lasso_lars", LassoLars(alpha=0.03), {"alpha": 0.03}, 1e-6)
        for count in (2, 3, 4):
            case("omp", OrthogonalMatchingPursuit(n_nonzero_coefs=count), {"n_nonzero_coefs": count})
    for model in ("bayesian_ridge", "bayesian_ridge_forecast"):
        case(model, BayesianRidge(), {})
        case(model, BayesianRidge(alpha_1=0.01, lambda_2=0.1, tol=1e-9), {"alpha_1": 0.01, "lambda_2": 0.1, "tol": 1e-9})
golden.write()
