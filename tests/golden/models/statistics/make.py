# SPDX-License-Identifier: Apache-2.0
"""Golden values of the statistics family: statsmodels, scikit-learn, networkx; else the definitions of its page."""
import collections
import pathlib
import sys
import warnings

import networkx as nx
import numpy as np
from sklearn.feature_selection import mutual_info_regression
from statsmodels.tsa.stattools import adfuller, grangercausalitytests, kpss

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

warnings.simplefilter("ignore")


def tests(golden, name, effect, cause):
    for kind in ("c", "ct"):
        for column, x in (("returns", effect), ("benchmark", cause), ("level", np.cumsum(effect))):
            adf, p, lags, rows = adfuller(x, regression=kind, autolag="AIC")[:4]
            found, found_p, found_lags = kpss(x, regression=kind, nlags="auto")[:3]
            golden.case("adf_kpss_tests", name, {
                "adf": adf, "adf_p_value": p, "adf_lags": lags, "adf_rows": rows, "kpss": found,
                "kpss_p_value": found_p, "kpss_lags": found_lags,
                "stationary": float(p < 0.05) - float(found_p < 0.05)},
                {"regression": kind, "column": column}, tolerance=1e-8)
    for autolag in ("BIC", "t-stat", None):
        adf, p, lags, rows = adfuller(np.cumsum(effect), regression="c", maxlag=9, autolag=autolag)[:4]
        golden.case("adf_kpss_tests", name, {"adf": adf, "adf_p_value": p, "adf_lags": 9 if autolag is None else lags,
                                             "adf_rows": rows},
                    {"column": "level", "max_lags": 9, "autolag": autolag or "none"}, tolerance=1e-8)
    result = grangercausalitytests(np.column_stack([effect, cause]), 5)
    rows = np.array([[lag, *result[lag][0]["ssr_ftest"][:2], *result[lag][0]["ssr_chi2test"][:2]]
                     for lag in range(1, 6)])
    golden.case("granger_causality_test", name,
                dict(zip(("lags", "f", "p_value", "chi_squared", "chi_squared_p"), rows.T)), {"max_lag": 5},
                tolerance=1e-8, all_rows=True)


