# SPDX-License-Identifier: Apache-2.0
"""Golden values of the decomposition family: statsmodels, PyWavelets, and for sifting the definition a second time over
SciPy's cubic splines."""
import pathlib
import sys

import numpy as np
import pywt
from scipy.interpolate import CubicSpline
from statsmodels.tsa.seasonal import seasonal_decompose

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "decomposition", rows=16)
inputs = {}
for seed, (name, rows) in enumerate((("short", 97), ("long", 260))):
    rng = np.random.default_rng(seed)
    t = np.arange(rows)
    series = 50 + 0.1 * t + 4 * np.sin(2 * np.pi * t / 12) + 2 * np.sin(2 * np.pi * t / 41) + rng.normal(size=rows)
    inputs[name] = golden.input(name, {"close": series})["close"]


def extrema(x):
    """Places of maxima, the middle of a flat top."""
    places, i = [], 1
    while i + 1 < len(x):
        end = i
        if x[i] > x[i - 1]:
            while end + 1 < len(x) and x[end + 1] == x[i]:
                end += 1
            if end + 1 < len(x) and x[end + 1] < x[i]:
                places.append((i + end) // 2)
        i = end + 1
    return np.array(places, dtype=int)


def envelope(x, places):
    more = min(2, len(places))
    knots = np.concatenate([-places[:more][::-1], places, 2 * (len(x) - 1) - places[-more:][::-1]])
    values = np.concatenate([x[places[:more]][::-1], x[places], x[places[-more:]][::-1]])
    return CubicSpline(knots, values, bc_type="natural")(np.arange(len(x)))


def sift(x, most, threshold):
    modes, rest = [], x.copy()
    while len(modes) < most:
        mode, sifted = rest.copy(), False
        while True:
            upper, lower = extrema(mode), extrema(-mode)
            if len(upper) + len(lower) < 3 or len(upper) == 0 or len(lower) == 0:
                break
            mean = (envelope(mode, upper) + envelope(mode, lower)) / 2
            share, sifted = (mean ** 2).sum() / (mode ** 2).sum(), True
            mode = mode - mean
            if share <= threshold:
                break
        if not sifted:
            break
        modes.append(mode)
        rest = rest - mode
    return modes, rest


for name, x in inputs.items():
    for model in ("additive", "multiplicative"):
        for period in (12, 7):
            parts = seasonal_decompose(x, model=model, period=period)
            golden.case("seasonal_decomposition", name, {"trend": parts.trend, "seasonal": parts.seasonal, "residual": parts.resid},
                        {"model": model, "period": period})
    for wavelet, mode, level in (("db4", "symmetric", 0), ("db2", "zero", 3), ("haar", "periodic", 0)):
        coefficients = pywt.wavedec(x, wavelet, mode=mode, level=level or None)
        levels = [0, *range(len(coefficients) - 1, 0, -1)]
        golden.case("wavelet_transform_model", name, {
            "level": np.concatenate([np.full(len(c), n) for n, c in zip(levels, coefficients)]),
            "position": np.concatenate([np.arange(len(c)) for c in coefficients]),
            "coefficient": np.concatenate(coefficients)}, {"wavelet": wavelet, "mode": mode, "level": level})
    for most, threshold in ((10, 0.05), (2, 0.01)):
        modes, rest = sift(x, most, threshold)
        golden.case("empirical_mode_decomposition", name, {
            "component": np.concatenate([np.full(len(x), n) for n in (*range(1, len(modes) + 1), 0)]),
            "row": np.tile(np.arange(len(x)), len(modes) + 1), "value": np.concatenate([*modes, rest])},
            {"max_imf": most, "threshold": threshold})
golden.write()
