/* SPDX-License-Identifier: Apache-2.0 */
#include "support/distribution.h"

#include <math.h>

double distribution_normal_density(double x)
{
    return 0.5 * M_2_SQRTPI * M_SQRT1_2 * exp(-0.5 * x * x);
}

double distribution_normal(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static double ratio(const double *above, const double *below, double r)
{
    double p = above[7], q = below[6];

    for (int i = 6; i >= 0; i--)
        p = p * r + above[i];
    for (int i = 5; i >= 0; i--)
        q = q * r + below[i];
    return p / (q * r + 1);
}

/* The coefficients of AS 241 (PPND16): the middle, the shoulders, the tails. */
double distribution_normal_quantile(double share)
{
    static const double middle_above[] = {3.3871328727963666080e0,  1.3314166789178437745e2, 1.9715909503065514427e3,
                                          1.3731693765509461125e4,  4.5921953931549871457e4, 6.7265770927008700853e4,
                                          3.3430575583588128105e4,  2.5090809287301226727e3};
    static const double middle_below[] = {4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                                          2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
                                          5.2264952788528545610e3};
    static const double near_above[] = {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                                        3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
                                        2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double near_below[] = {2.05319162663775882187e0,  1.67638483018380384940e0,  6.89767334985100004550e-1,
                                        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                                        1.05075007164441684324e-9};
    static const double far_above[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                       2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                       2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double far_below[] = {5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                                       7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                                       2.04426310338993978564e-15};
    double q = share - 0.5;

    if (!(share > 0 && share < 1))
        return share == 0 ? -INFINITY : share == 1 ? INFINITY : NAN;
    if (fabs(q) <= 0.425)
        return q * ratio(middle_above, middle_below, 0.180625 - q * q);
    double r = sqrt(-log(q < 0 ? share : 1 - share));
    double x = r <= 5 ? ratio(near_above, near_below, r - 1.6) : ratio(far_above, far_below, r - 5);
    return q < 0 ? -x : x;
}

/* log of x^a e^-x / gamma(a + 1) */
static double log_gamma_factor(double a, double x)
{
    return a * log(x) - x - lgamma(a + 1);
}

static double gamma_series(double a, double x)
{
    double term = 1, sum = 1;

    for (double n = a + 1; term > sum * 1e-17 && n < a + 10000; n++)
        sum += term *= x / n;
    return sum * exp(log_gamma_factor(a, x));
}

/* Lentz's method for the continued fraction of the upper function; Abramowitz and Stegun 6.5.31. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;

    for (int i = 1; i < 10000; i++) {
        double term = -i * (i - a);
        b += 2;
        d = term * d + b;
        c = b + term / c;
        if (fabs(d) < 1e-300)
            d = 1e-300;
        if (fabs(c) < 1e-300)
            c = 1e-300;
        d = 1 / d;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return h * exp(log_gamma_factor(a, x)) * a;
}

static double gamma_upper(double a, double x)
{
    if (x <= 0)
        return 1;
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

double distribution_gamma(double a, double x)
{
    if (x <= 0)
        return 0;
    return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

/* Lentz again; Didonato and Morris (1992), or 26.5.8 of Abramowitz and Stegun. */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1);

    if (fabs(d) < 1e-300)
        d = 1e-300;
    d = 1 / d;
    double h = d;
    for (int m = 1; m < 10000; m++) {
        double terms[2] = {m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                           -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))};
        double before = h;
        for (int i = 0; i < 2; i++) {
            d = 1 + terms[i] * d;
            c = 1 + terms[i] / c;
            if (fabs(d) < 1e-300)
                d = 1e-300;
            if (fabs(c) < 1e-300)
                c = 1e-300;
            d = 1 / d;
            h *= d * c;
        }
        if (fabs(h - before) < 1e-16 * fabs(h))
            break;
    }
    return h;
}

double distribution_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double distribution_chi_squared_tail(double x, double freedom)
{
    return gamma_upper(freedom / 2, x / 2);
}

/* The tail itself, not 1 minus the rest, so that small ones keep their digits. */
double distribution_f_tail(double x, double numerator_freedom, double denominator_freedom)
{
    if (x <= 0)
        return 1;
    return distribution_beta(denominator_freedom / 2, numerator_freedom / 2,
                             denominator_freedom / (denominator_freedom + numerator_freedom * x));
}

double distribution_t_two_sides(double x, double freedom)
{
    return distribution_beta(freedom / 2, 0.5, freedom / (freedom + x * x));
}
