/* SPDX-License-Identifier: Apache-2.0 */
/* dS/S = (r - q) dt + sqrt(v) dW, dv = kappa (theta - v) dt + sigma sqrt(v) dZ, dW dZ = rho dt.
 *
 * The price comes from one integral over the characteristic function of the log return, taken half a unit below the
 * real line (Lewis 2001), with the branch of the logarithm that stays continuous (Albrecher, Mayer, Schoutens and
 * Tistaert 2007, "The little Heston trap"). Source of the model: Heston (1993). */
#include <complex.h>

#include "black_scholes.h"
#include "contract.h"

#define PANELS_MAX 4000
#define POINTS 16

struct heston {
    double v0, kappa, theta, sigma, rho;
};

/* Points and weights of Gauss and Legendre on [-1, 1], the positive half. */
static const double abscissas[POINTS / 2] = {0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863,
                                             0.6178762444026437484, 0.7554044083550030339, 0.8656312023878317439,
                                             0.9445750230732325761, 0.9894009349916499326};
static const double weights[POINTS / 2] = {0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382,
                                           0.1495959888165767321, 0.1246289712555338721, 0.0951585116824927848,
                                           0.0622535239386478929, 0.0271524594117540949};

/* E exp(i u x), x the log of the price over its forward. */
static double complex characteristic(const struct heston *h, double years, double complex u)
{
    double square = h->sigma * h->sigma;
    double complex b = h->kappa - h->rho * h->sigma * I * u;
    double complex d = csqrt(b * b + square * (I * u + u * u));
    double complex g = (b - d) / (b + d), decay = cexp(-d * years);
    double complex c = h->kappa * h->theta / square * ((b - d) * years - 2 * clog((1 - g * decay) / (1 - g)));

    return cexp(c + (b - d) / square * (1 - decay) / (1 - g * decay) * h->v0);
}

static double integrand(const struct heston *h, double years, double moneyness, double u)
{
    double complex value = cexp(I * u * moneyness) * characteristic(h, years, u - 0.5 * I);

    return creal(value) / (u * u + 0.25);
}

/* Panel after panel until four in a row add nothing. The first are narrow, for 1/(u^2 + 1/4); none is wider than the
 * function or a turn of its oscillation. */
static double integral(const struct heston *h, double years, double moneyness)
{
    double usual = sqrt(fmax(h->v0, h->theta) * years),
           widest = fmin(2 / fmax(0.02, usual), 6 / fmax(0.1, fabs(moneyness)));
    double sum = 0, from = 0, width = 0.5;

    for (int panel = 0, quiet = 0; panel < PANELS_MAX && quiet < 4; panel++) {
        double middle = from + width / 2, part = 0;
        for (int i = 0; i < POINTS / 2; i++)
            part += weights[i] * (integrand(h, years, moneyness, middle + width / 2 * abscissas[i]) +
                                  integrand(h, years, moneyness, middle - width / 2 * abscissas[i]));
        part *= width / 2;
        sum += part;
        quiet = fabs(part) < 1e-15 * fmax(1, fabs(sum)) ? quiet + 1 : 0;
        from += width;
        width = fmin(widest, width * 1.25);
    }
    return sum;
}

/* Without volatility of its own the variance is known, and its mean is what counts. */
static double price_without_surprise(const struct heston *h, const struct vanilla *option)
{
    double decay = h->kappa * option->years;
    double mean = decay > 0 ? h->theta + (h->v0 - h->theta) * -expm1(-decay) / decay : h->v0;
    struct option plain = {.spot = option->spot,
                           .strike = option->strike,
                           .years = option->years,
                           .rate = option->rate,
                           .volatility = sqrt(mean),
                           .dividend_yield = option->dividend_yield,
                           .is_put = option->sign < 0};
    struct option_value value;

    black_scholes_value(&plain, &value);
    return value.price;
}

static double price_of(const struct heston *h, const struct vanilla *option)
{
    double spot = option->spot * exp(-option->dividend_yield * option->years);
    double strike = option->strike * exp(-option->rate * option->years);

    if (option->years < 1e-8 || h->sigma < 1e-4)
        return price_without_surprise(h, option);
    double call = spot - sqrt(spot * strike) / M_PI * integral(h, option->years, log(spot / strike));
    double price = option->sign > 0 ? call : call - spot + strike;
    return fmax(price, fmax(0, option->sign * (spot - strike)));
}

static int32_t fill(struct call *call)
{
    struct heston h = {.v0 = call_number_within(call, "v0", 0, 100),
                       .kappa = call_number_within(call, "kappa", 0, 1000),
                       .theta = call_number_within(call, "theta", 0, 100),
                       .sigma = call_number_within(call, "sigma", 0, 100),
                       .rho = call_number_within(call, "rho", -1, 1)};
    struct vanilla_terms terms = vanilla_terms(call);

    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        struct vanilla option;
        if (call_step(call, (double)row, (double)call->rows) || vanilla_read(call, &terms, NULL, row, &option))
            break;
        call->out[0][row] = price_of(&h, &option);
    }
    return call->status;
}

TABULAR(heston, .inputs = {"spot", "strike", "time_to_expiry", "risk_free_rate"}, .outputs = {"price"}, .fill = fill);
