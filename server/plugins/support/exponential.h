/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_EXPONENTIAL_H
#define PLUGIN_SUPPORT_EXPONENTIAL_H

#include <stddef.h>

/* Functions of many numbers at once. Unlike those of the C library they give the same bits on any processor. @x and
 * @out may be the same, or do not overlap. Pure. */

/** exp of each, to 1 unit in the last place: 0 from below, INFINITY from above, NaN of NaN. Of what is less than the
 *  least normal number, to 1 unit more. */
void exponential(const double *x, size_t count, double *out);
/** The natural logarithm of each, to 1 unit in the last place; each is at least the least normal
 *  number, and INFINITY is taken for 2^1024. */
void logarithm(const double *x, size_t count, double *out);

#endif
