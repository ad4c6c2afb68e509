# SPDX-License-Identifier: Apache-2.0
"""Golden values of the time_series family, from statsmodels, pykalman and SciPy."""
import pathlib
import sys
import warnings

import numpy as np
from pykalman import KalmanFilter
from scipy.optimize import minimize
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.statespace.sarimax import SARIMAX

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

warnings.simplefilter("ignore")
golden = Golden(__file__, "time_series")
rng = np.random.default_rng(21)
AHEAD = 30
t = np.arange(200)


def arma(n, ar, ma):
    e, z = rng.normal(size=n + 100), np.zeros(n + 100)
    for i in range(3, n + 100):
        z[i] = sum(a * z[i - 1 - k] for k, a in enumerate(ar)) + e[i] + sum(m * e[i - 1 - k] for k, m in enumerate(ma))
    return z[100:]


season = 4 * np.sin(2 * np.pi * t / 12) + 2 * np.cos(4 * np.pi * t / 12)
inputs = {"mixed": 20 + arma(200, [0.7, -0.2], [0.5]), "walk": 50 + np.cumsum(0.1 + arma(200, [0.4], [-0.1])),
          "season": 100 + 0.15 * t + (1 + t / 200) * season + np.cumsum(0.4 * rng.normal(size=200)),
          "growth": np.exp(3 + 0.006 * t + 0.04 * season + 0.03 * rng.normal(size=200))}
for name, y in inputs.items():
    golden.input(name, {"y": y})
    golden.input(name + "_next", {"y": y[:AHEAD]})


def case(model, name, expected, parameters, tolerance):
    y = inputs[name][:AHEAD]  # any rows to measure errors of the forecast with
    miss = y - expected["prediction"]
    golden.case(model, name, expected, parameters, target="y", unseen=name + "_next", tolerance=tolerance,
                metrics={"rmse": np.sqrt((miss**2).mean()), "mae": np.abs(miss).mean(), "r2": 1 - (miss**2).sum() / ((y - y.mean())**2).sum()})


# ---- arima, sarima: the exact likelihood of the differences, by two minimisers one after the other ----

def differences(y, d, D, s):
    for _ in range(d):
        y = y[1:] - y[:-1]
    for _ in range(D):
        y = y[s:] - y[:-s]
    return y


for model, name, order, seasonal in (("arima", "walk", (1, 1, 1), (0, 0, 0, 0)), ("arima", "walk", (0, 2, 1), (0, 0, 0, 0)),
                                     ("arima", "mixed", (2, 0, 1), (0, 0, 0, 0)), ("arima", "walk", (2, 1, 0), (0, 0, 0, 0)),
                                     ("sarima", "season", (1, 1, 1), (1, 1, 1, 12)), ("sarima", "growth", (0, 1, 1), (0, 1, 1, 12)),
                                     ("sarima", "season", (1, 0, 0), (1, 1, 0, 12))):
    y = inputs[name]
    if order[1] + seasonal[1] == 0:
        found = ARIMA(y, order=order, trend="c").fit(method_kwargs={"maxiter": 500})
        found = ARIMA(y, order=order, trend="c").fit(start_params=found.params, method_kwargs={"method": "bfgs", "gtol": 1e-8, "maxiter": 60})
        forecast = found.get_forecast(AHEAD)
    else:
        small = SARIMAX(differences(y, order[1], seasonal[1], seasonal[3]), order=(order[0], 0, order[2]),
                        seasonal_order=(seasonal[0], 0, seasonal[2], seasonal[3]))
        found = small.fit(disp=False, maxiter=300)
        found = small.fit(start_params=found.params, disp=False, method="bfgs", gtol=1e-8, maxiter=60)
        forecast = SARIMAX(y, order=order, seasonal_order=seasonal).smooth(found.params).get_forecast(AHEAD)
    case(model, name, {"prediction": forecast.predicted_mean, "deviation": forecast.se_mean},
         {"order": [float(v) for v in order], "seasonal_order": [float(v) for v in seasonal]}, 1e-4)

# ---- exponential smoothing: weights by SciPy, statsmodels with them from the same start ----

