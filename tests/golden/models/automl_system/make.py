# SPDX-License-Identifier: Apache-2.0
"""Golden values of the automl_system family: statsmodels, scikit-learn, river and SciPy where they have the thing; else
the definition a second time in NumPy, with the random numbers of our generator (host_random). Searches are compared with
the optimum of the same criterion: by SciPy's minimiser from a grid, or by trying every architecture that there is."""
import itertools
import pathlib
import sys

import numpy as np
import statsmodels.api as sm
from river import drift
from scipy import optimize, stats
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeRegressor
from statsmodels.tsa.stattools import kpss

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402
from host_random import Stream  # noqa: E402

golden = Golden(__file__, "automl_system")
inputs = {}
for seed, (name, rows, features) in enumerate((("small", 150, 3), ("large", 320, 4))):
    rng = np.random.default_rng(seed)
    x = np.float32(rng.uniform(1, 5, size=(rows, features))).astype(float)
    x[:, 1] += 0.4 * x[:, 0]
    x = np.float32(x).astype(float)
    y = 2 * x[:, 0] * x[:, 1] - 3 * np.sin(2 * x[:, -1]) + x[:, 2] / x[:, 0] + 0.5 * rng.normal(size=rows)
    inputs[name] = x, y
    golden.input(name, {**{f"x{i}": x[:, i] for i in range(features)}, "y": y})


def standardised(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def case(model, name, prediction, parameters=None, tolerance=None):
    golden.case(model, name, {"prediction": prediction}, parameters, tolerance=tolerance, target="y")


# ---- Searches
def layer(values, width, number, shape, scale):
    inputs_count, out = values.shape[1], np.empty((len(values), width))
    for unit in range(width):
        stream = Stream(0, 1000 * number + unit)
        bias = 2 * np.pi * stream.uniform() if shape == "cos" else stream.normal()
        weights = np.array([stream.normal() for _ in range(inputs_count)])
        out[:, unit] = bias + values @ weights * scale / np.sqrt(inputs_count)
    return {"cos": np.cos, "tanh": np.tanh, "relu": lambda v: np.maximum(v, 0)}[shape](out)


def ridge(z, y, penalty):
    return np.linalg.solve(z.T @ z + penalty * len(z) * np.eye(z.shape[1]), z.T @ y)


def out_of_fold(z, y, penalty):
    fold, squares = np.arange(len(y)) % 3, 0
    for k in range(3):
        squares += ((y - z @ ridge(z[fold != k], y[fold != k], penalty))[fold == k] ** 2).sum()
    return np.sqrt(squares / len(y))


def kernel_optimum(name, components):
    x, y = inputs[name]
    z0, centred = standardised(x), y - y.mean()
    drawn = [(s.uniform(), [s.normal() for _ in range(x.shape[1])]) for s in (Stream(0, u) for u in range(components))]
    bias, weights = np.array([d[0] for d in drawn]), np.array([d[1] for d in drawn]).T / np.sqrt(x.shape[1])

    def cosines(point):
        return np.cos(2 * np.pi * bias + z0 @ weights / 10 ** (2 * point[0] - 1))

    def error(point):
        point = np.clip(point, 0, 1)
        return out_of_fold(cosines(point), centred, 10 ** (8 * point[1] - 8))
    grid = [(a, b) for a in np.linspace(0, 1, 21) for b in np.linspace(0, 1, 21)]
    start = min(grid, key=error)
    best = np.clip(optimize.minimize(error, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-7}).x, 0, 1)
    z = cosines(best)
    return y.mean() + z @ ridge(z, centred, 10 ** (8 * best[1] - 8))


for name in inputs:
    optimum = kernel_optimum(name, 24)
    for acquisition in ("EI", "LCB", "PI"):
        case("bayesian_parameter_optimization", name, optimum,
             {"components": 24, "n_trials": 60, "acquisition_function": acquisition}, 0.03)
    for sampler, trials in (("TPE", 150), ("evolution", 150), ("random", 800)):
        case("hyperparameter_evolution", name, optimum, {"components": 24, "n_trials": trials, "sampler": sampler}, 0.04)

