# SPDX-License-Identifier: Apache-2.0
"""Golden values of the volatility family, from pandas, arch, statsmodels, scikit-learn and NumPy."""
import pathlib
import sys
import warnings

import numpy as np
import pandas as pd
from arch import arch_model
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestRegressor
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402
from host_random import Stream  # noqa: E402

warnings.simplefilter("ignore")
golden = Golden(__file__, "volatility")
bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv").iloc[2250:2400].reset_index(drop=True)
rng = np.random.default_rng(9)
for name, close in (("sp500", bars["close"]), ("walk", pd.Series(30 * np.exp(np.cumsum(0.03 * rng.normal(size=140)))))):
    golden.input(name, {"close": close})
    r = np.log(close).diff()
    golden.case("simple_volatility", name, {"volatility": r.rolling(20).std(),
                                            "yearly": r.rolling(20).std() * np.sqrt(252)})
    realized = np.sqrt((r**2).rolling(15).sum())
    golden.case("realized_volatility", name, {"volatility": realized, "yearly": realized * np.sqrt(52 / 15)},
                {"window": 15, "frequency": "weekly"})
    for model, decay in (("ewma_volatility", 0.94), ("ewma_risk_metrics", 0.9)):
        volatility = np.sqrt((r**2)[1:].ewm(alpha=1 - decay, adjust=False).mean()).reindex(r.index)
        golden.case(model, name, {"volatility": volatility, "yearly": volatility * np.sqrt(252),
                                  "value_at_risk": 1.645 * volatility}, {"lambda": decay})
# ---- models that are trained: the returns, what is expected of the rows after them ----

AHEAD = 25
rng = np.random.default_rng(31)


def simulated(n, omega, alpha, beta, mean):
    v, out = omega / (1 - alpha - beta), []
    for _ in range(n):
        e = np.sqrt(v) * rng.normal()
        out.append(mean + e)
        v = omega + alpha * e**2 + beta * v
    return np.array(out)


