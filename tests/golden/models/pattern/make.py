# SPDX-License-Identifier: Apache-2.0
"""Golden values of the pattern family: TA-Lib's engulfing candles, and the definitions of the family's page."""
import pathlib
import sys

import numpy as np
import pandas as pd
import talib

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402


def market(name):
    if name == "sp500":
        bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv").iloc[2100:2400]
        return bars[["open", "high", "low", "close"]].astype(float).reset_index(drop=True)
    rng = np.random.default_rng(41)
    t = np.arange(300)
    close = 60 + 9 * np.sin(t / 11) + 5 * np.sin(t / 37) + 0.02 * t + np.cumsum(0.35 * rng.normal(size=300))
    opened = np.r_[close[0], close[:-1]] + 0.3 * rng.normal(size=300)
    high = np.maximum(opened, close) + 0.5 * rng.random(300)
    low = np.minimum(opened, close) - 0.9 * rng.random(300)
    return pd.DataFrame({"open": opened, "high": high, "low": low, "close": close})


def candles(golden, name, b):
    body, span = b.close - b.open, b.high - b.low
    doji = (span > 0) & (body.abs() <= 0.1 * span)
    below, above = np.minimum(b.open, b.close) - b.low, b.high - np.maximum(b.open, b.close)
    shape = (body.abs() > 0) & (below >= 2 * body.abs()) & (above <= 0.5 * body.abs())
    fallen = np.sign(b.close.shift(5) - b.close.shift(1)).fillna(0)
    hammer = np.where(shape, fallen, 0)
    engulfing = np.sign(talib.CDLENGULFING(*(b[c].to_numpy() for c in ("open", "high", "low", "close"))))
    golden.case("candlestick_pattern_model", name, {
        "doji": doji, "hammer": hammer, "engulfing": engulfing,
        "signal": np.where(doji, 0, np.sign(hammer + engulfing))})


def known_pivots(b, reach):
    """[(row at which it is known, row, price, sign)] in the order in which they become known, highs first."""
    high, low, found = b.high.to_numpy(), b.low.to_numpy(), []
    for row in range(reach, len(b) - reach):
        for values, sign in ((high, 1), (-low, -1)):
            if values[row] > values[row - reach:row].max() and values[row] >= values[row + 1:row + reach + 1].max():
                found.append((row + reach, row, sign * values[row], sign))
    return found


def stand(rows, changes):
    """Values that stand from the row of a change to the next: changes is {row: tuple}."""
    width = len(next(iter(changes.values())))
    out = pd.DataFrame(np.nan, index=range(rows), columns=range(width))
    for row, values in changes.items():
        out.loc[row] = values
    return out.ffill().fillna(0)


def charts(golden, name, b):
    pivots = known_pivots(b, 3)
    shapes, doubles = {}, {}
    for known in sorted({p[0] for p in pivots}):
        so_far = [p for p in pivots if p[0] <= known]
        highs = [p for p in so_far if p[3] == 1][-8:]
        lows = [p for p in so_far if p[3] == -1][-8:]
        head = 0
        if len(lows) > 2:
            a, m, c = (p[2] for p in lows[-3:])
            head += 1 - m / min(a, c) > 0.02 and abs(a / c - 1) <= 0.02
        if len(highs) > 2:
            a, m, c = (p[2] for p in highs[-3:])
            head -= m / max(a, c) - 1 > 0.02 and abs(a / c - 1) <= 0.02
        triangle = wedge = 0
        if len(highs) > 1 and len(lows) > 1:
            up, down = highs[-1][2] - highs[-2][2], lows[-1][2] - lows[-2][2]
            triangle = up < 0 < down
            wedge = -1 if down > up > 0 else 1 if up < down < 0 else 0
        shapes[known] = (head, triangle, wedge)
        doubles[known] = tuple(is_double(same, other, sign) for same, other, sign in ((highs, lows, 1),
                                                                                      (lows, highs, -1)))
    found = stand(len(b), shapes)
    golden.case("chart_pattern_recognition", name, {
        "head_shoulders": found[0], "triangle": found[1], "wedge": found[2],
        "signal": np.where(found[1] != 0, 0, np.sign(found[0] + found[2]))}, {"reach": 3})
    found = stand(len(b), doubles)
    golden.case("pattern_recognition", name, {"double_top": found[0], "double_bottom": found[1],
                                              "signal": found[1] - found[0]},
                {"reach": 3, "pattern_threshold": 0.03})