for name in inputs:
    x, y = inputs[name]
    best = None
    for layers in (1, 2):
        for shape in ("tanh", "relu"):
            for widths in itertools.product((4, 8, 16, 32), repeat=layers):
                z = standardised(x)
                for number, width in enumerate(widths):
                    z = layer(z, width, number, shape, 1)
                for penalty in (1e-6, 1e-4, 1e-2):
                    error = out_of_fold(z, y - y.mean(), penalty)
                    if best is None or error < best[0]:
                        best = error, y.mean() + z @ ridge(z, y - y.mean(), penalty)
    case("model_architecture_search", name, best[1], {"max_layers": 2, "max_trials": 120}, 1e-5)


# ---- Federated averaging
def federated(name, clients, fraction, rounds, steps, rate):
    x, y = inputs[name]
    z = np.column_stack([standardised(x), np.ones(len(y))])
    target = (y - y.mean()) / y.std()
    stream, order, common = Stream(0, 0), list(range(clients)), np.zeros(z.shape[1])
    for _ in range(rounds):
        sums, weight = 0, 0
        for i in range(max(1, int(fraction * clients))):
            other = i + stream.below(clients - i)
            order[i], order[other] = order[other], order[i]
            rows, local = slice(order[i], None, clients), common.copy()
            for _ in range(steps):
                local -= rate * z[rows].T @ (z[rows] @ local - target[rows]) / len(z[rows])
            sums, weight = sums + local * len(z[rows]), weight + len(z[rows])
        common = sums / weight
    case("federated_learning", name, y.mean() + y.std() * (z @ common),
         {"num_clients": clients, "fraction_fit": fraction, "rounds": rounds, "local_steps": steps, "learning_rate": rate})


for name in inputs:
    federated(name, 10, 0.1, 50, 5, 0.1)
    federated(name, 7, 0.6, 20, 3, 0.05)


# ---- An ensemble that is chosen
def line(x, y, seen):
    mean, deviation = x[seen].mean(axis=0), x.std(axis=0)
    z, base = (x - mean) / deviation, y[seen].mean()
    return base + z @ ridge(z[seen], y[seen] - base, 1e-3)


def of_sklearn(make):
    return lambda x, y, seen: make().fit(x[seen], y[seen]).predict(x)


kinds = [line, of_sklearn(lambda: DecisionTreeRegressor(max_depth=6, min_samples_leaf=10)),
         of_sklearn(lambda: GradientBoostingRegressor(n_estimators=60)),
         of_sklearn(lambda: HistGradientBoostingRegressor(max_iter=60, early_stopping=False))]
for name in inputs:
    x, y = inputs[name]
    if name == "large":
        x, y = x[:250], y[:250]  # as many values as there are bins
        golden.input("shorter", {**{f"x{i}": x[:, i] for i in range(x.shape[1])}, "y": y})
        inputs_name = "shorter"
    else:
        inputs_name = name
    fold, says = np.arange(len(y)) % 3, np.empty((len(kinds), len(y)))
    for k in range(3):
        for i, kind in enumerate(kinds):
            says[i, fold == k] = kind(x, y, fold != k)[fold == k]
    for times in (5, 2):  # later choices hang on how trees choose between equal cuts
        total, chosen = 0, []
        for n in range(1, times + 1):
            chosen.append(int(np.argmin([(((total + s) / n - y) ** 2).sum() for s in says])))
            total = total + says[chosen[-1]]
        everything = np.ones(len(y), dtype=bool)
        golden.case("automl_ensemble", inputs_name,
                    {"prediction": np.mean([kinds[i](x, y, everything) for i in chosen], axis=0)}, {"n_models": times},
                    tolerance=1e-5, target="y")


