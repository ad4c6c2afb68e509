# SPDX-License-Identifier: Apache-2.0
"""Golden values of the indicators over bars: ta and TA-Lib where they have them, else the formula of the family's page
in pandas, row by row where that is plainest."""
import itertools
import pathlib
import sys

import numpy as np
import pandas as pd
import ta
import talib

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402


def market(name):
    if name == "sp500":
        bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv").iloc[2180:2400]
        return bars[["open", "high", "low", "close", "volume"]].astype(float).reset_index(drop=True)
    rng = np.random.default_rng(23)
    close = 40 * np.exp(np.cumsum(0.03 * rng.normal(size=220)))
    opened = np.r_[close[0], close[:-1]] * (1 + 0.005 * rng.normal(size=220))
    high = np.maximum(opened, close) * (1 + 0.01 * rng.random(220))
    low = np.minimum(opened, close) * (1 - 0.01 * rng.random(220))
    volume = np.round(1e5 * np.exp(0.6 * rng.normal(size=220)))
    return pd.DataFrame({"open": opened, "high": high, "low": low, "close": close, "volume": volume})


def sides(values, threshold):
    return (values > threshold).astype(float) - (values < -threshold).astype(float)


def relative(volume, window):
    return volume / volume.rolling(window).mean().shift(1)


def share_not_above(values):
    return (values <= values[-1]).mean()


def least_squares_groups(values, k):
    """The partition of sorted values that has the least sum of squares, by trying all."""
    ordered = np.sort(values)
    best = (np.inf, None)
    for cuts in itertools.combinations(range(1, len(ordered)), k - 1):
        edges = (0, *cuts, len(ordered))
        parts = [ordered[a:b] for a, b in zip(edges, edges[1:])]
        cost = sum(((p - p.mean()) ** 2).sum() for p in parts)
        if cost < best[0] - 1e-9 * (1 + abs(cost)):
            best = (cost, parts)
    for number, part in enumerate(best[1]):
        if values[-1] <= part[-1]:
            return number, part.mean()


def volumes(golden, name, b):
    close, volume, typical = b.close, b.volume, (b.high + b.low + b.close) / 3
    obv = pd.Series(talib.OBV(close.to_numpy(), volume.to_numpy()))
    golden.case("obv_model", name, {"obv": obv})
    golden.case("accumulation_distribution_line", name,
                {"line": ta.volume.AccDistIndexIndicator(b.high, b.low, close, volume).acc_dist_index()})
    golden.case("volume_price_trend_model", name,
                {"trend": (close.pct_change() * volume).cumsum()})
    golden.case("volume_weighted_price", name, {"vwap": ta.volume.VolumeWeightedAveragePrice(
        b.high, b.low, close, volume, 20).volume_weighted_average_price()})
    vwap = (typical * volume).rolling(12).sum() / volume.rolling(12).sum()
    spoken = relative(volume, 12) > 1.2
    golden.case("volume_weighted", name, {"vwap": vwap, "relative_volume": relative(volume, 12),
                                          "signal": np.where(spoken, np.sign(close - vwap).fillna(0), 0)},
                {"window": 12, "volume_threshold": 1.2})
    golden.case("volume_spike_model", name, {"relative_volume": relative(volume, 20),
                                             "spike": relative(volume, 20) > 1.6}, {"threshold": 1.6})
    momentum = volume.rolling(10).mean() / volume.rolling(30).mean() - 1
    golden.case("volume_momentum", name, {"momentum": momentum, "signal": sides(momentum, 0.1)})
    correlation = close.rolling(20).corr(volume)
    golden.case("volume_price_relationship", name, {"correlation": correlation,
                                                    "relationship": sides(correlation, 0.4)},
                {"relationship_threshold": 0.4})
    golden.case("volume_price_analysis_model", name, {
        "correlation": close.pct_change().rolling(15).corr(volume.diff()), "relative_volume": relative(volume, 15)},
        {"correlation_window": 15})
    against = close.rolling(20).corr(obv)
    moved = np.sign(close - close.shift(19)).fillna(0)
    golden.case("volume_divergence", name, {"correlation": against, "signal": np.where(against < -0.3, -moved, 0)})
    change = close.pct_change()
    loud = (relative(volume, 20) > 1.1) & (change.abs() > 0.01)
    golden.case("volume_confirmed_breakout_model", name, {
        "change": change, "relative_volume": relative(volume, 20), "signal": np.where(loud, np.sign(change), 0)},
        {"volume_threshold": 1.1, "price_threshold": 0.01})
    effort = volume.rolling(20).apply(share_not_above, raw=True)
    result = (b.high - b.low).rolling(20).apply(share_not_above, raw=True)
    golden.case("vpa_model", name, {"effort": effort, "result": result, "signal": np.where(
        (effort > 0.6) & (result < 0.4), -np.sign(close.diff()), 0)}, {"effort_threshold": 0.6})
    groups = [(np.nan, np.nan)] * 11 + [least_squares_groups(volume.to_numpy()[i - 11:i + 1], 3)
                                        for i in range(11, len(volume))]
    golden.case("volume_clustering", name, {"cluster": [g[0] for g in groups], "centre": [g[1] for g in groups]},
                {"window": 12})


