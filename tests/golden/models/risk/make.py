# SPDX-License-Identifier: Apache-2.0
"""Golden values of the risk family: NumPy, pandas and SciPy by the definitions of the family's page."""
import pathlib
import sys

import numpy as np
import pandas as pd
from scipy import optimize, stats

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

YEAR = 252


def deepest(returns):
    capital = np.r_[1, np.cumprod(1 + returns)]
    return (1 - capital / np.maximum.accumulate(capital)).max()


def tail(r, level, method, period, window=0):
    r = r[-window:] if window else r
    if method == "parametric":
        mean, deviation = r.mean() * period, r.std(ddof=1) * np.sqrt(period)
        z = stats.norm.ppf(1 - level)
        return -(mean + z * deviation), deviation * stats.norm.pdf(z) / (1 - level) - mean, 0.0
    quantile, scale, share = np.quantile(r, 1 - level), np.sqrt(period), 1 - level
    spread = np.sqrt(share * level / len(r))
    error = (np.quantile(r, min(1, share + spread)) - np.quantile(r, max(0, share - spread))) / 2
    return -quantile * scale, -r[r <= quantile].mean() * scale, error * scale


def summaries(golden, name, r):
    names = ("value_at_risk", "expected_shortfall", "standard_error")
    for model in ("value_at_risk", "var", "var_model", "expected_shortfall_model"):
        for level in (0.9, 0.95, 0.99):
            for method, period, window in (("historical", 1, 0), ("parametric", 1, 150), ("historical", 5, 120)):
                golden.case(model, name, dict(zip(names, tail(r, level, method, period, window))),
                            {"confidence_level": level, "method": method, "holding_period": period, "window": window})
        # draws: three standard errors of a million of them
        mean, deviation = r.mean(), r.std(ddof=1)
        z = stats.norm.ppf(0.05)
        golden.case(model, name, {"value_at_risk": -(mean + z * deviation),
                                  "expected_shortfall": deviation * stats.norm.pdf(z) / 0.05 - mean},
                    {"method": "monte_carlo", "n_simulations": 1000000, "window": 0}, tolerance=3e-4)
    levels = [0.9, 0.95, 0.975, 0.99]
    for method in ("historical", "parametric"):
        rows = np.array([tail(r, level, method, 1) for level in levels])
        golden.case("var_multi", name, {**dict(zip(names, rows.T)), "confidence_level": levels},
                    {"confidence_levels": levels, "method": method}, all_rows=True)
    for model, shocks in (("stress_testing", [-0.01, -0.03, -0.07]), ("stress_testing_model", [-0.2, -0.02, 0.01])):
        golden.case(model, name, {
            "shock": shocks, "mean": [r.mean() + s for s in shocks], "volatility": [r.std(ddof=1)] * 3,
            "value_at_risk": [-np.quantile(r + s, 0.05) for s in shocks], "worst": [r.min() + s for s in shocks],
            "total": [np.prod(np.maximum(0, 1 + r + s)) - 1 for s in shocks]}, all_rows=True)


def ratios(golden, name, r, benchmark):
    for rows in (252, 52, 12):
        active = r - benchmark
        golden.case("information_ratio", name, {
            "information_ratio": active.mean() / active.std(ddof=1) * np.sqrt(rows),
            "active_return": active.mean() * rows, "tracking_error": active.std(ddof=1) * np.sqrt(rows),
            "beta": np.cov(r, benchmark)[0, 1] / benchmark.var(ddof=1)}, {"periods": rows})
    for threshold in (-0.01, -0.001, 0.0, 0.002, 0.02):
        gains, losses = np.maximum(r - threshold, 0).mean(), np.maximum(threshold - r, 0).mean()
        golden.case("omega_ratio", name, {"omega": gains / losses, "gains": gains, "losses": losses},
                    {"threshold": threshold})
    for periods in (20, 60, 100, 252):
        pieces = [deepest(r[i:i + periods]) for i in range(0, len(r), periods)]
        yearly = np.prod(1 + r) ** (periods / len(r)) - 1
        golden.case("sterling_ratio", name, {"sterling": yearly / (np.mean(pieces) + 0.1), "yearly_return": yearly,
                                             "mean_drawdown": np.mean(pieces)}, {"periods": periods})
    for limit, level in ((0.1, 0.95), (0.02, 0.99), (0.001, 0.9), (0.9, 0.95)):
        var = -np.quantile(r, 1 - level)
        golden.case("risk_adjusted_sizing", name, {
            "size": min(1, limit / max(deepest(r), var)), "drawdown": deepest(r), "value_at_risk": var},
            {"max_drawdown": limit, "var_confidence": level})


