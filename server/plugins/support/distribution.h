/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_DISTRIBUTION_H
#define PLUGIN_SUPPORT_DISTRIBUTION_H

/* Distribution functions. Pure. Relative error below 1e-11 where the result is above 1e-300, unless said otherwise. */

double distribution_normal_density(double x);
double distribution_normal(double x);
/** Wichura (1988), algorithm AS 241, about 16 digits. -inf at 0, inf at 1, NaN outside. */
double distribution_normal_quantile(double share);

/** Regularised lower incomplete gamma function P(a, x), a > 0, x >= 0. */
double distribution_gamma(double a, double x);
/** Regularised incomplete beta function I_x(a, b), a, b > 0, 0 <= x <= 1. */
double distribution_beta(double a, double b, double x);

/** P(X > x) for chi-squared, F and Student's t (two sides: P(|X| > |x|)). */
double distribution_chi_squared_tail(double x, double freedom);
double distribution_f_tail(double x, double numerator_freedom, double denominator_freedom);
double distribution_t_two_sides(double x, double freedom);

#endif
