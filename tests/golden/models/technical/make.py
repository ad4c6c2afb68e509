# SPDX-License-Identifier: Apache-2.0
"""Golden values of the technical family, from pandas, ta and TA-Lib."""
import pathlib
import sys

import numpy as np
import pandas as pd
import ta
import talib

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import write  # noqa: E402


def inputs():
    bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv")
    yield "sp500", bars["close"].iloc[2200:2400].reset_index(drop=True)  # into the crisis of 2007
    rng = np.random.default_rng(7)
    yield "walk", pd.Series(50 + np.cumsum(rng.normal(size=120)))


def case(data, name, algorithm, close, parameters, expected):
    write(__file__, f"{data}-{name}", "technical", "compute", algorithm, parameters, 1e-9,
          {"input": {"close": close.to_numpy()}, "expected": {k: np.asarray(v) for k, v in expected.items()}})


def sides(fast, slow):
    position = np.sign((fast - slow).fillna(0)).to_numpy()
    signal, side = np.zeros(len(position)), 0.0
    for row, now in enumerate(position):
        if side and now == -side:
            signal[row] = now
        side = now or side
    return {"fast": fast, "slow": slow, "position": position, "signal": signal}


for data, close in inputs():
    for window in (1, 7, 20):
        case(data, f"sma_{window}", "sma", close, [("integer", "window", window)],
             {"sma": close.rolling(window).mean()})
    for span in (1, 12, 20):
        case(data, f"ema_{span}", "ema", close, [("integer", "span", span)],
             {"ema": close.ewm(span=span, adjust=False).mean()})
    for window in (2, 14):
        zero = ta.momentum.RSIIndicator(close, window).rsi()
        wilder = talib.RSI(close.to_numpy(), window)
        case(data, f"rsi_zero_{window}", "rsi", close,
             [("integer", "window", window), ("text", "start", "zero")], {"rsi": zero})
        case(data, f"rsi_mean_{window}", "rsi", close,
             [("integer", "window", window), ("text", "start", "mean")], {"rsi": wilder})
    rsi = talib.RSI(close.to_numpy(), 14)
    case(data, "rsi_signal", "rsi_signal", close,
         [("integer", "window", 14), ("number", "overbought", 60.0), ("number", "oversold", 40.0)],
         {"rsi": rsi, "signal": (rsi < 40).astype(float) - (rsi > 60)})
    for fast, slow, sign in ((12, 26, 9), (5, 20, 4)):
        macd = ta.trend.MACD(close, slow, fast, sign)
        case(data, f"macd_{fast}_{slow}", "macd", close,
             [("integer", "window_fast", fast), ("integer", "window_slow", slow), ("integer", "window_sign", sign)],
             {"macd": macd.macd(), "signal": macd.macd_signal(), "histogram": macd.macd_diff()})
    for window, width in ((20, 2.0), (10, 1.5)):
        bands = ta.volatility.BollingerBands(close, window, width)
        columns = {"middle": bands.bollinger_mavg(), "upper": bands.bollinger_hband(),
                   "lower": bands.bollinger_lband(), "percent_b": bands.bollinger_pband(),
                   "bandwidth": bands.bollinger_wband()}
        parameters = [("integer", "window", window), ("number", "window_dev", width)]
        case(data, f"bollinger_{window}", "bollinger", close, parameters, columns)
        columns["signal"] = (bands.bollinger_hband_indicator() - bands.bollinger_lband_indicator()).to_numpy()
        case(data, f"bollinger_signal_{window}", "bollinger_signal", close, parameters, columns)
    case(data, "sma_crossover", "sma_crossover", close, [("integer", "fast_period", 10), ("integer", "slow_period", 20)],
         sides(close.rolling(10).mean(), close.rolling(20).mean()))
    case(data, "ema_crossover", "ema_crossover", close, [("integer", "fast_period", 12), ("integer", "slow_period", 26)],
         sides(close.ewm(span=12, min_periods=12, adjust=False).mean(),
               close.ewm(span=26, min_periods=26, adjust=False).mean()))
