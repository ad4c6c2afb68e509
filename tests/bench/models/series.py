# SPDX-License-Identifier: Apache-2.0
"""Time series beside statsmodels and pykalman. 100 rows ahead are predicted."""
ROWS, DATA, BESIDE = 100_000, "bars", "statsmodels, pykalman"


def given(columns):
    import pandas as pd
    return pd.DataFrame(columns)


def arima(bars):
    from statsmodels.tsa.arima.model import ARIMA
    return ARIMA(bars["returns"].to_numpy(), order=(1, 0, 1), trend="c").fit()


def smoothing(bars):
    from statsmodels.tsa.holtwinters import ExponentialSmoothing
    return ExponentialSmoothing(bars["returns"].to_numpy(), trend="add", seasonal="add", seasonal_periods=12).fit()


def kalman(bars):
    import numpy as np
    from pykalman import KalmanFilter
    y = bars["returns"].to_numpy()
    start = KalmanFilter(transition_matrices=[[1, 1], [0, 1]], observation_matrices=[[1, 0]], n_dim_state=2,
                         transition_covariance=y.var() * np.eye(2), observation_covariance=y.var(),
                         initial_state_mean=[y[0], 0], initial_state_covariance=y.var() * np.eye(2))
    return start.em(y, n_iter=10, em_vars=["transition_covariance", "observation_covariance"])


def level(model, bars, ahead):
    mean, _ = model.filter(bars["returns"].to_numpy())
    return mean[-1, 0] + mean[-1, 1] * (1 + __import__("numpy").arange(ahead))


CASES = [
    {"model": "arima", "ahead": 100, "parameters": {"order": "[1.0, 0.0, 1.0]"}, "fit": arima, "repeats": 1,
     "predict": lambda model, bars, ahead: model.forecast(ahead)},
    {"model": "exponential_smoothing", "ahead": 100, "fit": smoothing, "repeats": 1,
     "predict": lambda model, bars, ahead: model.forecast(ahead)},
    {"model": "kalman_filter", "ahead": 100, "rows": 2_000, "fit": kalman, "predict": level, "repeats": 1},
]
