# SPDX-License-Identifier: Apache-2.0
"""Golden values of the regime family, from hmmlearn, statsmodels, ruptures, scikit-learn and pandas."""
import logging
import pathlib
import sys
import warnings

import numpy as np
import pandas as pd
import ruptures
from hmmlearn.hmm import GaussianHMM
from scipy.stats import multivariate_normal, skew
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from statsmodels.tsa.stattools import acf
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
golden = Golden(__file__, "regime")
rng = np.random.default_rng(77)
bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv").iloc[2200:2500].reset_index(drop=True)
spread = np.repeat([0.005, 0.03, 0.012, 0.04, 0.006], 60)
closes = {"sp500": bars["close"], "made": pd.Series(80 * np.exp(np.cumsum(spread * rng.normal(size=300)
                                                                        + np.repeat([0.002, -0.004, 0.001, 0, 0.003], 60))))}
for name, close in closes.items():
    golden.input(name, {"close": close})
series = {"two": np.where(np.repeat([0, 1, 0, 1, 1, 0], 40), rng.normal(-0.5, 2, 240), rng.normal(0.3, 0.4, 240)),
          "three": np.repeat([0.0, 3.0, -2.0, 3.0, 0.0, -2.0], 40) + 0.6 * rng.normal(size=240)}
for name, values in series.items():
    golden.input(name, {"returns": values})


def order_of(means):
    return np.lexsort(np.asarray(means).T[::-1])


# ---- hidden_markov_model: hmmlearn without its prior of the covariances, the best of many starts ----

def states(seed, count, features, apart):
    r = np.random.default_rng(seed)
    path, middle = np.zeros(260, dtype=int), r.normal(size=(count, features)) * apart
    for t in range(1, 260):
        path[t] = path[t - 1] if r.uniform() < 0.92 else r.integers(count)
    scale = 0.4 + r.uniform(size=(count, features))
    return middle[path] + scale[path] * r.normal(size=(260, features))


