# SPDX-License-Identifier: Apache-2.0
"""Golden values of the portfolio family: every set of active bounds by itself in NumPy, and SciPy's minimiser."""
import itertools
import pathlib
import sys

import numpy as np
from scipy.optimize import brentq, minimize

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "portfolio")


def quadratic(mean, cov, appetite, low, high):
    """min w'Cw/2 - appetite mean'w, sum w = 1, low <= w <= high: the best over all sets of active bounds."""
    n, best, least = len(mean), None, np.inf
    for sides in itertools.product((None, low, high), repeat=n):
        free = [i for i in range(n) if sides[i] is None]
        w = np.array([0 if s is None else s for s in sides], dtype=float)
        if free:
            a = np.block([[cov[np.ix_(free, free)], np.ones((len(free), 1))], [np.ones((1, len(free))), np.zeros((1, 1))]])
            b = np.append(appetite * mean[free] - cov[free] @ w, 1 - w.sum())
            w[free] = np.linalg.solve(a, b)[:-1]
        if abs(w.sum() - 1) > 1e-12 or (w < low - 1e-12).any() or (w > high + 1e-12).any():
            continue
        value = w @ cov @ w / 2 - appetite * mean @ w
        if value < least:
            best, least = w, value
    return best


def shown(mean, cov, w):
    return {"weight": w, "risk_share": w * (cov @ w) / (w @ cov @ w), "mean": 252 * mean}


def parity(cov):
    n = len(cov)
    d = np.sqrt(np.diag(cov))
    c = cov / np.outer(d, d)
    found = minimize(lambda y: y @ c @ y / 2 - np.log(y).sum() / n, np.full(n, 0.5), jac=lambda y: c @ y - 1 / y / n,
                     method="L-BFGS-B", bounds=[(1e-6, None)] * n, options={"ftol": 1e-16, "gtol": 1e-12, "maxiter": 5000})
    w = found.x / d
    return w / w.sum()


for name, seed, n, rows in (("four", 1, 4, 160), ("six", 2, 6, 220)):
    r = np.random.default_rng(seed)
    mix = r.normal(size=(n, n)) * 0.006 + np.diag(0.004 + 0.01 * r.uniform(size=n))
    x = r.normal(size=(rows, n)) @ mix.T + np.linspace(-0.0003, 0.003, n)
    golden.input(name, {f"a{i}": x[:, i] for i in range(n)})
    for window in (0, 100):
        part = x[-window:] if window else x
        mean, cov = part.mean(axis=0), np.cov(part.T)
        for aversion, bounds in ((1.0, [0.0, 1.0]), (8.0, [0.0, 0.5]), (3.0, [-0.3, 0.8])):
            golden.case("markowitz_mean_variance_optimizer", name, shown(mean, cov, quadratic(mean, cov, 1 / aversion, *bounds)),
                        {"risk_aversion": aversion, "weight_bounds": bounds, "window": window}, all_rows=True)
        for model, bounds, free in (("mean_variance", [0.0, 1.0], 0.02), ("maximum_sharpe_ratio_optimizer", [0.0, 0.4], 0.01)):
            def gap(log_appetite):
                w = quadratic(mean, cov, np.exp(log_appetite), *bounds)
                return np.exp(log_appetite) * (mean @ w - free / 252) - w @ cov @ w
            w = quadratic(mean, cov, np.exp(brentq(gap, -12, 12, xtol=1e-13)), *bounds)
            start = np.full(n, 1 / n)
            check = minimize(lambda v: -(mean @ v - free / 252) / np.sqrt(v @ cov @ v), start, method="SLSQP", bounds=[bounds] * n,
                             constraints={"type": "eq", "fun": lambda v: v.sum() - 1}, options={"ftol": 1e-14, "maxiter": 1000})
            assert np.abs(check.x - w).max() < 1e-3, (check.x, w)
            golden.case(model, name, shown(mean, cov, w), {"risk_free_rate": free, "weight_bounds": bounds, "window": window},
                        all_rows=True, tolerance=1e-8)
        least = mean @ quadratic(mean, cov, 0, 0, 1)
        target = float(252 * (0.4 * least + 0.6 * mean.max()))
        w = quadratic(mean, cov, np.exp(brentq(lambda a: 252 * mean @ quadratic(mean, cov, np.exp(a), 0, 1) - target, -12, 12, xtol=1e-13)), 0, 1)
        golden.case("mean_variance", name, shown(mean, cov, w), {"objective": "target_return" if window else "auto", "target_return": target, "window": window},
                    all_rows=True, tolerance=1e-8)
        golden.case("maximum_sharpe_ratio_optimizer", name, shown(mean, cov, quadratic(mean, cov, 0, 0, 1)),
                    {"objective": "least_variance", "window": window}, all_rows=True)
        w = parity(cov)
        for model, target in (("risk_parity", 0.15), ("risk_parity_model", 0.08)):
            golden.case(model, name, {"weight": w, "risk_share": np.full(n, 1 / n), "exposure": w * target / np.sqrt(252 * w @ cov @ w)},
                        {"window": window, "target_volatility": target}, all_rows=True, tolerance=1e-6)
    for every, lookback, cost in ((22, 60, 0.0), (10, 40, 0.001)):
        out = {k: np.zeros(rows) for k in ("earned", "equity", "traded", "largest_weight", "volatility")}
        w, equity = np.zeros(n), 1.0
        for row in range(rows):
            earned, traded = w @ x[row], 0.0
            w = w * (1 + x[row]) / (1 + earned)
            if row >= lookback - 1 and (row - lookback + 1) % every == 0:
                cov = np.cov(x[row - lookback + 1:row + 1].T)
                after = parity(cov)
                traded, w = np.abs(after - w).sum(), after
            net = (1 + earned) * (1 - cost * traded) - 1
            equity *= 1 + net
            out["earned"][row], out["equity"][row], out["traded"][row], out["largest_weight"][row] = net, equity, traded, w.max()
            out["volatility"][row] = np.sqrt(252 * w @ cov @ w) if row >= lookback - 1 else np.nan
        golden.case("dynamic_risk_parity_model", name, out, {"rebalance_frequency": every, "volatility_lookback": lookback, "cost": cost}, tolerance=1e-6)
golden.write()
