# SPDX-License-Identifier: Apache-2.0
"""Golden values of the options family: derivatives of the price formula by mpmath to 40 digits, and py_vollib."""
import pathlib
import sys

import mpmath as mp
import numpy as np
from py_vollib.black_scholes_merton import black_scholes_merton
from py_vollib.black_scholes_merton.greeks import analytical

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import write  # noqa: E402

mp.mp.dps = 40
NAMES = ["spot", "strike", "time_to_expiry", "risk_free_rate", "volatility", "dividend_yield"]


def price(s, k, t, r, v, q, sign):
    d1 = (mp.log(s / k) + (r - q + v * v / 2) * t) / (v * mp.sqrt(t))
    d2 = d1 - v * mp.sqrt(t)
    return sign * (s * mp.exp(-q * t) * mp.ncdf(sign * d1) - k * mp.exp(-r * t) * mp.ncdf(sign * d2))


def value(s, k, t, r, v, q, sign):
    at = tuple(mp.mpf(x) for x in (s, k, t, r, v, q))

    def derivative(*orders):
        return mp.diff(lambda *x: price(*x, sign), at, orders)

    return {
        "price": price(*at, sign),
        "delta": derivative(1, 0, 0, 0, 0, 0),
        "gamma": derivative(2, 0, 0, 0, 0, 0),
        "vega": derivative(0, 0, 0, 0, 1, 0),
        "theta": -derivative(0, 0, 1, 0, 0, 0),
        "rho": derivative(0, 0, 0, 1, 0, 0),
        "psi": derivative(0, 0, 0, 0, 0, 1),
        "vanna": derivative(1, 0, 0, 0, 1, 0),
        "volga": derivative(0, 0, 0, 0, 2, 0),
        "charm": -derivative(1, 0, 1, 0, 0, 0),
        "speed": derivative(3, 0, 0, 0, 0, 0),
    }


def agree(a, b):
    assert abs(float(a) - float(b)) <= 1e-8 * (1 + abs(float(a))), (a, b)


def vollib(s, k, t, r, v, q, flag, ours):
    """The two references must agree before either is written down. py_vollib: theta a day, vega and rho for 0.01."""
    agree(ours["price"], black_scholes_merton(flag, s, k, t, r, v, q))
    agree(ours["delta"], analytical.delta(flag, s, k, t, r, v, q))
    agree(ours["gamma"], analytical.gamma(flag, s, k, t, r, v, q))
    agree(ours["vega"], analytical.vega(flag, s, k, t, r, v, q) * 100)
    agree(ours["theta"], analytical.theta(flag, s, k, t, r, v, q) * 365)
    agree(ours["rho"], analytical.rho(flag, s, k, t, r, v, q) * 100)


def inputs():
    grid = [(s, k, t, r, v, q) for s in (80.0, 100.0, 130.0) for k in (100.0,) for t in (0.05, 2.0)
            for r in (0.0, 0.05) for v in (0.15, 0.6) for q in (0.0, 0.03)]
    yield "grid", grid
    rng = np.random.default_rng(11)
    low, high = [10, 10, 0.01, -0.02, 0.05, -0.01], [500, 500, 5, 0.12, 1.2, 0.08]
    yield "random", [tuple(float(x) for x in rng.uniform(low, high)) for _ in range(25)]


for data, rows in inputs():
    table = {name: [row[i] for row in rows] for i, name in enumerate(NAMES)}
    for kind, sign in (("call", 1), ("put", -1)):
        values = [value(*row, sign) for row in rows]
        for row, ours in zip(rows, values):
            vollib(*row, kind[0], ours)
        expected = {name: [v[name] for v in values] for name in values[0]}
        parameters = [("text", "option_type", kind)]
        write(__file__, f"{data}-{kind}-greeks", "options", "compute", "black_scholes_greeks", parameters, 1e-9,
              {"input": table, "expected": expected})
        write(__file__, f"{data}-{kind}-price", "options", "compute", "black_scholes", parameters, 1e-9,
              {"input": table, "expected": {"price": expected["price"]}})
