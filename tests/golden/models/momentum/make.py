# SPDX-License-Identifier: Apache-2.0
"""Golden values of the momentum family: the strategies' definitions in pandas, and the back-test as vectors."""
import pathlib
import sys

import numpy as np
import pandas as pd

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

COST = 0.0005


def sides(values, threshold):
    return (values > threshold).astype(float) - (values < -threshold).astype(float)


def backtest(price, position):
    position = pd.Series(np.asarray(position, dtype=float), index=price.index)
    held = position.shift(1).fillna(0)
    earned = held * price.pct_change().fillna(0) - COST * held.diff().abs().fillna(0)
    return {"position": position, "earned": earned, "equity": (1 + earned).cumprod()}


def portfolio(prices, parts):
    """parts: one row of shares a row of prices, decided at its close."""
    held = pd.DataFrame(parts, index=prices.index, columns=prices.columns).shift(1).fillna(0)
    earned = (held * prices.pct_change().fillna(0)).sum(axis=1) - COST * held.diff().abs().sum(axis=1)
    return {"earned": earned, "equity": (1 + earned).cumprod()}


def one_asset(golden, name, b):
    close = b["close"]
    momentum = close.pct_change(20)
    golden.case("simple_momentum", name, {"momentum": momentum, **backtest(close, sides(momentum, 0.01))})
    mean = (close.pct_change(7) + close.pct_change(50)) / 2
    golden.case("time_series_momentum", name, {"momentum": mean, **backtest(close, sides(mean, 0.02))})
    volatility = close.pct_change().rolling(30).std()
    golden.case("risk_adjusted_momentum", name, {
        "momentum": momentum, "volatility": volatility, "ratio": momentum / (volatility * np.sqrt(20)),
        **backtest(close, np.where(volatility < 0.025, sides(momentum, 0.01), 0))},
        {"volatility_window": 30, "volatility_threshold": 0.025})
    relative = b["volume"] / b["volume"].rolling(20).mean().shift(1)
    golden.case("volume_confirmed_momentum", name, {
        "momentum": momentum, "relative_volume": relative,
        **backtest(close, np.where(relative > 1.1, sides(momentum, 0.01), 0))}, {"volume_threshold": 1.1})
    other = close.pct_change(40) - b["reference"].pct_change(40)
    golden.case("dual_momentum", name, {
        "absolute": momentum, "relative": other, **backtest(close, (momentum > 0.0) & (other > 0.01))},
        {"absolute_threshold": 0.0, "relative_window": 40, "relative_threshold": 0.01})


def best(momentum, least):
    """Column of the largest momentum of each row; -1 where none is above least."""
    values = momentum.to_numpy()
    chosen = np.full(len(values), -1)
    for row, line in enumerate(values):
        if np.isfinite(line).all() and line.max() > least:
            chosen[row] = line.argmax()
    return chosen


def shares(chosen, columns):
    return np.array([[float(c == i) for i in range(columns)] for c in chosen])


def rotations(golden, name, prices):
    momentum = prices.pct_change(20)
    least = momentum.quantile(0.7, axis=1)
    chosen = momentum.ge(least, axis=0)
    parts = chosen.div(chosen.sum(axis=1).replace(0, np.nan), axis=0).fillna(0).to_numpy()
    golden.case("cross_sectional_momentum", name, {
        "threshold": least, "momentum": momentum.where(chosen).mean(axis=1), "chosen": chosen.sum(axis=1),
        **portfolio(prices, parts)})
    momentum = prices.pct_change(30)
    picks = best(momentum, 0.02)
    golden.case("sector_rotation_momentum", name, {
        "chosen": picks, "momentum": momentum.max(axis=1), **portfolio(prices, shares(picks, prices.shape[1]))},
        {"window": 30, "sector_threshold": 0.02})
    momentum = prices.pct_change(40)
    picks = best(momentum, 0)
    for row in range(40, len(picks)):
        if (row - 40) % 5:
            picks[row] = picks[row - 1]
    golden.case("dual_momentum_system", name, {
        "chosen": picks, "momentum": momentum.max(axis=1), **portfolio(prices, shares(picks, prices.shape[1]))},
        {"lookback": 40, "rebalance_freq": "weekly"})


golden = Golden(__file__, "momentum")
bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv").iloc[2180:2380].reset_index(drop=True)
rng = np.random.default_rng(8)
for name, close, volume in (("sp500", bars["close"], bars["volume"]),
                            ("walk", pd.Series(50 * np.exp(np.cumsum(0.02 * rng.normal(size=200)))),
                             pd.Series(np.round(1e5 * np.exp(0.5 * rng.normal(size=200)))))):
    reference = close * np.exp(np.cumsum(0.008 * rng.normal(size=200)))
    columns = {"close": close, "reference": reference, "volume": volume}
    one_asset(golden, name, golden.input(name, {k: v.astype(float) for k, v in columns.items()}) and columns)
for name, assets, drift in (("four", 4, 0.001), ("seven", 7, -0.001)):
    prices = pd.DataFrame({f"a{i}": 100 * np.exp(np.cumsum(drift + 0.015 * rng.normal(size=160)))
                           for i in range(assets)})
    golden.input(name, {c: prices[c] for c in prices})
    rotations(golden, name, prices)
golden.write()