def earn(exposure, r):
    earned = pd.Series(np.asarray(exposure, dtype=float)).shift(1).fillna(0) * r
    return {"exposure": exposure, "earned": earned, "equity": np.maximum(0, 1 + earned).cumprod()}


def by_row(golden, name, values):
    r = pd.Series(values)
    capital = (1 + r).cumprod()
    fast, slow = r.rolling(20).std(), r.rolling(80).std()
    spike = fast / slow
    golden.case("market_stress_indicators", name, {
        "drawdown": 1 - capital / np.maximum(1, capital.cummax()), "volatility_ratio": spike,
        "stress": (np.minimum(1, (1 - capital / np.maximum(1, capital.cummax())) / 0.2)
                   + (spike - 1).clip(0, 1).fillna(0)) / 2})
    high = capital.rolling(50, min_periods=1).max()
    losses = 1 - capital / high
    under = losses.gt(0).groupby(losses.eq(0).cumsum()).cumsum()
    golden.case("maximum_drawdown_model", name, {
        "drawdown": losses, "maximum_drawdown": losses.rolling(50, min_periods=1).max(), "rows_under": under,
        "recovered": capital >= 0.95 * high}, {"lookback_window": 50})
    for model, window, hold in (("dynamic_risk_adjustment", 60, 1), ("volatility_targeting_risk", 20, 20),
                                ("volatility_targeting_sizing", 30, 3)):
        volatility = r.rolling(window).std() * np.sqrt(YEAR)
        wanted = np.minimum(2, 0.15 / volatility)
        decided = wanted.where((np.arange(len(r)) - (window - 1)) % hold == 0).ffill().fillna(0)
        golden.case(model, name, {"volatility": volatility, **earn(decided, r)},
                    {"window": window, "rebalance_window": hold})
    golden.case("max_drawdown_protection", name, protection(values, -0.04, 10),
                {"max_drawdown_threshold": -0.04, "protection_window": 10})
    kelly = (r.rolling(60).mean() - 0.02 / YEAR) / r.rolling(60).var()
    golden.case("kelly_criterion", name, {"kelly": kelly, "size": (kelly / 2).clip(0, 1).fillna(0)}, {"window": 60})
    lower = r.rolling(60).mean() - stats.norm.ppf(0.8) * r.rolling(60).std() / np.sqrt(60)
    cautious = lower / r.rolling(60).var()
    golden.case("kelly_criterion_bayesian", name, {
        "lower_mean": lower, "kelly": cautious, "size": cautious.clip(0, 0.25).fillna(0)},
        {"window": 60, "confidence_level": 0.8})
    momentum = np.tanh(r.rolling(20).mean() * np.sqrt(20) / fast).fillna(0)
    calm = np.tanh(slow / fast - 1).fillna(0)
    golden.case("dynamic_position_sizing", name, {
        "momentum": momentum, "calm": calm, "size": (0.1 * (1 + 0.3 * momentum + 0.3 * calm)).clip(0, 0.5)})


def protection(r, threshold, window):
    capital, high, out, rows = 1.0, 1.0, 0, []
    for value in r:
        capital *= 1 + value
        high = max(high, capital)
        fall = capital / high - 1
        if out:
            out -= 1
            high = high if out else capital
        elif fall <= threshold:
            out = window
        rows.append((fall, float(out == 0)))
    rows = np.array(rows)
    return {"drawdown": rows[:, 0], **earn(rows[:, 1], pd.Series(r))}


