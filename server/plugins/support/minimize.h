/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_MINIMIZE_H
#define PLUGIN_SUPPORT_MINIMIZE_H

#include <stddef.h>

#define MINIMIZE_MAX 64

/** The function to make small, of @x; INFINITY (or NaN) where it is not defined. */
struct minimize_function {
    double (*value)(void *arg, const double *x);
    void *arg;
};

/** A local minimum near @x (@count numbers, at most MINIMIZE_MAX, of about the size of 1), by BFGS with central
 *  differences and a halving line search; in place. Gives the value there. Ends when steps make it no smaller. Pure.
 *  Source: Nocedal and Wright (2006), "Numerical optimization", 6.1. */
double minimize_bfgs(const struct minimize_function *function, double *x, size_t count, int rounds_max);

#endif
