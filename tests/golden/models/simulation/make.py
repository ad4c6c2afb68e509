# SPDX-License-Identifier: Apache-2.0
"""Golden values of the simulation family: what the paths' distribution is, within what a finite number of them allows."""
import pathlib
import sys

import numpy as np
from scipy import stats

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "simulation")
for name, start, mu, sigma, years in (("one", 1.0, 0.05, 0.2, 1.0), ("two", 2.0, -0.1, 0.35, 2.0)):
    time = np.linspace(0, years, 7)
    law = stats.lognorm(s=np.maximum(1e-12, sigma * np.sqrt(time)), scale=start * np.exp((mu - sigma**2 / 2) * time))
    # 300,000 paths: 4 deviations of a quantile's error are below 0.01 here
    golden.case("gbm_simulation", name, {
        "mean": start * np.exp(mu * time), "deviation": law.std(), "low": law.ppf(0.05), "median": law.ppf(0.5),
        "high": law.ppf(0.95), "time": time},
        {"S0": start, "mu": mu, "sigma": sigma, "T": years, "steps": 6, "n_simulations": 300000}, tolerance=0.01,
        all_rows=True)
rng = np.random.default_rng(31)
for name in ("calm", "rough", "fat"):
    r = {"calm": 0.0005 + 0.006 * rng.normal(size=200), "rough": 0.02 * rng.normal(size=100),
         "fat": 0.01 * rng.standard_t(4, size=150)}[name]
    golden.input(name, {"returns": r})
    for horizon in (20, 60):
        paths = np.cumprod(1 + rng.choice(r, size=(400000, horizon)), axis=1)
        high = np.maximum(1, np.maximum.accumulate(paths, axis=1))
        total = paths[:, -1] - 1
        exact = np.prod(np.full(horizon, 1 + r.mean())) - 1
        deviation = np.sqrt((np.mean((1 + r) ** 2)) ** horizon - (1 + r.mean()) ** (2 * horizon))
        golden.case("monte_carlo_simulation", name, {
            "mean": exact, "deviation": deviation, "low": np.quantile(total, 0.05), "median": np.quantile(total, 0.5),
            "high": np.quantile(total, 0.95), "loss_chance": (total < 0).mean(),
            "mean_drawdown": (1 - paths / high).max(axis=1).mean()},
            {"horizon": horizon, "n_simulations": 100000}, tolerance=0.005)
golden.write()
