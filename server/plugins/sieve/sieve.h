/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SIEVE_H
#define PLUGIN_SIEVE_H

#include "support/call.h"

/* Which of many rows may be near a point. Squared distances of a block of rows from a block of points,
 * |y|² - 2 x·y less what they have in common, are one product of matrices in single precision. Its rounding is bounded:
 * a row that it puts further away than a limit, by more than that bound, is further away. The few others the caller
 * measures by differences in double precision, so that what he finds does not depend on the sieve.
 *
 *     sieve_points(sieve, points, count);
 *     for (size_t block = 0; block < sieve_blocks(sieve); block++) {
 *         sieve_block(sieve, block);
 *         for (size_t i = 0; i < count; i++)
 *             for (size_t row = sieve_first(sieve); sieve_next(sieve, i, limit, &row); row++)
 *                 ... measure row, lower the limit ...
 *     }
 *
 * Thread: one. Ownership: everything is the call's memory. Source: Higham (2002), "Accuracy and Stability of Numerical
 * Algorithms", section 3.1, for the bound of a product. */

#define SIEVE_POINTS 128 /* at once */
#define SIEVE_ROWS 512   /* of a block; the products of a block with all points stay in the second cache */

struct sieve;

/** Over @rows of @features numbers each, row after row, which are read here and not kept. NULL: call->status says
 *  why. */
struct sieve *sieve_new(struct call *call, const double *values, size_t rows, size_t features);
size_t sieve_blocks(const struct sieve *sieve);
/** The points to ask for from here on: at most SIEVE_POINTS, row after row. */
void sieve_points(struct sieve *sieve, const double *points, size_t count);
/** The rows to ask for from here on. */
void sieve_block(struct sieve *sieve, size_t block);
/** The first of them. */
size_t sieve_first(const struct sieve *sieve);
/** Move @row on to the next of the block, itself included, that may be as near to @point as @limit, a squared distance.
 *  0: there is none. */
int sieve_next(const struct sieve *sieve, size_t point, double limit, size_t *row);

#endif
