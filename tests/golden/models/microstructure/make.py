# SPDX-License-Identifier: Apache-2.0
"""Golden values of the microstructure family, from the definitions of its page in pandas."""
import pathlib
import sys

import numpy as np
import pandas as pd

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "microstructure")
bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv").iloc[1800:1980].reset_index(drop=True)
rng = np.random.default_rng(5)
walk = pd.Series(np.round(40 * np.exp(np.cumsum(0.01 * rng.normal(size=180))), 1))
for name, close, volume in (("sp500", bars["close"], bars["volume"].astype(float)), ("walk", walk, pd.Series(np.floor(rng.gamma(3, 1e5, size=180))))):
    half = close * (0.0002 + 0.0005 * rng.uniform(size=180))
    bid, ask = close - half * 2 * rng.uniform(size=180), close + half
    golden.input(name, {"close": close, "volume": volume, "bid": bid, "ask": ask})
    r = np.log(close).diff()
    middle, change = (bid + ask) / 2, close.diff()
    before = change.shift(1)
    both = (change * before).rolling(30).mean() - before.rolling(30).mean() * change[before.notna()].rolling(30).mean().reindex(change.index)
    measures = {"quoted": (ask - bid) / middle, "effective": 2 * (close - middle).abs() / middle,
                "roll": 2 * np.sqrt((-both).clip(lower=0)) / close}
    for chosen in measures:
        golden.case("bid_ask_spread_analysis", name, {"spread": measures[chosen], "mean_spread": measures[chosen].rolling(30).mean(), **measures},
                    {"spread_measure": chosen, "window": 30})
    sides = {"depth": (close * volume).rolling(20).mean()}
    sides["breadth"] = sides["depth"] / r.abs().rolling(20).mean()
    sides["resilience"] = 2 * (r**2).rolling(20).mean() / (np.log(close).diff(2)**2).rolling(20).mean()
    for metrics in (["depth", "breadth", "resilience"], ["depth"]):
        if len(metrics) == 3:
            golden.case("liquidity_assessment", name, {"score": sum(np.log(sides[m] / sides[m].expanding().mean()) for m in metrics) / len(metrics), **sides})
    for function, measure, order in (("square_root", "volume", 10000.0), ("linear", "turnover", 1e6), ("almgren", "volume", 50000.0)):
        usual, sigma = (volume * (close if measure == "turnover" else 1)).rolling(20).mean(), r.rolling(20).std()
        part = order / usual
        law = {"square_root": np.sqrt(part), "linear": part, "almgren": 0.157 * part + 0.142 * part**0.6}[function]
        golden.case("market_impact_models", name, {"impact": 0.8 * sigma * law, "participation": part, "volatility": sigma,
                                                   "cost": 0.8 * sigma * law * order * (1 if measure == "turnover" else close)},
                    {"impact_function": function, "liquidity_measure": measure, "order_size": order, "coefficient": 0.8})
    side = np.sign(change).replace(0, np.nan).ffill().fillna(0)
    total = volume.rolling(25).sum()
    share = ((1 + side) / 2 * volume).rolling(25).sum() / total
    golden.case("order_flow_analysis", name, {"signed_volume": side * volume, "buy_share": share,
                                              "signal": np.where(share.isna(), np.nan, (share > 0.55).astype(int) - (share < 0.45)),
                                              "toxicity": (side * volume).rolling(25).sum().abs() / total},
                {"time_bucket": 25, "flow_imbalance_threshold": 0.55})
    book = pd.DataFrame(rng.gamma(2, 300, size=(120, 6)) * np.exp(np.sin(np.arange(120) / 9))[:, None] ** np.array([1, 1, 1, -1, -1, -1]),
                        columns=["b1", "b2", "b3", "a1", "a2", "a3"])
    golden.input(name + "_book", book)
    for levels in (10, 2):
        k = min(levels, 3)
        weights = 0.5 ** np.arange(k)
        bids, asks = book[["b1", "b2", "b3"][:k]] @ weights, book[["a1", "a2", "a3"][:k]] @ weights
        share = bids / (bids + asks)
        mean = share.rolling(12).mean()
        golden.case("order_book_imbalance_model", name + "_book", {"bid_share": share, "mean_bid_share": mean,
                                                                   "signal": np.where(mean.isna(), np.nan, (mean > 0.6).astype(int) - (mean < 0.4))},
                    {"depth_levels": levels, "time_window": 12})
golden.write()