def oscillators(golden, name, b):
    close = b.close
    for model, window in (("roc_model", 12), ("roc", 5)):
        golden.case(model, name, {"roc": ta.momentum.ROCIndicator(close, window).roc()}, {"window": window})
    golden.case("momentum_oscillator", name, {"momentum": talib.MOM(close.to_numpy(), 10)})
    stochastic = ta.momentum.StochasticOscillator(b.high, b.low, close, 14, 3)
    golden.case("stochastic_model", name, {"k": stochastic.stoch(), "d": stochastic.stoch().rolling(3).mean()})
    golden.case("williams_r_model", name, {"r": ta.momentum.WilliamsRIndicator(b.high, b.low, close, 14).williams_r()})

    def cci(window):
        return ta.trend.CCIIndicator(b.high, b.low, close, window, 0.015).cci()
    golden.case("commodity_channel_index", name, {"cci": cci(20)})
    for model, windows in (("cci_ensemble", (14, 20, 50)), ("cci_ensemble_ind", (14, 20, 30))):
        each = np.column_stack([cci(w) for w in windows])
        votes = (each > 60).astype(float) - (each < -60)
        golden.case(model, name, {"cci": each.mean(axis=1), "vote": votes.mean(axis=1), "signal": np.where(
            (votes > 0).all(axis=1), 1, np.where((votes < 0).all(axis=1), -1, 0))}, {"threshold": 60.0})
    for model, window, threshold in (("rolling_mean_reversion", 20, 2.0), ("rolling_mean_reversion_ind", 9, 1.5)):
        mean, deviation = close.rolling(window).mean(), close.rolling(window).std()
        z = (close - mean) / deviation
        golden.case(model, name, {"mean": mean, "zscore": z, "signal": -sides(z, threshold)},
                    {"window": window, "threshold": threshold})
    rsi = talib.RSI(close.to_numpy(), 14)
    macd = close.ewm(span=12, min_periods=12, adjust=False).mean() - close.ewm(span=26, min_periods=26,
                                                                             adjust=False).mean()
    golden.case("oscillator", name, {"rsi": rsi, "macd": macd,
                                     "oscillator": ((rsi - 50) / 50 + np.tanh(100 * macd / close)) / 2})


