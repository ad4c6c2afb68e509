# SPDX-License-Identifier: Apache-2.0
"""Golden values of the gaussian_process family, from scikit-learn, with the kernel's numbers as given and learnt."""
import pathlib
import sys

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, Matern, RationalQuadratic

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "gaussian_process", rows=14)
KERNELS = (("gp_rbf", lambda: RBF(0.8), {"length_scale": 0.8}),
           ("gp_matern", lambda: Matern(0.8), {"length_scale": 0.8}),
           ("gp_matern", lambda: Matern(1.3, nu=0.5), {"length_scale": 1.3, "nu": "0.5"}),
           ("gp_matern", lambda: Matern(1.3, nu=2.5), {"length_scale": 1.3, "nu": "2.5"}),
           ("gp_rational_quadratic", lambda: RationalQuadratic(0.8, 0.6), {"length_scale": 0.8, "mixture": 0.6}))
for seed, (name, rows, features) in enumerate((("small", 50, 2), ("large", 150, 3))):
    rng = np.random.default_rng(seed)
    x, unseen = rng.normal(size=(rows, features)), rng.normal(size=(40, features))
    y = np.sin(2 * x[:, 0]) + x[:, -1] * np.cos(x[:, 0]) + 0.2 * rng.normal(size=rows)
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})
    golden.input(name + "_unseen", {f"x{i}": unseen[:, i] for i in range(features)})
    for model, kernel, parameters in KERNELS:
        for learnt in (False, True):
            for normalise in (False, True) if learnt else (False,):
                process = GaussianProcessRegressor(kernel(), alpha=0.05, normalize_y=normalise,
                                                   optimizer="fmin_l_bfgs_b" if learnt else None)
                mean, deviation = process.fit(x, y).predict(unseen, return_std=True)
                asked = {**parameters, "alpha": 0.05, "normalize_y": normalise}
                golden.case(model, name, {"prediction": mean, "deviation": deviation},
                            asked if learnt else {**asked, "max_iter": 0}, target="y", unseen=name + "_unseen",
                            tolerance=2e-4 if learnt else 1e-9)
golden.write()