def assets(golden, name, x):
    r = x.mean(axis=1)
    down = np.sqrt((np.minimum(0, r - 0.02 / YEAR) ** 2).mean())
    quantile = np.quantile(r, 0.05)
    volatility = r.std(ddof=1) * np.sqrt(YEAR)
    for target in (0.15, 0.05):
        golden.case("portfolio_risk", name, {
            "yearly_return": r.mean() * YEAR, "volatility": volatility,
            "sharpe": (r.mean() * YEAR - 0.02) / volatility,
            "sortino": (r.mean() * YEAR - 0.02) / (down * np.sqrt(YEAR)), "value_at_risk": -quantile,
            "expected_shortfall": -r[r <= quantile].mean(), "drawdown": deepest(r),
            "diversification": x.std(axis=0, ddof=1).mean() / r.std(ddof=1), "exposure": target / volatility},
            {"target_volatility": target})
    for model, window, every in (("dynamic_risk_parity", 120, {}), ("risk_parity_sizing", 60, {}),
                                 ("dynamic_risk_parity", 90, {"rebalance_freq": "quarterly"}),
                                 ("risk_parity_sizing", 50, {"rebalance_freq": "weekly"})):
        step = {"weekly": 5, "quarterly": 63}[every["rebalance_freq"]] if every else 21 if window == 120 else 1
        until = window + (len(x) - window) // step * step
        c = np.cov(x[until - window:until].T)
        scale = 1 / np.sqrt(np.diag(c)).mean() ** 2
        found = optimize.minimize(lambda y: 0.5 * y @ (scale * c) @ y - np.log(y).mean(), np.ones(len(c)),
                                  jac=lambda y: scale * c @ y - 1 / y / len(c), method="L-BFGS-B",
                                  bounds=[(1e-6, None)] * len(c), options={"ftol": 1e-16, "gtol": 1e-13,
                                                                           "maxiter": 100000})
        part = found.x / found.x.sum()
        golden.case(model, name, {
            "part": part, "risk_share": np.full(len(c), 1 / len(c)),
            "exposure": part * 0.1 / np.sqrt(part @ c @ part * YEAR)}, {"window": window, "target_volatility": 0.1, **every},
            tolerance=1e-6, all_rows=True)
    for target in (0.05, 0.1, 0.2):
        c, mean = np.cov(x.T), x.mean(axis=0)
        n = len(c)
        system = np.block([[2 * c, np.ones((n, 1)), mean[:, None]], [np.ones((1, n)), np.zeros((1, 2))],
                           [mean[None], np.zeros((1, 2))]])
        part = np.linalg.solve(system, np.r_[np.zeros(n), 1, target / YEAR])[:n]
        scale = min(1, 0.08 / np.sqrt(part @ c @ part * YEAR))
        golden.case("portfolio_optimization_sizing", name, {"part": part, "size": part * scale},
                    {"target_return": target, "target_volatility": 0.08}, tolerance=1e-7, all_rows=True)
    correlation = np.abs(np.corrcoef(x.T))
    np.fill_diagonal(correlation, 0)
    for threshold in (0.3, 0.5):
        together = (correlation > threshold).sum(axis=0)
        golden.case("correlation_sizing", name, {
            "mean_correlation": correlation.sum(axis=0) / (len(correlation) - 1), "together": together,
            "size": 0.1 / (1 + together)}, {"correlation_threshold": threshold}, all_rows=True)


golden = Golden(__file__, "risk")
bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv")
rng = np.random.default_rng(17)
for name, r in (("sp500", bars["close"].pct_change().to_numpy()[2150:2400]),
                ("drawn", 0.012 * rng.standard_t(5, size=220) + 0.0005)):
    benchmark = 0.7 * r + 0.004 * rng.normal(size=len(r))
    golden.input(name, {"returns": r, "benchmark": benchmark})
    summaries(golden, name, r)
    ratios(golden, name, r, benchmark)
    by_row(golden, name, r)
for name, count in (("three", 3), ("six", 6)):
    x = 0.01 * rng.normal(size=(150, count)) * np.linspace(0.5, 1.5, count) + 0.006 * rng.normal(size=(150, 1)) + 0.0004
    golden.input(name, {f"a{i}": x[:, i] for i in range(count)})
    assets(golden, name, x)
golden.write()
