# SPDX-License-Identifier: Apache-2.0
"""Volatility beside arch, statsmodels, and pandas where the definition is a window's. 100 rows ahead are predicted."""
ROWS, DATA, BESIDE = 100_000, "bars", "arch, statsmodels, pandas"


def given(columns):
    import pandas as pd
    return pd.DataFrame(columns)


def garch(bars):
    from arch import arch_model
    return arch_model(bars["returns"].to_numpy(), rescale=False).fit(disp="off")


def deviations(model, bars, ahead):
    import numpy as np
    return np.sqrt(model.forecast(horizon=ahead, reindex=False).variance.to_numpy()[0])


def returns(bars):
    import numpy as np
    return np.log(bars["close"]).diff()


def exponential(bars):
    import numpy as np
    volatility = np.sqrt((returns(bars) ** 2)[1:].ewm(alpha=0.06, adjust=False).mean()).reindex(bars.index)
    return volatility, volatility * np.sqrt(252), 1.645 * volatility


def realized(bars):
    import numpy as np
    return np.sqrt((returns(bars) ** 2).rolling(20).sum())


def clusters(bars):
    from sklearn.cluster import KMeans
    known = returns(bars).rolling(60).std()[60:].to_numpy()
    return known.mean() + 0 * KMeans(3, n_init=10, random_state=0).fit_predict(known.reshape(-1, 1))


CASES = [
    {"model": "garch", "ahead": 100, "fit": garch, "predict": deviations},
    {"model": "ewma_volatility", "target": None, "compute": lambda bars: exponential(bars)[0]},
    {"model": "simple_volatility", "target": None, "compute": lambda bars: returns(bars).rolling(20).std()},
    {"model": "realized_volatility", "target": None, "compute": realized},
    {"model": "volatility_clustering", "target": None, "score": 1, "compute": clusters},
]