for name, x, k, kind in (("pair", states(4, 2, 2, 3.0), 2, "full"), ("trio", states(2, 3, 3, 2.0), 3, "full"),
                         ("trio", states(2, 3, 3, 2.0), 3, "diag"), ("pair", states(4, 2, 2, 3.0), 2, "tied"),
                         ("trio", states(2, 3, 3, 2.0), 3, "spherical"),
                         ("returns", 0.01 * states(4, 2, 2, 3.0), 2, "full")):  # with the floor as it is by default
    columns = {f"x{i}": x[:, i] for i in range(x.shape[1])}
    if name not in golden.inputs:
        golden.input(name, columns)
        golden.input(name + "_unseen", {c: v[::2][:60] for c, v in columns.items()})
    best = max((GaussianHMM(k, kind, min_covar=0, covars_prior=0 if kind in ("full", "tied") else 1e-300, n_iter=5000,
                            tol=1e-10, random_state=seed).fit(x) for seed in range(6)), key=lambda m: m.score(x))
    unseen = x[::2][:60]
    spread_of = best.covars_[::len(best.covars_) // k]  # hmmlearn repeats spherical ones for each feature
    path, chances = best.predict(unseen), best.predict_proba(unseen)
    place = np.argsort(order_of(best.means_))
    golden.case("hidden_markov_model", name, {"prediction": place[path], "probability": chances[np.arange(60), path],
                                                 "log_density": [multivariate_normal(best.means_[s], spread_of[s]).logpdf(row)
                                                                 for s, row in zip(path, unseen)]},
                {"n_components": k, "covariance_type": kind, "n_init": 10, "n_iter": 5000, "tol": 1e-10,
                 **({} if name == "returns" else {"min_covar": 0.0})},
                unseen=name + "_unseen", metrics={"log_likelihood": best.score(unseen)}, tolerance=1e-5)


# ---- Markov switching: statsmodels ----

def switching(values, k, variances):
    model = MarkovRegression(np.asarray(values), k_regimes=k, switching_variance=variances)
    attempts = []
    for seed in range(2):
        np.random.seed(seed)
        attempts.append(model.fit(search_reps=8, em_iter=20, maxiter=200, disp=False))
    found = max(attempts, key=lambda result: result.llf)
    found = model.fit(found.params, em_iter=0, method="bfgs", gtol=1e-9, maxiter=2000, disp=False)
    names = list(found.model.param_names)
    value = dict(zip(names, found.params))
    means = np.array([value[f"const[{i}]"] for i in range(k)])
    deviations = np.sqrt([value[f"sigma2[{i}]" if variances else "sigma2"] for i in range(k)])
    order = np.argsort(deviations if variances else means)
    return found.filtered_marginal_probabilities[:, order], found.smoothed_marginal_probabilities[:, order], \
        means[order], deviations[order]


for name, k, variances in (("two", 2, True), ("three", 3, False), ("two", 2, False), ("three", 3, True)):
    filtered, smoothed, means, deviations = switching(series[name], k, variances)
    best = smoothed.argmax(axis=1)
    golden.case("markov_switching", name, {"regime": best, "probability": smoothed.max(axis=1), "filtered_last": filtered[:, -1],
                                           "smoothed_last": smoothed[:, -1], "mean": smoothed @ means,
                                           "deviation": deviations[best]},
                {"k_regimes": k, "switching_variance": variances}, tolerance=1e-4)

# ---- change points: ruptures ----

for name, column, values in (("two", "returns", series["two"]), ("three", "returns", series["three"])):
    for kind, least, penalty in (("rbf", 2, 1.0), ("rbf", 5, 3.0), ("l2", 2, 12.0), ("l2", 10, 3.0)):
        ends = ruptures.Pelt(model=kind, min_size=least, jump=1).fit(values).predict(pen=penalty)
        segment = np.zeros(len(values), dtype=int)
        for end in ends[:-1]:
            segment[end:] += 1
        golden.case("bayesian_change_point_detection", name,
                    {"segment": segment, "is_change": np.diff(segment, prepend=0),
                     "mean": pd.Series(values).groupby(segment).transform("mean")},
                    {"column": column, "model": kind, "min_size": least, "penalty": penalty})


# ---- windows ----

def by_deviation(centres):
    return np.argsort(np.argsort(np.asarray(centres)[:, 1]))


def placed(values, rows, first):
    out = np.full(rows, np.nan)
    out[first:] = values
    return out


for name, close in closes.items():
    r, window, n = np.log(close).diff(), 30, len(close)
    mean, deviation = r.rolling(window).mean(), r.rolling(window).std()
    known = np.column_stack([mean, deviation])[window:]
    points = (known - known.mean(axis=0)) / known.std(axis=0)
    base = {"mean": mean, "deviation": deviation}
    for k in (3, 4):
        fitted = KMeans(k, n_init=60, tol=0, max_iter=1000, random_state=0).fit(points)
        golden.case("clustering_regime", name, {"regime": placed(by_deviation(fitted.cluster_centers_)[fitted.labels_], n, window),
                                                "distance": placed(fitted.transform(points).min(axis=1), n, window), **base},
                    {"n_regimes": k, "n_init": 40})
    figures = {"mean": mean, "deviation": deviation, "skewness": r.rolling(window).apply(skew, raw=True),
               "autocorrelation": r.rolling(window).apply(lambda v: acf(v, nlags=1, fft=False)[1], raw=True)}
    for k, chosen in ((3, ["deviation", "skewness"]), (2, ["autocorrelation"]), (3, ["mean", "autocorrelation", "deviation"])):
        some = np.column_stack([figures[c] for c in chosen])[window:]
        others = (some - some.mean(axis=0)) / some.std(axis=0)
        fitted = KMeans(k, n_init=100, tol=0, max_iter=1000, random_state=0).fit(others)
        levels = [deviation[window:][fitted.labels_ == i].mean() for i in range(k)]
        golden.case("clustering_regime", name, {"regime": placed(np.argsort(np.argsort(levels))[fitted.labels_], n, window),
                                                "distance": placed(fitted.transform(others).min(axis=1), n, window), **base},
                    {"n_regimes": k, "n_init": 60, "features": chosen})
    fitted = GaussianMixture(2, n_init=10, tol=1e-13, max_iter=5000, random_state=0).fit(points)
    chances = fitted.predict_proba(points)
    golden.case("gmm_regime", name, {"regime": placed(by_deviation(fitted.means_)[chances.argmax(axis=1)], n, window),
                                     "probability": placed(chances.max(axis=1), n, window), **base},
                {"n_regimes": 2, "n_init": 20, "tol": 1e-14, "max_iter": 10000}, tolerance=1e-5)

    # switching windows: statsmodels' filter, then the threshold
    mean10 = r.rolling(10).mean()
    filtered, _, _, _ = switching(1000 * mean10[10:], 2, False)
    regime, now = np.zeros(len(filtered)), filtered[0].argmax()
    for t, chances in enumerate(filtered):
        if chances.argmax() != now and chances.max() > 0.7:
            now = chances.argmax()
        regime[t] = now
    golden.case("regime_switching", name, {"regime": placed(regime, n, 10), "mean_return": mean10,
                                           "probability": placed(filtered[np.arange(len(filtered)), regime.astype(int)], n, 10)},
                {"window": 10, "n_regimes": 2, "transition_threshold": 0.7}, tolerance=1e-4)

    # votes
    w, k = 20, 2
    deviation20, ret = r.rolling(w).std()[w:].to_numpy(), r[w:].to_numpy()
    _, smoothed, _, _ = switching(100 * ret, k, True)

    def grouped(values, groups):
        f = KMeans(groups, n_init=100, tol=0, max_iter=1000, random_state=0).fit(values.reshape(-1, 1))
        return np.argsort(np.argsort(f.cluster_centers_[:, 0]))[f.labels_]

    sizes = np.abs(ret)
    ends = ruptures.Pelt(model="l2", min_size=5, jump=1).fit(sizes).predict(pen=2 * sizes.var() * np.log(len(sizes)))
    segment = np.zeros(len(sizes), dtype=int)
    for end in ends[:-1]:
        segment[end:] += 1
    roots = np.sqrt(pd.Series(ret**2).groupby(segment).transform("mean").to_numpy())
    votes = {"hmm": smoothed.argmax(axis=1), "change_point": grouped(roots, min(k, segment[-1] + 1)),
             "clustering": grouped(deviation20, k),
             "volatility": sum((deviation20 > np.quantile(deviation20, j / k)).astype(int) for j in range(1, k))}
    for model, who, method, threshold in (("regime_detection_ensemble_model", ["hmm", "change_point", "clustering"], 0, 0.7),
                                          ("ensemble_regime", ["hmm", "clustering", "volatility"], 1, 0.0)):
        all_votes = np.column_stack([votes[d] for d in who])
        mean_vote = all_votes.mean(axis=1)
        chosen = np.floor(mean_vote + 0.5) if method else (all_votes.sum(axis=1) >= 2).astype(float)
        agree = (all_votes == chosen[:, None]).mean(axis=1)
        golden.case(model, name, {"regime": placed(np.where(agree >= threshold, chosen, -1), n, w),
                                  "confidence": placed(agree, n, w), "mean": placed(mean_vote, n, w)}, {"n_regimes": k})

    # rules
    d15 = r.rolling(15).std()
    golden.case("volatility_regime", name, {"regime": np.minimum(np.floor(d15 / 0.008), 3), "volatility": d15},
                {"window": 15, "n_regimes": 4, "volatility_threshold": 0.008})
    high, low = close.rolling(40).max(), close.rolling(40).min()
    fall, rise, now, regime = 1 - close / high, close / low - 1, 1, []
    for f, u in zip(fall, rise):
        now = 2 if u >= 0.06 and u > f else 0 if f >= 0.06 else now
        regime.append(now if np.isfinite(f) else np.nan)
    golden.case("market_condition_regime", name, {"regime": regime, "below_high": fall, "above_low": rise},
                {"window": 40, "condition_threshold": 0.06})
    earned = close / close.shift(30) - 1
    golden.case("performance_regime", name, {"regime": np.where(earned.isna(), np.nan, np.where(earned > 0.05, 2, np.where(earned < -0.05, 0, 1))),
                                             "earned": earned, "ratio": mean / deviation * np.sqrt(252)})
    m20, d20, regime, since = r.rolling(20).mean(), r.rolling(20).std(), 0, 0
    t = (m20 - m20.shift(20)) / np.sqrt((d20**2 + d20.shift(20)**2) / 20)
    shifts = {"regime": [], "statistic": t, "is_change": []}
    for row in range(n):
        change = row >= 40 and abs(t[row]) > 1.5 and since >= 20
        regime, since = regime + change, 0 if change else since
        shifts["regime"].append(regime if row >= 40 else np.nan)
        shifts["is_change"].append(float(change) if row >= 40 else np.nan)
        since += 1
    golden.case("change_point_regime", name, shifts, {"window": 20, "change_threshold": 1.5})
    z = (close - close.rolling(50).mean()) / close.rolling(50).std()
    golden.case("rolling_zscore_regime_scorer", name, {"regime": np.where(z.isna(), np.nan, (z > 2).astype(int) - (z < -2)), "zscore": z,
                                                       "score": (z / 2).clip(-1, 1)})
    look, logs = 45, np.log(close)
    slope_t = np.full(n, np.nan)
    for row in range(look, n):
        x = np.arange(look) - (look - 1) / 2
        y = logs[row - look + 1:row + 1].to_numpy()
        b = x @ (y - y.mean()) / (x @ x)
        left = ((y - y.mean() - b * x) ** 2).sum() / (look - 2)
        slope_t[row] = b / np.sqrt(left / (x @ x))
    volatility = r.rolling(look).std()
    usual = volatility.expanding().mean()
    trend = (slope_t > 2).astype(int) - (slope_t < -2) + 1
    golden.case("regime_detector", name, {"regime": np.where(np.isnan(slope_t), np.nan, 2 * trend + (volatility > usual)), "trend": slope_t,
                                          "volatility": volatility, "usual_volatility": usual}, {"lookback": look})
golden.write()
