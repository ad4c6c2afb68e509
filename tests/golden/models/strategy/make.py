# SPDX-License-Identifier: Apache-2.0
"""Golden values of the strategy family: the definitions of its page; cointegration by statsmodels' p-values."""
import pathlib
import sys

import numpy as np
import pandas as pd
from statsmodels.tsa.adfvalues import mackinnonp

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

COST = 0.0005


def backtest(legs, position):
    """legs: what a unit of the position earns a row."""
    held = pd.Series(position).shift(1).fillna(0)
    earned = held * legs - COST * held.diff().abs().fillna(0)
    return {"position": position, "earned": earned, "equity": (1 + earned).cumprod()}


def turtle(golden, name, b):
    before = b.close.shift(1)
    true = pd.concat([b.high - b.low, (b.high - before).abs(), (b.low - before).abs()], axis=1).max(axis=1)
    ranges = np.full(len(b), np.nan)
    ranges[9] = true[:10].mean()
    for i in range(10, len(b)):
        ranges[i] = ranges[i - 1] + (true[i] - ranges[i - 1]) / 10
    upper, lower = b.high.rolling(12).max().shift(1), b.low.rolling(12).min().shift(1)
    out_high, out_low = b.high.rolling(6).max().shift(1), b.low.rolling(6).min().shift(1)
    position, now = np.zeros(len(b)), 0.0
    for i, close in enumerate(b.close):
        if (now > 0 and close < out_low[i]) or (now < 0 and close > out_high[i]):
            now = 0.0
        side = float(close > upper[i]) - float(close < lower[i])
        if now == 0 and side and ranges[i] > 0:
            now = side * min(1, 0.02 * close / (2 * ranges[i]))
        position[i] = now
    golden.case("turtle_trading", name, {"upper": upper, "lower": lower, "range": ranges,
                                         **backtest(b.close.pct_change().fillna(0), position)},
                {"entry_breakout": 12, "exit_breakout": 6, "atr_period": 10})


def pairs(golden, name, y, x, window, level):
    beta, z, p = (np.full(len(y), np.nan) for _ in range(3))
    for i in range(window - 1, len(y)):
        a, b = x[i - window + 1:i + 1], y[i - window + 1:i + 1]
        design = np.column_stack([a, np.ones(window)])
        found = np.linalg.lstsq(design, b, rcond=None)[0]
        e = b - design @ found
        beta[i], z[i] = found[0], e[-1] / np.sqrt((e**2).sum() / (window - 2))
        slope = (e[:-1] @ np.diff(e)) / (e[:-1] @ e[:-1])
        rest = np.diff(e) - slope * e[:-1]
        t = slope / np.sqrt((rest @ rest) / (window - 2) / (e[:-1] @ e[:-1]))
        p[i] = mackinnonp(t, "c", 2)
    position, now = np.zeros(len(y)), 0.0
    for i in range(len(y)):
        if now and (abs(z[i]) <= 0.4 or z[i] * now > 0):
            now = 0.0
        if now == 0 and abs(z[i]) >= 1.5 and (level is None or p[i] <= level):
            now = -np.sign(z[i])
        position[i] = now
    legs = (pd.Series(y).pct_change() - pd.Series(x).pct_change()).fillna(0) / 2
    expected = {"beta": beta, "zscore": z, **backtest(legs, position)}
    parameters = {"lookback": window, "entry_z": 1.5, "exit_z": 0.4}
    if level is None:
        golden.case("mean_reversion_pairs", name, expected, parameters, tolerance=1e-8)
    else:
        golden.case("pairs_trading_model", name, {**expected, "p_value": p},
                    {**parameters, "cointegration_threshold": level}, tolerance=1e-8)


golden = Golden(__file__, "strategy", rows=15)
bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv").iloc[2200:2400].reset_index(drop=True)
rng = np.random.default_rng(19)
for name, b in (("sp500", bars[["high", "low", "close"]].astype(float)), ("walk", None)):
    if b is None:
        close = 50 * np.exp(np.cumsum(0.02 * rng.normal(size=200)))
        b = pd.DataFrame({"high": close * (1 + 0.01 * rng.random(200)), "low": close * (1 - 0.01 * rng.random(200)),
                          "close": close})
    noise = np.zeros(200)
    for i in range(1, 200):
        noise[i] = 0.7 * noise[i - 1] + rng.normal()
    reference = 0.6 * b["close"].to_numpy() + 10 + 0.01 * b["close"].mean() * noise
    golden.input(name, {**{c: b[c] for c in b}, "reference": reference})
    turtle(golden, name, b)
    pairs(golden, name, b["close"].to_numpy(), reference, 40, None)
    pairs(golden, name, b["close"].to_numpy(), reference, 60, 0.1)
golden.write()
