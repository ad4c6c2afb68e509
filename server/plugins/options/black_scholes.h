/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPTIONS_BLACK_SCHOLES_H
#define OPTIONS_BLACK_SCHOLES_H

/* European options by Black, Scholes and Merton.
 * Sources: Black and Scholes (1973), Merton (1973); the sensitivities as in Haug (2007), "The Complete Guide to Option
 * Pricing Formulas", chapter 2. Years, yearly rates with continuous compounding; sensitivities for 1.00 of their
 * variable. */

struct option {
    double spot;           /* > 0 */
    double strike;         /* > 0 */
    double years;          /* >= 0 */
    double rate;
    double volatility;     /* >= 0 */
    double dividend_yield;
    int is_put;
};

struct option_value {
    double price;
    double delta;
    double gamma;
    double vega;
    double theta; /* by passing time */
    double rho;
    double psi;   /* by dividend yield */
    double vanna; /* delta by volatility */
    double volga; /* vega by volatility */
    double charm; /* delta by passing time */
    double speed; /* gamma by spot */
};

/** Everything about one option. With no time or no volatility left it is worth its discounted intrinsic value, first
 *  derivatives are the one-sided ones (half of both sides' exactly at the money forward), second and third are 0. */
void black_scholes_value(const struct option *option, struct option_value *value);

#endif
