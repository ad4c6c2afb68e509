/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_BACKTEST_H
#define PLUGIN_SUPPORT_BACKTEST_H

#include <stdint.h>

/* What a strategy would have earned. A position that is decided at the close of row r is held from there to the close
 * of row r + 1, so no row earns by a decision that knew it; changing it costs @cost of what is traded. Pure. */

/** @position: shares of the capital, -1 short to 1 long. earned[r] = position[r-1] (price[r]/price[r-1] - 1)
 *  - cost |position[r-1] - position[r-2]|; equity[r] = what 1 has become. Prices are above 0. */
void backtest_run(const double *price, const double *position, int64_t rows, double cost, double *earned,
                  double *equity);

#endif
