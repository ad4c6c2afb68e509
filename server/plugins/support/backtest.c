/* SPDX-License-Identifier: Apache-2.0 */
#include "support/backtest.h"

#include <math.h>

void backtest_run(const double *price, const double *position, int64_t rows, double cost, double *earned,
                  double *equity)
{
    double capital = 1;

    for (int64_t row = 0; row < rows; row++) {
        double held = row > 0 ? position[row - 1] : 0, before = row > 1 ? position[row - 2] : 0;
        earned[row] = row > 0 ? held * (price[row] / price[row - 1] - 1) - cost * fabs(held - before) : 0;
        capital *= 1 + earned[row];
        equity[row] = capital;
    }
}