def hurst(x, least):
    sizes, ranges, size = [], [], least
    while size <= len(x) // 2:
        found = []
        for piece in x[:len(x) // size * size].reshape(-1, size):
            sums = np.cumsum(piece - piece.mean())
            found.append((max(0, sums.max()) - min(0, sums.min())) / piece.std())
        sizes.append(np.log(size))
        ranges.append(np.log(np.mean(found)))
        size *= 2
    return (np.polyfit(sizes, ranges, 1)[0], np.corrcoef(sizes, ranges)[0, 1] ** 2, len(sizes))


def line(sizes, measures, factor=1, shift=0):
    x, y = np.log(sizes), np.log(measures)
    return (shift + factor * np.polyfit(x, y, 1)[0], np.corrcoef(x, y)[0, 1] ** 2, len(x))


def fluctuation(pieces):
    time = np.arange(pieces.shape[1])
    rest = [piece - np.polyval(np.polyfit(time, piece, 1), time) for piece in pieces]
    return np.sqrt(np.mean(np.square(rest)))


def hurst_otherwise(x, least, method):
    path = np.cumsum(x - x.mean())
    if method == "ghe":
        lags = np.arange(1, 2 * least)
        return line(lags, [np.mean(np.abs(path[lag:] - path[:-lag])) for lag in lags])
    pieces = 5 if method == "variance" else 2
    sizes = [least * 2 ** i for i in range(60) if least * 2 ** i <= len(x) // pieces]
    if method == "dfa":
        return line(sizes, [fluctuation(path[:len(x) // s * s].reshape(-1, s)) for s in sizes])
    return line(sizes, [x[:len(x) // s * s].reshape(-1, s).mean(axis=1).var() for s in sizes], 0.5, 1)


def higuchi(x, most):
    lengths = []
    for k in range(1, most + 1):
        each = [np.abs(np.diff(x[m::k])).sum() * (len(x) - 1) / (len(x[m::k]) - 1) / k / k for m in range(k)]
        lengths.append(np.mean(each))
    scales = -np.log(np.arange(1, most + 1))
    return np.polyfit(scales, np.log(lengths), 1)[0], np.corrcoef(scales, np.log(lengths))[0, 1] ** 2


def patterns(bits):
    """How many parts the text falls into when each is the shortest that does not stand earlier in it."""
    text, count, at = "".join(map(str, bits.astype(int))), 0, 0
    while at < len(text):
        length = 1
        while at + length <= len(text) and text[at:at + length] in text[:at + length - 1]:
            length += 1
        count += 1
        at += length
    return count


def complexity(golden, name, x):
    for least in (4, 6, 8, 10, 13):
        golden.case("hurst_exponent_fractal", name, dict(zip(("hurst", "explained", "sizes"), hurst(x, least))),
                    {"min_window": least})
    for method in ("dfa", "variance", "ghe"):
        for least in (5, 10):
            golden.case("hurst_exponent_fractal", name,
                        dict(zip(("hurst", "explained", "sizes"), hurst_otherwise(x, least, method))),
                        {"method": method, "min_window": least})
    for most in (4, 5, 6, 8, 12, 16):
        golden.case("fractal_model", name, dict(zip(("dimension", "explained"), higuchi(x, most))), {"k_max": most})
    for column, values in (("returns", x), ("level", np.cumsum(x))):
        count = patterns(values > np.median(values))
        for normalize in (True, False):
            golden.case("lempel_ziv_complexity", name, {
                "complexity": count * (np.log2(len(x)) / len(x) if normalize else 1), "patterns": count,
                "median": np.median(values)},
                {"normalize": normalize, "column": column})


def transfer(to, source, history, bins):
    def symbols(x):
        return np.searchsorted(np.quantile(x, np.arange(1, bins) / bins), x, side="left")
    to, source = symbols(to), symbols(source)
    rows = [(to[i], tuple(to[i - history:i]), tuple(source[i - history:i])) for i in range(history, len(to))]
    all_, both, own, past = (collections.Counter(f(r) for r in rows) for f in (
        lambda r: r, lambda r: r[1:], lambda r: r[:2], lambda r: r[1]))
    return sum(c / len(rows) * np.log((c / both[r[1:]]) / (own[r[:2]] / past[r[1]])) for r, c in all_.items())


def information(golden, name, effect, cause):
    for history, bins in ((1, 3), (2, 2), (1, 5), (3, 2)):
        there, back = transfer(effect, cause, history, bins), transfer(cause, effect, history, bins)
        golden.case("transfer_entropy", name, {"transfer": there, "back": back, "net": there - back},
                    {"history": history, "bins": bins})


def many(golden, name, x, y):
    for k in (3, 5):
        entropies = []
        for column in x.T:
            share = np.histogram(column, 10)[0] / len(column)
            entropies.append(-(share[share > 0] * np.log(share[share > 0])).sum())
        golden.case("shannon_entropy_mutual_info", name, {
            "mutual_information": mutual_info_regression(x, y, n_neighbors=k, random_state=0), "entropy": entropies},
            {"n_neighbors": k, "column": "y"}, target=None, tolerance=1e-6, all_rows=True)


def network(golden, name, x):
    for threshold, measure in ((0.3, "betweenness"), (0.45, "degree")):
        linked = np.abs(np.corrcoef(x.T)) >= threshold
        np.fill_diagonal(linked, False)
        graph = nx.from_numpy_array(linked.astype(int))
        between, degree, cluster = (np.array([f(graph)[i] for i in range(len(linked))]) for f in (
            nx.betweenness_centrality, nx.degree_centrality, nx.clustering))
        golden.case("network_topology_analysis", name, {
            "centrality": between if measure == "betweenness" else degree, "betweenness": between, "degree": degree,
            "clustering": cluster, "strength": (np.abs(np.corrcoef(x.T)).sum(axis=0) - 1) / (x.shape[1] - 1)}, {"threshold": threshold, "centrality_measure": measure}, all_rows=True)


golden = Golden(__file__, "statistics")
rng = np.random.default_rng(77)
for name, rows in (("led", 200), ("free", 150), ("long", 256)):
    cause = rng.normal(size=rows) * 0.01
    effect = rng.normal(size=rows) * 0.01
    if name != "free":
        effect[1:] += 0.6 * cause[:-1]
        effect[2:] += 0.3 * effect[1:-1]
    golden.input(name, {"returns": effect, "benchmark": cause, "level": np.cumsum(effect)})
    tests(golden, name, effect, cause)
    complexity(golden, name, effect)
    information(golden, name, effect, cause)
for name, rows, count in (("five", 120, 5), ("nine", 160, 9)):
    x = rng.normal(size=(rows, count))
    for i in range(1, count):
        x[:, i] += 0.7 * x[:, i // 2]
    y = x[:, 0] + 0.5 * x[:, 1] ** 2 + 0.3 * rng.normal(size=rows)
    golden.input(name, {f"x{i}": x[:, i] for i in range(count)})
    network(golden, name, x)
    golden.input(name + "_y", {**{f"x{i}": x[:, i] for i in range(count)}, "y": y})
    many(golden, name + "_y", np.column_stack([x, y])[:, :count], y)
golden.write()
