# SPDX-License-Identifier: Apache-2.0
"""Golden values of the rates family: bond prices by QuantLib, the rate's moments by NumPy."""
import pathlib
import sys

import numpy as np
import QuantLib as ql

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "rates", rows=15)
rng = np.random.default_rng(2)
for name, a, b, sigma in (("calm", 0.1, 0.05, 0.01), ("lively", 0.9, 0.03, 0.08)):
    rate, years = rng.uniform(0.001, 0.12, 30), rng.uniform(0.05, 30, 30)
    golden.input(name, {"short_rate": rate, "time_to_maturity": years})
    decay = np.exp(-a * years)
    mean = b + (rate - b) * decay
    for model, bond, variance in (
            ("vasicek_model", lambda r: ql.Vasicek(r, a, b, sigma), sigma**2 * (1 - decay**2) / (2 * a)),
            ("cox_ingersoll_ross_model", lambda r: ql.CoxIngersollRoss(r, b, a, sigma),
             rate * sigma**2 / a * (decay - decay**2) + b * sigma**2 / (2 * a) * (1 - decay)**2)):
        price = np.array([bond(r).discountBond(0.0, t, r) for r, t in zip(rate, years)])
        golden.case(model, name, {"price": price, "yield": -np.log(price) / years, "mean": mean,
                                  "deviation": np.sqrt(variance)},
                    {"mean_reversion_speed": a, "long_term_mean": b, "volatility": sigma})
golden.write()
