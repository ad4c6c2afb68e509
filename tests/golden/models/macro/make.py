# SPDX-License-Identifier: Apache-2.0
"""Golden values of the macro family: SciPy's spline and least squares, and the rotation's definition in NumPy."""
import pathlib
import sys

import numpy as np
from scipy.interpolate import CubicSpline, make_smoothing_spline
from scipy.optimize import minimize_scalar

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "macro")
rng = np.random.default_rng(8)


def shown(t, y, fitted, slope):
    return {"fitted": fitted, "forward": fitted + t * slope, "discount": np.exp(-fitted * t), "residual": y - fitted}


def nelson(t, y):
    def fit(tau):
        x = t / tau
        f = np.column_stack([np.ones_like(t), -np.expm1(-x) / x, -np.expm1(-x) / x - np.exp(-x)])
        b = np.linalg.lstsq(f, y, rcond=None)[0]
        return f, b, ((y - f @ b) ** 2).sum()
    grid = np.geomspace(t.min() / 4, t.max() * 4, 400)
    at = grid[np.argmin([fit(g)[2] for g in grid])]
    tau = minimize_scalar(lambda g: fit(g)[2], bounds=(at / 1.05, at * 1.05), method="bounded", options={"xatol": 1e-12}).x
    f, b, _ = fit(tau)
    x = t / tau
    g = (np.exp(-x) - f[:, 1]) / t
    return f @ b, b[1] * g + b[2] * (g + np.exp(-x) / tau)


for name, t in (("treasury", np.array([10, 0.25, 0.5, 1, 2, 3, 5, 7, 20, 30, 0.083])), ("swap", rng.permutation(np.geomspace(0.1, 40, 24)))):
    y = 0.045 - 0.02 * np.exp(-t / 3) + 0.01 * t / 2 * np.exp(-t / 2) + 0.0008 * rng.normal(size=len(t))
    golden.input(name, {"time_to_maturity": t, "yield": y})
    order = np.argsort(t)
    back = np.argsort(order)
    ts, ys = t[order], y[order]
    for penalty in (0.1, 5.0, 0.0):
        s = make_smoothing_spline(ts, ys, lam=penalty) if penalty else CubicSpline(ts, ys, bc_type="natural")
        golden.case("yield_curve_analysis", name, shown(t, y, s(t), s.derivative()(t)), {"smoothing_parameter": penalty}, tolerance=1e-8)
    steps = np.append(np.diff(ys) / np.diff(ts), np.nan)
    steps[-1] = steps[-2]
    golden.case("yield_curve_analysis", name, shown(t, y, y, steps[back]), {"interpolation_method": "linear"})
    golden.case("yield_curve_analysis", name, shown(t, y, *nelson(t, y)), {"interpolation_method": "nelson_siegel"}, tolerance=1e-6)

for name, sectors, rows in (("three", 3, 260), ("nine", 9, 200)):
    price = 50 * np.exp(np.cumsum(0.01 * rng.normal(size=(rows, sectors)) + 0.003 * np.sin(np.arange(rows)[:, None] / 40 + np.arange(sectors)), axis=0))
    golden.input(name, {f"s{i}": price[:, i] for i in range(sectors)})
    for lookback, threshold, cost in ((60, 0.05, 0.0), (20, 0.0, 0.001)):
        out = {k: np.full(rows, np.nan) for k in ("held", "leader", "momentum", "spread")} | {"earned": np.zeros(rows), "equity": np.ones(rows)}
        held, before, equity = None, None, 1.0
        for row in range(rows):
            earned = price[row, held] / price[row - 1, held] - 1 if held is not None else 0.0
            if held != before:
                earned -= cost * (1 if before is None else 2)
            before = held
            if row >= lookback:
                gain = price[row] / price[row - lookback] - 1
                if held is None or gain.max() > gain[held] + threshold:
                    held = int(gain.argmax())
                out["held"][row], out["leader"][row], out["momentum"][row] = held, gain.argmax(), gain.max()
                out["spread"][row] = gain.max() - gain.min()
            equity *= 1 + earned
            out["earned"][row], out["equity"][row] = earned, equity
        golden.case("sector_rotation_analysis", name, out, {"lookback_period": lookback, "rotation_threshold": threshold, "cost": cost})
golden.write()