for name, trend, seasonal, damped in (("season", "add", "add", False), ("growth", "add", "mul", False), ("walk", "add", None, True),
                                      ("mixed", None, None, False), ("growth", "mul", "mul", False), ("season", None, "add", False)):
    y, m = inputs[name], 12
    n = m if seasonal else 1
    first, second = y[:n].mean(), y[n:2 * n].mean()
    start = {"initial_level": first}
    if trend:
        start["initial_trend"] = (second - first) / n if trend == "add" else (second / first) ** (1 / n)
    if seasonal:
        start["initial_seasonal"] = y[:m] - first if seasonal == "add" else y[:m] / first
    def squares(v):
        a = 1 / (1 + np.exp(-v[0]))
        b, g, phi = a / (1 + np.exp(-v[1])), (1 - a) / (1 + np.exp(-v[2])), 0.8 + 0.195 / (1 + np.exp(-v[3])) if damped else 1.0
        level, slope, ring, total = first, start.get("initial_trend", 0.0), list(start.get("initial_seasonal", [0.0])), 0.0
        for row, value in enumerate(y):
            before, old = level, ring[row % n]
            base = level * slope**phi if trend == "mul" else level + phi * slope if trend else level
            total += (value - (base * old if seasonal == "mul" else base + old)) ** 2
            level = a * (value / old if seasonal == "mul" else value - old) + (1 - a) * base
            if trend:
                slope = b * (level / before) + (1 - b) * slope**phi if trend == "mul" else b * (level - before) + (1 - b) * phi * slope
            if seasonal:
                ring[row % n] = g * (value / base if seasonal == "mul" else value - base) + (1 - g) * old
        ahead = []
        for h in range(AHEAD):
            level = level * slope**phi if trend == "mul" else level + phi * slope if trend else level
            slope = slope**phi if trend == "mul" else phi * slope
            old = ring[(len(y) + h) % n]
            ahead.append(level * old if seasonal == "mul" else level + old)
        return np.log(total), np.array(ahead), {"smoothing_level": a, "smoothing_trend": b if trend else None, "smoothing_seasonal": g if seasonal else None,
                               "damping_trend": phi if damped else None}

    best = min((minimize(lambda v: squares(v)[0], [v, -1, -1, 0], method="BFGS", options={"gtol": 1e-7}) for v in (-3, -1, 1, 3)), key=lambda r: r.fun)
    _, ahead, weights = squares(best.x)
    found = ExponentialSmoothing(y, trend=trend, damped_trend=damped, seasonal=seasonal, seasonal_periods=m if seasonal else None,
                                 initialization_method="known", **start).fit(optimized=False, **weights)
    assert abs(np.log(found.sse) - best.fun) < 1e-9
    assert np.allclose(found.forecast(11), ahead[:11])  # from a whole season on statsmodels forgets the last row's season
    p = found.params
    a, b, g, phi = (np.nan_to_num(p[k]) for k in ("smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend"))
    phi = phi if damped else 1.0
    j = np.arange(1, AHEAD)
    c = a * (1 + (b * np.cumsum(phi**j) if trend else 0 * j)) + (g * (j % m == 0) if seasonal else 0)
    deviation = np.sqrt(found.sse / len(y) * np.append(1, 1 + np.cumsum(c**2)))
    if "mul" in (trend, seasonal):
        deviation = np.full(AHEAD, np.nan)
    case("exponential_smoothing", name, {"prediction": ahead, "deviation": deviation},
         {"trend": trend or "none", "seasonal": seasonal or "none", "damped_trend": damped}, 1e-3)

# ---- the same from the start that statsmodels finds best ----

for name, trend, seasonal, damped in (("season", "add", "add", False), ("growth", "add", "mul", False), ("walk", "add", None, True),
                                      ("mixed", None, None, False), ("growth", "mul", "mul", False)):
    y = inputs[name]
    fitted = ExponentialSmoothing(y, trend=trend, damped_trend=damped, seasonal=seasonal, seasonal_periods=12 if seasonal else None).fit()
    golden.case("exponential_smoothing", name, {"prediction": fitted.forecast(11)},  # the season of the last row: see above
                {"trend": trend or "none", "seasonal": seasonal or "none", "damped_trend": damped, "initialization": "estimated"},
                target="y", unseen=name + "_next", tolerance=1e-3)

# ---- kalman_filter: pykalman, as many rounds of EM ----

for name, n, rounds in (("walk", 2, 10), ("mixed", 1, 25), ("season", 3, 5)):
    y = inputs[name]
    f = np.eye(n) + np.eye(n, k=1)
    seen = np.eye(1, n)
    k = KalmanFilter(transition_matrices=f, observation_matrices=seen, transition_covariance=y.var() * np.eye(n),
                     observation_covariance=y.var() * np.eye(1), initial_state_mean=np.append(y[0], np.zeros(n - 1)),
                     initial_state_covariance=y.var() * np.eye(n))
    k = k.em(y, n_iter=rounds, em_vars=["transition_covariance", "observation_covariance", "initial_state_mean", "initial_state_covariance"])
    mean, cov = (v[-1] for v in k.filter(y))
    out = {"prediction": [], "deviation": []}
    for _ in range(AHEAD):
        mean, cov = f @ mean, f @ cov @ f.T + k.transition_covariance
        out["prediction"].append(mean[0])
        out["deviation"].append(np.sqrt(cov[0, 0] + k.observation_covariance[0, 0]))
    case("kalman_filter", name, {key: np.array(v) for key, v in out.items()}, {"n_dim_state": n, "n_iter": rounds}, 1e-7)

