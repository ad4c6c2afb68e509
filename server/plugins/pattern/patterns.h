/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PATTERN_PATTERNS_H
#define PATTERN_PATTERNS_H

#include "support/tabular.h"

#define PATTERNS(X)                                                                                                    \
    X(breakout, "Closes beyond the range of the rows before.")                                                         \
    X(candlestick, "Doji, hammer and engulfing candles.")                                                              \
    X(chart, "Head and shoulders, triangles, wedges between pivots.")                                                  \
    X(elliott_wave, "Five waves that keep Elliott's rules.")                                                           \
    X(high_tight_flag, "A rest after a steep rise.")                                                                   \
    X(support_resistance, "Recent extremes and how often they were touched.")                                          \
    X(double_extremes, "Double tops and bottoms.")

PATTERNS(TABULAR_DECLARE)

/** Refuse values that are not above 0. */
void pattern_need_prices(struct call *call, size_t input, const char *name);
/** Which of the texts of list parameter @name each of @known (NULL-terminated) is: bits 1 << index. A text that is
 *  none of them fails the call. */
unsigned pattern_chosen(struct call *call, const char *name, const char *const *known);

#endif