# ---- Features, effects, shifts
def features(name, levels, threshold):
    x, y = inputs[name]
    kept = []

    def correlation(a, b):
        return np.mean((a - a.mean()) / a.std() * (b - b.mean()) / b.std()) if a.std() > 1e-13 * abs(a.mean()) else 0

    def offer(values, level):
        if not np.isfinite(values).all():
            return
        score = abs(correlation(values, y))
        if score < threshold or score <= 1e-12:
            return
        place = 0
        while place < len(kept) and kept[place][0] >= score:
            if abs(correlation(kept[place][1], values)) > 0.999:
                return
            place += 1
        if place >= 16:
            return
        kept.insert(place, (score, values, level))
        del kept[16:]
        kept[place + 1:] = [k for k in kept[place + 1:] if abs(correlation(values, k[1])) <= 0.999]

    for column in x.T:
        offer(column, 1)
    for level in range(2, levels + 1):
        before = list(kept)
        for i, (_, a, level_a) in enumerate(before):
            if level_a + 1 == level:
                offer(a * a, level)
                offer(np.abs(a), level)
                offer(np.copysign(np.log1p(np.abs(a)), a), level)
            for _, b, level_b in before[i + 1:]:
                if level in (level_a + 1, level_b + 1):
                    for values in (a * b, a - b, a / b, b / a):
                        offer(values, level)
    out = {f"feature_{i + 1}": kept[i][1] if i < len(kept) else np.full(len(y), np.nan) for i in range(8)}
    golden.case("automated_feature_engineering", name, out, {"max_depth": levels, "feature_selection_threshold": threshold},
                compute_target="y")


def effects(name):
    x, y = inputs[name]
    fitted = sm.OLS(y, sm.add_constant(x)).fit()
    slopes = np.array([np.polyfit(column, y, 1)[0] for column in x.T])
    effect = fitted.params[1:]
    golden.case("causal_inference_discovery", name,
                {"effect": effect, "standard_error": fitted.bse[1:], "t": fitted.tvalues[1:], "p_value": fitted.pvalues[1:],
                 "unadjusted": slopes, "confounding": slopes - effect}, compute_target="y", all_rows=True)


def walk(name, window, step):
    x, y = inputs[name]
    out = {key: np.full(len(y), np.nan) for key in ("prediction", "penalty", "error")}
    for end in range(window, len(y), step):
        rows, following = slice(end - window, end), slice(end, end + step)
        mean, deviation, base, late = x[rows].mean(axis=0), x[rows].std(axis=0), y[rows].mean(), window // 5
        z, target = (x[rows] - mean) / deviation, y[rows] - base

        def error(penalty):
            b = ridge(z[:-late], target[:-late], penalty)
            return ((target[-late:] - z[-late:] @ b) ** 2).sum()
        penalty = min((1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0), key=error)
        out["penalty"][following] = penalty
        out["prediction"][following] = base + (x[following] - mean) / deviation @ ridge(z, target, penalty)
    out["error"] = y - out["prediction"]
    golden.case("walk_forward_optimization", name, out, {"window_size": window, "step_size": step}, compute_target="y")


def adversarial(name, shift, share):
    x = inputs[name][0].copy()
    late = np.arange(len(x)) >= len(x) - int(np.ceil(share * len(x)))
    x[late, 0] += shift
    golden.input(f"{name}_shifted_{shift}", {f"x{i}": x[:, i] for i in range(x.shape[1])})
    z, fold, scores = standardised(x), np.arange(len(x)) % 5, np.empty(len(x))
    for k in range(5):
        classifier = LogisticRegression(C=1, tol=1e-12, max_iter=1000, solver="newton-cholesky")
        scores[fold == k] = classifier.fit(z[fold != k], late[fold != k]).predict_proba(z[fold == k])[:, 1]
    def p_value(values, alternative):
        return stats.mannwhitneyu(values[late], values[~late], use_continuity=False, alternative=alternative,
                                  method="asymptotic").pvalue
    auc = [roc_auc_score(late, scores)] + [max(a, 1 - a) for a in (roc_auc_score(late, c) for c in x.T)]
    p = [p_value(scores, "greater")] + [p_value(c, "two-sided") for c in x.T]
    golden.case("adversarial_validation", f"{name}_shifted_{shift}",
                {"auc": auc, "p_value": p, "shifted": (np.array(auc) > 0.5) & (np.array(p) < 0.05)}, {"share": share},
                tolerance=1e-6, all_rows=True)