# ---- prophet: the same posterior, by SciPy, bends as differences of numbers above 0 ----

for name, growth, bends, waves in (("season", "linear", 25, 3), ("growth", "linear", 10, 4), ("mixed", "flat", 25, 2)):
    y, flat = inputs[name], growth == "flat"
    n, size = len(y), np.abs(inputs[name]).max()

    def columns(rows):
        x = rows / (n - 1)
        trend = [np.ones_like(x)] if flat else [np.ones_like(x), x] + [np.maximum(0, x - 0.8 * (i + 1) / bends) for i in range(bends)]
        return np.column_stack(trend + [f(2 * np.pi * (i + 1) * rows / 12) for i in range(waves) for f in (np.sin, np.cos)])

    x, z = columns(np.arange(float(n))), y / size
    smooth = 1 if flat else 2
    m = 0 if flat else bends
    ridge = np.array([1 / 25] * smooth + [0] * m + [1 / 100] * (2 * waves))

    def objective(v):
        w = v[:x.shape[1]].copy()
        up, down, logs = v[x.shape[1]:x.shape[1] + m], v[x.shape[1] + m:x.shape[1] + 2 * m], v[-1]
        w[smooth:smooth + m] = up - down
        s2, r = np.exp(2 * logs), z - x @ w
        value = n * logs + r @ r / 2 / s2 + 2 * s2 + (ridge * w**2).sum() / 2 + (up + down).sum() / 0.05
        g = -x.T @ r / s2 + ridge * w
        gradient = np.concatenate([g, g[smooth:smooth + m] + 20, -g[smooth:smooth + m] + 20, [n - r @ r / s2 + 4 * s2]])
        gradient[smooth:smooth + m] = 0
        return value, gradient

    v = np.zeros(x.shape[1] + 2 * m + 1)
    v[-1] = -1
    bounds = [(None, None)] * x.shape[1] + [(0, None)] * (2 * m) + [(None, None)]
    for _ in range(4):
        v = minimize(objective, v, jac=True, method="SLSQP", bounds=bounds, options={"maxiter": 3000, "ftol": 1e-15}).x
    w = v[:x.shape[1]].copy()
    w[smooth:smooth + m] = v[x.shape[1]:x.shape[1] + m] - v[x.shape[1] + m:x.shape[1] + 2 * m]
    ahead = columns(np.arange(float(n), n + AHEAD))
    case("prophet", name, {"prediction": size * (ahead @ w), "deviation": np.full(AHEAD, size * np.exp(v[-1])),
                           "trend": size * (ahead[:, :smooth + m] @ w[:smooth + m])},
         {"growth": growth, "n_changepoints": bends, "fourier_order": waves}, 1e-3)

# ---- threshold_autoregressive ----

for name, order, delay, search in (("mixed", 1, 1, False), ("mixed", 2, 2, True), ("walk", 3, 1, True)):
    y = inputs[name]
    first = max(order, delay)
    x = np.column_stack([np.ones(len(y) - first)] + [y[first - k:len(y) - k] for k in range(1, order + 1)])
    z, before = y[first:], y[first - delay:len(y) - delay]

    def fitted(limit):
        sides = [(before <= limit), (before > limit)]
        weights = [np.linalg.lstsq(x[s], z[s], rcond=None)[0] for s in sides]
        squares = [((z[s] - x[s] @ w)**2).sum() for s, w in zip(sides, weights)]
        return weights, squares, [s.sum() for s in sides]

    limit = y.mean()
    if search:
        values = np.sort(before)
        tried = [v for i, v in enumerate(values[:-1]) if 0.15 <= (i + 1) / len(values) <= 0.85]
        limit = min(tried, key=lambda v: sum(fitted(v)[1]))
    weights, squares, counts = fitted(limit)
    past, out = list(y), {"prediction": [], "deviation": [], "regime": []}
    for _ in range(AHEAD):
        side = int(past[-delay] > limit)
        past.append(weights[side] @ np.append(1, past[:-order - 1:-1]))
        out["prediction"].append(past[-1])
        out["deviation"].append(np.sqrt(squares[side] / (counts[side] - order - 1)))
        out["regime"].append(side)
    case("threshold_autoregressive", name, {k: np.array(v) for k, v in out.items()}, {"order": order, "delay": delay, "search": search}, 1e-8)
golden.write()
