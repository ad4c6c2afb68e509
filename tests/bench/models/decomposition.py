# SPDX-License-Identifier: Apache-2.0
"""Decompositions beside statsmodels and PyWavelets."""
ROWS, DATA, BESIDE = 100_000, "bars", "statsmodels, PyWavelets"


def given(columns):
    import pandas as pd
    return pd.DataFrame(columns)


def seasonal(bars):
    from statsmodels.tsa.seasonal import seasonal_decompose
    return seasonal_decompose(bars["close"].to_numpy(), period=12).trend


CASES = [{"model": "seasonal_decomposition", "target": None, "compute": seasonal}]
