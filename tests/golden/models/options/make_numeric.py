# SPDX-License-Identifier: Apache-2.0
"""Golden values of options without a closed form, from QuantLib."""
import pathlib
import sys

import numpy as np
import QuantLib as ql

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

TODAY = ql.Date(15, 6, 2026)
ql.Settings.instance().evaluationDate = TODAY
DAYS = ql.Actual365Fixed()
CALENDAR = ql.NullCalendar()


def flat(value):
    return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, value, DAYS))


def option(side, strike, days, american):
    expiry = TODAY + int(days)
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if side == "call" else ql.Option.Put, float(strike))
    exercise = ql.AmericanExercise(TODAY, expiry) if american else ql.EuropeanExercise(expiry)
    return ql.VanillaOption(payoff, exercise)


def lattice(side, exercise, steps, dividend, spot, strike, days, rate, volatility):
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(float(spot))), flat(dividend), flat(float(rate)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, CALENDAR, float(volatility), DAYS)))
    priced = option(side, strike, days, exercise == "american")
    priced.setPricingEngine(ql.BinomialCRRVanillaEngine(process, steps))
    return priced.NPV()


def own_lattice(side, exercise, steps, dividend, spot, strike, years, rate, volatility, up=0, chance=0):
    """The lattice in NumPy, for delta and gamma, which QuantLib takes from other nodes."""
    sign = 1 if side == "call" else -1
    step = years / steps
    up = up or np.exp(volatility * np.sqrt(step))
    chance = chance or (np.exp((rate - dividend) * step) - 1 / up) / (up - 1 / up)
    layers = {}
    nodes = spot * up ** (2.0 * np.arange(steps + 1) - steps)
    values = np.maximum(0, sign * (nodes - strike))
    for moment in range(steps - 1, -1, -1):
        values = np.exp(-rate * step) * (chance * values[1:] + (1 - chance) * values[:-1])
        nodes = spot * up ** (2.0 * np.arange(moment + 1) - moment)
        if exercise == "american":
            values = np.maximum(values, sign * (nodes - strike))
        layers[moment] = (nodes, values)
    (s1, v1), (s2, v2) = layers[1], layers[2]
    slopes = np.diff(v2) / np.diff(s2)
    return layers[0][1][0], (v1[1] - v1[0]) / (s1[1] - s1[0]), (slopes[1] - slopes[0]) / ((s2[2] - s2[0]) / 2)


def heston(side, h, dividend, spot, strike, days, rate):
    v0, kappa, theta, sigma, rho = h
    process = ql.HestonProcess(flat(float(rate)), flat(dividend), ql.QuoteHandle(ql.SimpleQuote(float(spot))), v0,
                               kappa, theta, sigma, rho)
    priced = option(side, strike, days, False)
    engine = ql.AnalyticHestonEngine(ql.HestonModel(process), 1e-12, 1000000)
    priced.setPricingEngine(engine)
    return priced.NPV()


golden = Golden(__file__, "numeric", rows=15)
rng = np.random.default_rng(12)
for name in ("near", "wide"):
    spread = 0.1 if name == "near" else 0.5
    spot = rng.uniform(80, 120, 30)
    strike = spot * np.exp(spread * rng.normal(size=30))
    days = rng.integers(20, 1200, 30)
    rate, volatility = rng.uniform(0, 0.08, 30), rng.uniform(0.15, 0.6, 30)
    years = days / 365
    golden.input(name, {"spot": spot, "strike": strike, "time_to_expiry": years, "risk_free_rate": rate,
                        "volatility": volatility})
    for side in ("call", "put"):
        for exercise, steps, dividend in (("american", 100, 0.03), ("european", 101, 0.0)):
            rows = [own_lattice(side, exercise, steps, dividend, *row)
                    for row in zip(spot, strike, years, rate, volatility)]
            price, delta, gamma = np.array(rows).T
            for i in range(0, 30, 5):  # QuantLib's chance of up is linear in the drift: both meet at small steps
                fine = own_lattice(side, exercise, 2000, dividend, spot[i], strike[i], years[i], rate[i], volatility[i])
                other = lattice(side, exercise, 2000, dividend, spot[i], strike[i], days[i], rate[i], volatility[i])
                assert abs(fine[0] - other) < 0.01, (fine[0], other)
            golden.case("binomial_tree_model", name, {"price": price, "delta": delta, "gamma": gamma},
                        {"n_steps": steps, "exercise": exercise, "option_type": side, "dividend_yield": dividend})
        for up, chance, exercise, steps in ((1.1, 0.5, "american", 12), (1.03, 0.52, "european", 60),
                                            (1.05, 0, "american", 40), (0, 0.51, "european", 25)):
            rows = [own_lattice(side, exercise, steps, 0.01, *row, up, chance)
                    for row in zip(spot, strike, years, rate, volatility)]
            golden.case("binomial_tree_model", name, dict(zip(("price", "delta", "gamma"), np.array(rows).T)),
                        {"n_steps": steps, "exercise": exercise, "option_type": side, "dividend_yield": 0.01,
                         "up_factor": float(up), "risk_neutral_prob": float(chance)})
        for h, dividend in (((0.1, 1.0, 0.1, 0.1, -0.5), 0.0), ((0.04, 2.0, 0.06, 0.5, -0.7), 0.02),
                            ((0.2, 0.5, 0.05, 0.9, 0.3), 0.01)):
            price = [heston(side, h, dividend, *row) for row in zip(spot, strike, days, rate)]
            golden.case("heston_model", name, {"price": price}, {
                **dict(zip(("v0", "kappa", "theta", "sigma", "rho"), h)), "option_type": side,
                "dividend_yield": dividend}, tolerance=1e-8)
golden.write()
