/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/feature/metric_returns.h"

#include <math.h>

#include "execution/feature/metrics.h"

static double sharpe(const double *returns, size_t count)
{
    double mean = metric_mean(returns, count), squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (returns[i] - mean) * (returns[i] - mean);
    return count > 1 && squares > 0 ? mean / sqrt(squares / (double)(count - 1)) : NAN;
}

void metric_returns(const double *returns, size_t count, struct metric_returns *out)
{
    double value = 1, peak = 1, deepest = 0;
    for (size_t i = 0; i < count; i++) {
        value *= 1 + returns[i];
        peak = fmax(peak, value);
        deepest = fmax(deepest, 1 - value / peak);
    }
    *out = (struct metric_returns){sharpe(returns, count), count ? deepest : NAN, count ? value - 1 : NAN};
}

/* n ln p, where nothing of something impossible is 0. */
static double weighed(double n, double p)
{
    return n > 0 ? n * log(p) : 0;
}

void metric_breaches(const double *returns, const double *at_risk, size_t count, double promised,
                     struct metric_breaches *out)
{
    double n = (double)count, breaches = 0;
    for (size_t i = 0; i < count; i++)
        breaches += -returns[i] > at_risk[i];
    if (!count) {
        *out = (struct metric_breaches){NAN, NAN};
        return;
    }
    double share = breaches / n;
    double ratio = 2 * (weighed(breaches, share) + weighed(n - breaches, 1 - share) - weighed(breaches, promised) -
                        weighed(n - breaches, 1 - promised));
    /* Chi squared with one degree of freedom; rounding may leave the ratio below 0. */
    *out = (struct metric_breaches){share, erfc(sqrt(fmax(ratio, 0) / 2))};
}
