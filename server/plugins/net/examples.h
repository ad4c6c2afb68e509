/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_NET_EXAMPLES_H
#define PLUGIN_NET_EXAMPLES_H

#include "net/net.h"

/* What a network learns from. A sample is a row with the rows before it, `steps` of them in all, oldest first; before
 * the table's first row stands that row again, so that each row has a sample. Borrowed, read only. */
struct examples {
    size_t rows, features, steps;
    const double *values;  /* row after row */
    size_t target_width;   /* numbers a row */
    const double *targets; /* NULL when nothing is learned */
    const double *weights; /* one a row; NULL: all 1 */
};

/** Fill @input with the samples of the rows @order[first], … (NULL: first, first + 1, …). */
void examples_take(const struct examples *examples, const uint32_t *order, size_t first, size_t samples, double *input);

/** value = (value - centre) / scale, for columns that stand row after row. */
void examples_scale(double *values, size_t rows, size_t width, const double *centre, const double *scale);
/** Mean and population deviation of each column; a constant one gets deviation 1. */
void examples_moments(const double *values, size_t rows, size_t width, double *centre, double *scale);

#endif
