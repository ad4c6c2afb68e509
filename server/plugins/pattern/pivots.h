/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PATTERN_PIVOTS_H
#define PATTERN_PIVOTS_H

#include <stdint.h>

/* Turning points of a chart. Row p is a high pivot when its high is above those of the @reach rows before it and not
 * below those of the @reach rows after it, so it is known at row p + reach and not before; low pivots likewise. */

#define PIVOTS_KEPT 8

struct pivot {
    int64_t row;
    double price;
    int sign; /* 1 high, -1 low */
};

/** The latest pivots, the newest first. */
struct pivots {
    int64_t reach;
    struct pivot highs[PIVOTS_KEPT], lows[PIVOTS_KEPT];
    /* highs and lows in turn: of two of a kind that follow each other the further one */
    struct pivot waves[PIVOTS_KEPT];
    int high_count, low_count, wave_count;
};

/** Take in what row @row makes known; non-zero when a pivot came. Rows come one after the other, from 0. */
int pivots_see(struct pivots *pivots, const double *high, const double *low, int64_t row);

#endif
