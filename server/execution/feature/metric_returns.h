/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_METRIC_RETURNS_H
#define MLT_EXECUTION_METRIC_RETURNS_H

#include <stddef.h>

/* What predictions of returns would have earned, and whether forecasts of risk held. Pure. Returns are simple ones, a
 * row a period; nothing is annualised, and costs are none. */

struct metric_returns {
    double sharpe;       /* mean / standard deviation (n - 1), a period; NaN below 2 rows or when nothing varies */
    double max_drawdown; /* largest loss from a peak of the compounded value, 0 to 1 (more with leverage) */
    double total_return; /* compounded */
};

void metric_returns(const double *returns, size_t count, struct metric_returns *out);

/** Back-test of value at risk: in how many of @count periods was the loss larger than @at_risk said? Of P, the chance
 *  of a breach that the model promises (0.05), Kupiec's likelihood ratio says how well the share of breaches agrees;
 *  the result is the probability of a share at least as far off, small when the model is wrong.
 *  Source: Kupiec, "Techniques for verifying the accuracy of risk measurement models", 1995. */
struct metric_breaches {
    double share;
    double kupiec;
};

void metric_breaches(const double *returns, const double *at_risk, size_t count, double promised,
                     struct metric_breaches *out);

#endif
