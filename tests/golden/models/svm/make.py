# SPDX-License-Identifier: Apache-2.0
"""Golden values of the svm family, from scikit-learn, both sides with a small tolerance of the solver."""
import pathlib
import sys

import numpy as np
from sklearn.svm import SVR, LinearSVR, NuSVR

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "svm", tolerance=1e-6, rows=14)
TOL = {"tol": 1e-9}
for seed, (name, rows, features) in enumerate((("small", 60, 2), ("large", 200, 3))):
    rng = np.random.default_rng(seed)
    x, unseen = rng.normal(size=(rows, features)), rng.normal(size=(40, features))
    y = np.sin(2 * x[:, 0]) + x[:, -1] + 0.1 * rng.normal(size=rows)
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})
    golden.input(name + "_unseen", {f"x{i}": unseen[:, i] for i in range(features)})

    def case(model, machine, parameters, tolerance=None):
        golden.case(model, name, {"prediction": machine.fit(x, y).predict(unseen)}, {**parameters, **TOL}, target="y",
                    unseen=name + "_unseen", tolerance=tolerance)

    case("svr", SVR(**TOL), {})
    case("svr", SVR(kernel="poly", C=0.5, coef0=1.0, gamma=0.3, **TOL),
         {"kernel": "poly", "C": 0.5, "coef0": 1.0, "gamma": 0.3})
    case("svr_rbf", SVR(C=3.0, epsilon=0.2, **TOL), {"C": 3.0, "epsilon": 0.2})
    case("svr_linear", SVR(kernel="linear", **TOL), {})
    case("svr_poly", SVR(kernel="poly", degree=2, coef0=0.5, **TOL), {"coef0": 0.5})
    case("nu_svr", NuSVR(**TOL), {})
    case("nu_svr", NuSVR(nu=0.3, C=0.7, **TOL), {"nu": 0.3, "C": 0.7})
    # liblinear's dual ends after 1,000 passes: problems that it finishes in fewer
    case("linear_svr", LinearSVR(C=0.1, epsilon=0.3, max_iter=100000, random_state=0, **TOL), {"C": 0.1, "epsilon": 0.3}, 1e-5)
    case("linear_svr", LinearSVR(C=0.05, max_iter=100000, random_state=0, **TOL), {"C": 0.05}, 1e-5)
golden.write()