def is_double(same, other, sign):
    if len(same) < 2 or same[-1][1] - same[-2][1] > 50 or abs(same[-1][2] / same[-2][2] - 1) > 0.03:
        return 0
    level = min(same[-1][2], same[-2][2]) if sign == 1 else max(same[-1][2], same[-2][2])
    return int(any(same[-2][1] < o[1] < same[-1][1] and sign * (level / o[2] - 1) > 0.03 for o in other))


def waves(golden, name, b):
    ratios = np.array([0.382, 0.618, 1.618])
    turns, changes = [], {}
    for known, row, price, sign in known_pivots(b, 2):
        if turns and turns[-1][1] == sign:
            if sign * price > sign * turns[-1][0]:
                turns[-1] = (price, sign)
        else:
            turns.append((price, sign))
        found = (0, 0.0, 0.0)
        if len(turns) >= 6:
            sign = turns[-1][1]
            p = [sign * t[0] for t in turns[-6:]]
            ways = np.abs(np.diff(p))
            if p[2] > p[0] and p[3] > p[1] and p[4] > p[1] and p[5] > p[3] and not (ways[2] < ways[0]
                                                                                     and ways[2] < ways[4]):
                asked = [ways[1] / ways[0], ways[2] / ways[0], ways[3] / ways[2]]
                near = [max(0, 1 - 2 * np.abs(ratios - a).min()) for a in asked]
                found = (sign, float(np.mean(near)), float(asked[0]))
        changes[known] = found
    out = stand(len(b), changes)
    signal = np.zeros(len(b))
    for row, values in changes.items():
        signal[row] = -values[0]
    golden.case("elliott_wave_model", name, {"impulse": out[0], "score": out[1], "retracement": out[2],
                                             "signal": signal}, {"minimum_wave_length": 2})


def levels(golden, name, b):
    upper, lower = b.high.rolling(20).max().shift(1), b.low.rolling(20).min().shift(1)
    excess = pd.Series(np.where(b.close > upper, b.close / upper - 1, np.where(
        b.close < lower, b.close / lower - 1, 0.0))).where(upper.notna())
    golden.case("breakout_detection_model", name, {
        "upper": upper, "lower": lower, "excess": excess,
        "signal": (excess > 0.005).astype(float) - (excess < -0.005)}, {"threshold": 0.005})
    support, resistance = b.low.rolling(30).min(), b.high.rolling(30).max()
    golden.case("support_resistance_model", name, {
        "support": support, "resistance": resistance,
        "support_touches": b.low.rolling(30).apply(lambda w: (w <= w.min() * 1.01).sum(), raw=True),
        "resistance_touches": b.high.rolling(30).apply(lambda w: (w >= w.max() * 0.99).sum(), raw=True),
        "near": (b.close <= support * 1.01).astype(float) - (b.close >= resistance * 0.99)}, {"window": 30})
    top, flag_low = b.high.rolling(15).max(), b.low.rolling(5).min()
    pole, depth = top / b.low.rolling(10).min().shift(5) - 1, 1 - flag_low / top
    flag = (pole >= 0.04) & (depth <= 0.04)
    golden.case("high_tight_flag_model", name, {
        "pole": pole, "depth": depth, "flag": flag,
        "signal": flag.shift(1, fill_value=False) & (b.close > b.high.rolling(5).max().shift(1))},
        {"flag_duration": 5, "pole_duration": 10, "pole_height": 0.04, "flag_depth": 0.04})


golden = Golden(__file__, "pattern", rows=20)
for name in ("sp500", "swings"):
    bars = market(name)
    golden.input(name, {c: bars[c] for c in bars})
    candles(golden, name, bars)
    charts(golden, name, bars)
    waves(golden, name, bars)
    levels(golden, name, bars)
golden.write()