for name in inputs:
    for levels, threshold in ((3, 0.1), (2, 0.5), (1, 0.0)):
        features(name, levels, threshold)
    effects(name)
    walk(name, 60, 7)
    walk(name, 100, 22)
    adversarial(name, 0.0, 0.3)
    adversarial(name, 0.7, 0.4)


# ---- Streams and series
for seed, change in ((0, 1.0), (1, 0.4)):
    rng = np.random.default_rng(seed)
    stream = rng.normal(size=900) * 0.3 + np.repeat([0, change, 0.2], 300)
    golden.input(f"stream{seed}", {"returns": stream})
    for delta in (0.002, 0.05):
        found, out = drift.ADWIN(delta=delta), []
        for value in stream:
            found.update(value)
            out.append((found.drift_detected, found.estimation, found.width))
        out = np.array(out, dtype=float)
        golden.case("concept_drift_detection", f"stream{seed}", dict(zip(("drift", "mean", "width"), out.T)),
                    {"delta": delta})


def arima_errors(terms, x, p, q):
    errors = np.zeros(len(x))
    for t in range(len(x)):
        errors[t] = x[t] - sum(terms[i] * x[t - 1 - i] for i in range(min(p, t))) - sum(
            terms[p + j] * errors[t - 1 - j] for j in range(min(q, t)))
    return errors


def auto_arima(name, y, horizon=12):
    golden.input(name, {"close": y})
    d, x = 0, y
    while d < 2 and kpss(x, regression="c", nlags=int(np.ceil(12 * (len(x) / 100) ** 0.25)))[0] > 0.463:
        d, x = d + 1, np.diff(x)
    mean = x.mean() if d == 0 else 0.0
    x, n, best, none = x - mean, len(x), None, None
    for p, q in itertools.product(range(3), range(3)):
        terms = np.zeros(p + q)
        if p + q:
            with np.errstate(all="ignore"):
                terms = optimize.least_squares(lambda b: np.nan_to_num(arima_errors(b, x, p, q), nan=1e100, posinf=1e100),
                                               terms, method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14).x
        squares, k = (arima_errors(terms, x, p, q) ** 2).sum(), p + q + 1 + (d == 0)
        aicc = n * np.log(squares / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
        none = aicc if none is None else none
        if best is None or aicc < best[0] - 1e-8:
            best = aicc, p, q, terms, squares
    aicc, p, q, terms, squares = best
    values, errors = list(x), list(arima_errors(terms, x, p, q)) + [0] * horizon
    answers = [1.0]
    for h in range(horizon):
        t = n + h
        values.append(sum(terms[i] * values[t - 1 - i] for i in range(p)) + sum(terms[p + j] * errors[t - 1 - j] for j in range(q)))
        answers.append((terms[p + h] if h < q else 0) + sum(terms[i] * answers[h - i] for i in range(min(p, h + 1))))
    forecast, answers = np.array(values[n:]) + mean, np.array(answers[:horizon])
    for _ in range(d):
        answers = np.cumsum(answers)
    last = [y[-1], y[-1] - y[-2]]
    if d == 2:
        forecast = last[1] + np.cumsum(forecast)
    if d:
        forecast = last[0] + np.cumsum(forecast)
    golden.case("auto_arima", name, {"forecast": forecast, "deviation": np.sqrt(np.cumsum(answers ** 2) * squares / n),
                                     "p": np.full(horizon, p), "d": np.full(horizon, d), "q": np.full(horizon, q),
                                     "gain": np.full(horizon, none - aicc)},
                {"max_p": 2, "max_q": 2, "horizon": horizon}, tolerance=1e-5)


rng = np.random.default_rng(9)
noise, series = rng.normal(size=220), np.zeros(220)
for t in range(2, 220):
    series[t] = 0.6 * series[t - 1] - 0.3 * series[t - 2] + noise[t]
auto_arima("autoregressive", 20 + series)
auto_arima("moving", 100 + np.cumsum(noise[1:] + 0.5 * noise[:-1]))
auto_arima("twice", 50 + np.cumsum(np.cumsum(noise[:150]) + 0.3))
golden.write()