wild = np.repeat([0.6, 2.5, 0.6, 2.5, 0.6], 80)
returns = {"calm": simulated(400, 0.05, 0.1, 0.82, 0.05), "wild": wild * rng.normal(size=400) + 0.03,
           "index": 100 * np.log(pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv")["close"]).diff().iloc[2000:2500].to_numpy()}
for name, y in returns.items():
    golden.input(name, {"returns": y})
    golden.input(name + "_next", {"returns": y[:AHEAD]})


def trained(model, name, expected, parameters, tolerance):
    y = returns[name][:AHEAD]
    mean = norm.logpdf(y, expected["mean"], expected["prediction"]).mean()
    golden.case(model, name, expected, parameters, target="returns", unseen=name + "_next", tolerance=tolerance,
                metrics={"mean_log_likelihood": mean})


for model, name, p, q, mean, window in (("garch", "calm", 1, 1, "constant", 0), ("garch", "wild", 1, 1, "zero", 0),
                                        ("garch", "calm", 1, 0, "constant", 0), ("garch_volatility", "index", 1, 1, "constant", 300),
                                        ("garch_volatility", "calm", 1, 1, "zero", 350)):
    y = returns[name][-window:] if window else returns[name]
    found = arch_model(y, mean="Constant" if mean == "constant" else "Zero", vol="GARCH", p=p, q=q, rescale=False).fit(
        disp="off", tol=1e-14, options={"maxiter": 5000})
    variance = found.forecast(horizon=AHEAD, reindex=False).variance.to_numpy()[0]
    trained(model, name, {"prediction": np.sqrt(variance), "mean": np.full(AHEAD, found.params.get("mu", 0.0))},
            {"p": p, "q": q, "mean": mean, "window": window}, 5e-4)


def switching(values, k, variances):
    model = MarkovRegression(np.asarray(values), k_regimes=k, switching_variance=variances)
    attempts = []
    for seed in range(2):
        np.random.seed(seed)
        attempts.append(model.fit(search_reps=8, em_iter=20, maxiter=200, disp=False))
    found = max(attempts, key=lambda result: result.llf)
    found = model.fit(found.params, em_iter=0, method="bfgs", gtol=1e-9, maxiter=2000, disp=False)
    value = dict(zip(model.param_names, found.params))
    means = np.array([value[f"const[{i}]"] for i in range(k)])
    deviations = np.sqrt([value[f"sigma2[{i}]" if variances else "sigma2"] for i in range(k)])
    order = np.argsort(deviations if variances else means)
    moves = model.regime_transition_matrix(found.params)[:, :, 0].T[np.ix_(order, order)]
    return found.filtered_marginal_probabilities[:, order], found.smoothed_marginal_probabilities[:, order], means[order], deviations[order], moves


for name in ("wild", "index"):
    filtered, _, means, deviations, moves = switching(returns[name], 2, True)
    chances, out = filtered[-1], {"prediction": [], "mean": [], "last_regime": []}
    for _ in range(AHEAD):
        chances = chances @ moves
        mean = chances @ means
        out["prediction"].append(np.sqrt(chances @ (deviations**2 + (means - mean)**2)))
        out["mean"].append(mean)
        out["last_regime"].append(chances[-1])
    trained("regime_switching_volatility", name, {k: np.array(v) for k, v in out.items()}, {}, 2e-4)

# ---- levels and forecasts of prices ----


def tree(x, y, weights, depth, least):
    """CART (Breiman et al., 1984) on rows of a weight; of equal cuts the first feature's, and there the least."""
    mean = np.average(y, weights=weights)
    best, gain = None, 0.0
    for f in range(x.shape[1]) if depth and y.min() < y.max() else ():
        order = np.argsort(x[:, f], kind="stable")
        w, s = np.cumsum(weights[order]), np.cumsum((weights * y)[order])
        for i in range(least, len(y) - least + 1):
            below, above = x[order[i - 1], f], x[order[i], f]
            apart = s[i - 1] - s[-1] * w[i - 1] / w[-1]
            found = apart**2 * w[-1] / (w[i - 1] * (w[-1] - w[i - 1]))
            if below < above and found > gain * (1 + 1e-12):
                best, gain = (f, below / 2 + above / 2), found
    if best is None:
        return lambda row: mean
    left = x[:, best[0]] <= best[1]
    sides = [tree(x[side], y[side], weights[side], depth - 1, least) for side in (~left, left)]
    return lambda row: sides[int(row[best[0]] <= best[1])](row)


def grove(x, y, number, trees, depth, least):
    """Trees on the rows that our generator draws; scikit-learn's forest must not be far."""
    says = []
    for i in range(trees):
        stream = Stream(0, number * trees + i)
        counts = np.bincount([stream.below(len(y)) for _ in y], minlength=len(y)).astype(float)
        says.append(tree(x[counts > 0], y[counts > 0], counts[counts > 0], depth, least))
    other = RandomForestRegressor(300, max_depth=depth, min_samples_leaf=least, random_state=0).fit(x, y).predict(x)
    assert np.corrcoef([np.mean([say(row) for say in says]) for row in x], other)[0, 1] > 0.8
    return lambda row: np.mean([say(row) for say in says])


closes = {"bars": pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv")["close"].iloc[2200:2480].reset_index(drop=True),
          "steps": pd.Series(60 * np.exp(np.cumsum(0.008 * np.repeat([1, 3, 1, 2], 70) * rng.normal(size=280))))}
for name, close in closes.items():
    golden.input(name, {"close": close})
    r, n = np.log(close).diff(), len(close)
    for window, k in ((60, 3), (20, 4)):
        deviation = r.rolling(window).std()
        known = deviation[window:].to_numpy()
        fitted = KMeans(k, n_init=60, tol=0, max_iter=1000, random_state=0).fit(known.reshape(-1, 1))
        centres = np.sort(fitted.cluster_centers_[:, 0])
        label = np.argsort(np.argsort(fitted.cluster_centers_[:, 0]))[fitted.labels_]
        blank = np.full(window, np.nan)
        golden.case("volatility_clustering", name, {"cluster": np.append(blank, label), "volatility": deviation, "centre": np.append(blank, centres[label])},
                    {"cluster_window": window, "n_clusters": k})
    deviation = r.rolling(20).std()
    logs = np.log(deviation[20:].to_numpy())
    _, smoothed, means, _, _ = switching(logs, 2, False)
    blank, best = np.full(20, np.nan), smoothed.argmax(axis=1)
    golden.case("volatility_regime_detection", name, {"regime": np.append(blank, best), "volatility": deviation,
                                                      "probability": np.append(blank, smoothed.max(axis=1)), "level": np.append(blank, np.exp(means[best]))},
                {"regime_window": 20, "n_regimes": 2}, tolerance=2e-4)
    squares = r**2
    for kind, horizon in (("linear", 5), ("autoregressive", 2)):
        terms = [squares, squares.rolling(5).mean(), squares.rolling(22).mean()] if kind == "linear" else [squares.shift(j) for j in range(5)]
        x = np.column_stack([np.ones(n)] + [1e4 * v for v in terms])
        outcome = 1e4 * squares.rolling(horizon).mean().to_numpy()
        forecast = np.full(n, np.nan)
        for row in range(22, n):
            past = np.arange(22, row - horizon + 1)
            if len(past) >= 3 * x.shape[1]:
                w = np.linalg.lstsq(x[past], outcome[past + horizon], rcond=None)[0]
                forecast[row] = np.sqrt(max(0, x[row] @ w) / 1e4)
        golden.case("volatility_forecasting", name, {"volatility": forecast, "yearly": forecast * np.sqrt(252)}, {"model_type": kind, "forecast_horizon": horizon}, tolerance=1e-7)
    x = np.column_stack([1e4 * squares, 1e4 * squares.rolling(5).mean(), 1e4 * squares.rolling(22).mean()])
    for horizon, trees, depth, least, window, step in ((5, 20, 4, 5, 504, 60), (1, 15, 3, 8, 90, 45)):
        outcome = 1e4 * squares.rolling(horizon).mean().to_numpy()
        forecast, says, number = np.full(n, np.nan), None, 0
        for row in range(22, n):
            known = row - horizon - 22 + 1
            past = np.arange(row - horizon - min(known, window) + 1, row - horizon + 1)
            if known >= 60 and (known - 60) % step == 0:
                says, number = grove(x[past], outcome[past + horizon], number, trees, depth, least), number + 1
            if says:
                forecast[row] = np.sqrt(says(x[row]) / 1e4)
        golden.case("volatility_forecasting", name, {"volatility": forecast, "yearly": forecast * np.sqrt(252)},
                    {"model_type": "rf", "forecast_horizon": horizon, "n_estimators": trees, "max_depth": depth,
                     "min_samples_leaf": least, "train_window": window, "step_size": step})

# ---- surface ----

for name, count in (("chain", 80), ("sparse", 40)):
    spot, years = np.full(count, 100.0), rng.choice([0.1, 0.25, 0.5, 1, 1.8, 2.5], count) + 0.001 * rng.uniform(size=count)
    strike = 100 * np.exp(0.2 * rng.normal(size=count))
    k = np.log(strike / spot)
    volatility = 0.2 - 0.1 * k + 0.3 * k**2 + 0.01 * years + 0.004 * rng.normal(size=count)
    golden.input(name, {"spot": spot, "strike": strike, "time_to_expiry": years, "volatility": volatility})
    inside = (strike / spot >= 0.8) & (strike / spot <= 1.2) & (years >= 0.1) & (years <= 2.0)
    for degree in ("quadratic", "cubic"):
        terms = [np.ones(count), k, k**2, years, years**2, k * years] + ([k**3, k**2 * years, k * years**2, years**3] if degree == "cubic" else [])
        x = np.column_stack(terms)
        fitted = x @ np.linalg.lstsq(x[inside], volatility[inside], rcond=None)[0]
        golden.case("volatility_surface_model", name, {"fitted": fitted, "residual": volatility - fitted, "is_within": inside.astype(float), "total_variance": fitted**2 * years},
                    {"polynomial": degree}, tolerance=1e-7)
golden.write()
