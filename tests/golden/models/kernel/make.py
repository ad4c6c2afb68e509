# SPDX-License-Identifier: Apache-2.0
"""Golden values of the kernel family, from scikit-learn."""
import pathlib
import sys

import numpy as np
from sklearn.kernel_ridge import KernelRidge

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "kernel", rows=14)
for seed, (name, rows, features) in enumerate((("small", 60, 2), ("large", 300, 4))):
    rng = np.random.default_rng(seed)
    x, unseen = rng.normal(size=(rows, features)), rng.normal(size=(40, features))
    y = np.sin(2 * x[:, 0]) + x[:, -1] ** 2 + 0.1 * rng.normal(size=rows)
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})
    golden.input(name + "_unseen", {f"x{i}": unseen[:, i] for i in range(features)})
    for kernel, parameters in (("linear", {}), ("poly", {"degree": 2}), ("poly", {"degree": 3, "coef0": 0.5, "gamma": 0.3}),
                               ("rbf", {}), ("rbf", {"alpha": 0.01, "gamma": 0.7})):
        fitted = KernelRidge(kernel=kernel, **parameters).fit(x, y)
        golden.case(f"kernel_ridge_{kernel}", name, {"prediction": fitted.predict(unseen)}, parameters, target="y",
                    unseen=name + "_unseen")
golden.write()