def zigzag(b, sensitivity, confirmation):
    previous = b.close.shift(1)
    true = pd.concat([b.high - b.low, (b.high - previous).abs(), (b.low - previous).abs()], axis=1).max(axis=1)
    ranges = np.full(len(b), np.nan)
    ranges[13] = true[:14].mean()
    for i in range(14, len(b)):
        ranges[i] = (13 * ranges[i - 1] + true[i]) / 14
    trend, extreme, against, rows = 1, b.close[0], 0, []
    for i, close in enumerate(b.close):
        extreme = max(extreme, close) if trend == 1 else min(extreme, close)
        far = abs(extreme - close) > ranges[i] / sensitivity
        against = against + 1 if far else 0
        turned = against >= confirmation
        if turned:
            trend, extreme, against = -trend, close, 0
        rows.append((trend, extreme, trend if turned else 0))
    return np.array(rows, dtype=float)


def switching(close, lookback, weight):
    change = close.pct_change()
    variance = (change ** 2)[1:].ewm(alpha=weight, adjust=False).mean().reindex(close.index)
    turbulent = variance > variance.expanding().mean() * (1 + 1e-12)
    momentum = close.pct_change(lookback)
    return {"momentum": momentum, "volatility": np.sqrt(variance.fillna(0)), "turbulent": turbulent,
            "signal": np.sign(momentum).fillna(0) * np.where(turbulent, -1, 1)}


def trends(golden, name, b):
    close, high, low = b.close, b.high.to_numpy(), b.low.to_numpy()
    for model, lookback, threshold in (("momentum_breakout_model", 20, 0.02), ("momentum_breakout", 10, 0.03)):
        momentum = close.pct_change(lookback)
        upper, lower = close.rolling(lookback).max().shift(1), close.rolling(lookback).min().shift(1)
        golden.case(model, name, {"momentum": momentum, "upper": upper, "lower": lower, "signal": (
            ((close > upper) & (momentum > threshold)).astype(float) - ((close < lower) & (momentum < -threshold)))},
            {"lookback": lookback, "threshold": threshold})
    for model, start, step, most in (("parabolic_sar_model", 0.02, 0.02, 0.2), ("parabolic_sar", 0.03, 0.05, 0.3)):
        signed = talib.SAREXT(high, low, 0, 0, start, step, most, start, step, most)
        golden.case(model, name, {"sar": np.abs(signed), "direction": np.nan_to_num(np.sign(signed))},
                    {"af_start": start, "af_increment": step, "af_max": most})
    support, resistance = b.low.rolling(20).min(), b.high.rolling(20).max()
    golden.case("support_resistance_levels", name, {
        "support": support, "resistance": resistance, "position": (close - support) / (resistance - support),
        "near": (close <= 1.02 * support).astype(float) - (close >= 0.98 * resistance)})
    short, long = close.rolling(10).mean(), close.rolling(30).mean()
    golden.case("trend_analysis", name, {"short": short, "long": long, "strength": short / long - 1,
                                         "trend": sides(short / long - 1, 0.02)},
                {"short_window": 10, "long_window": 30})
    retreat, rebound = close / close.rolling(20).max() - 1, close / close.rolling(20).min() - 1
    since_top = close.rolling(20).apply(lambda w: np.argmax(w[::-1]), raw=True)
    since_bottom = close.rolling(20).apply(lambda w: np.argmin(w[::-1]), raw=True)
    golden.case("trend_reversal", name, {"retreat": retreat, "rebound": rebound, "signal": (
        ((since_bottom < since_top) & (rebound >= 0.02)).astype(float) - ((since_top < since_bottom)
                                                                           & (retreat <= -0.02)))})
    turns = zigzag(b, 0.5, 3)
    golden.case("trend_reversal_model", name, {"trend": turns[:, 0], "extreme": turns[:, 1], "signal": turns[:, 2]})
    golden.case("regime_switching_momentum", name, switching(close, 20, 0.1))


golden = Golden(__file__, "bars")
for name in ("sp500", "walk"):
    bars = market(name)
    golden.input(name, {c: bars[c] for c in bars})
    volumes(golden, name, bars)
    oscillators(golden, name, bars)
    trends(golden, name, bars)
golden.write()
