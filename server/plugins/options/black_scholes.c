/* SPDX-License-Identifier: Apache-2.0 */
#include "black_scholes.h"

#include <math.h>

static double normal_distribution(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static double normal_density(double x)
{
    return 0.5 * M_2_SQRTPI * M_SQRT1_2 * exp(-0.5 * x * x);
}

/* What the formulas share. */
struct terms {
    double spread;      /* volatility * sqrt(years) */
    double d1;          /* infinite when spread is 0, 0 when at the money forward too */
    double d2;
    double spot;        /* discounted by the dividend yield */
    double strike;      /* discounted by the rate */
    double spot_share;  /* N(±d1) */
    double strike_share; /* N(±d2) */
    double density;     /* n(d1) */
    double sign;        /* 1 call, -1 put */
};

static struct terms terms_of(const struct option *option)
{
    struct terms t = {
        .spread = option->volatility * sqrt(option->years),
        .spot = option->spot * exp(-option->dividend_yield * option->years),
        .strike = option->strike * exp(-option->rate * option->years),
        .sign = option->is_put ? -1 : 1,
    };
    double moneyness = log(option->spot / option->strike) + (option->rate - option->dividend_yield) * option->years;

    if (t.spread > 0) {
        t.d1 = moneyness / t.spread + 0.5 * t.spread;
        t.d2 = t.d1 - t.spread;
    } else {
        t.d1 = t.d2 = moneyness > 0 ? INFINITY : moneyness < 0 ? -INFINITY : 0;
    }
    t.spot_share = normal_distribution(t.sign * t.d1);
    t.strike_share = normal_distribution(t.sign * t.d2);
    t.density = normal_density(t.d1);
    return t;
}

static void fill_first(const struct option *option, const struct terms *t, struct option_value *value)
{
    double root = sqrt(option->years);

    value->price = t->sign * (t->spot * t->spot_share - t->strike * t->strike_share);
    if (value->price < 0) /* rounding, deep out of the money */
        value->price = 0;
    value->delta = t->sign * t->spot / option->spot * t->spot_share;
    value->vega = t->spot * t->density * root;
    value->rho = t->sign * option->years * t->strike * t->strike_share;
    value->psi = -t->sign * option->years * t->spot * t->spot_share;
    value->theta = t->sign * (option->dividend_yield * t->spot * t->spot_share -
                              option->rate * t->strike * t->strike_share);
    if (t->spread > 0)
        value->theta -= t->spot * t->density * option->volatility / (2 * root);
}

static void fill_higher(const struct option *option, const struct terms *t, struct option_value *value)
{
    double discount = t->spot / option->spot;
    double carry = option->rate - option->dividend_yield;

    if (t->spread == 0)
        return;
    value->gamma = discount * t->density / (option->spot * t->spread);
    value->vanna = -discount * t->density * t->d2 / option->volatility;
    value->volga = value->vega * t->d1 * t->d2 / option->volatility;
    value->charm = t->sign * option->dividend_yield * discount * t->spot_share -
                   discount * t->density * (2 * carry * option->years - t->d2 * t->spread) /
                       (2 * option->years * t->spread);
    value->speed = -value->gamma / option->spot * (t->d1 / t->spread + 1);
}

void black_scholes_value(const struct option *option, struct option_value *value)
{
    struct terms terms = terms_of(option);

    *value = (struct option_value){0};
    fill_first(option, &terms, value);
    fill_higher(option, &terms, value);
}
