# SPDX-License-Identifier: Apache-2.0
"""Indicators beside ta and the formulas over pandas that it is made of."""
ROWS, DATA, BESIDE = 100_000, "bars", "ta, pandas"


def given(columns):
    import pandas as pd
    return pd.DataFrame(columns)


def of(module, name, result, columns, **options):
    """A function that computes one result of a class of ta over columns of the bars."""
    def compute(bars):
        import importlib
        made = getattr(importlib.import_module(f"ta.{module}"), name)(*(bars[column] for column in columns.split()), **options)
        return getattr(made, result)()
    return compute


def all_bands(bars):
    from ta.volatility import BollingerBands
    bands = BollingerBands(bars["close"])
    bands.bollinger_hband(), bands.bollinger_lband(), bands.bollinger_pband(), bands.bollinger_wband()
    return bands.bollinger_mavg()


def all_of_macd(bars):
    from ta.trend import MACD
    macd = MACD(bars["close"])
    macd.macd_signal(), macd.macd_diff()
    return macd.macd()


def case(model, compute, **more):
    return {"model": model, "target": None, "compute": compute, **more}


CASES = [
    case("accumulation_distribution_line", of("volume", "AccDistIndexIndicator", "acc_dist_index", "high low close volume")),
    case("bollinger_bands", all_bands),
    case("commodity_channel_index", of("trend", "CCIIndicator", "cci", "high low close"), repeats=1),
    case("ema", of("trend", "EMAIndicator", "ema_indicator", "close", window=20)),
    case("macd_model", all_of_macd),
    case("momentum_oscillator", lambda bars: bars["close"].diff(10)),
    case("obv_model", of("volume", "OnBalanceVolumeIndicator", "on_balance_volume", "close volume")),
    case("parabolic_sar", of("trend", "PSARIndicator", "psar", "high low close"), repeats=1),
    case("roc", of("momentum", "ROCIndicator", "roc", "close")),
    case("rsi_model", of("momentum", "RSIIndicator", "rsi", "close")),
    case("sma", of("trend", "SMAIndicator", "sma_indicator", "close", window=20)),
    case("stochastic_model", of("momentum", "StochasticOscillator", "stoch", "high low close")),
    case("volume_price_trend_model", of("volume", "VolumePriceTrendIndicator", "volume_price_trend", "close volume")),
    case("volume_weighted_price", of("volume", "VolumeWeightedAveragePrice", "volume_weighted_average_price",
                                     "high low close volume", window=20)),
    case("williams_r_model", of("momentum", "WilliamsRIndicator", "williams_r", "high low close")),
]
