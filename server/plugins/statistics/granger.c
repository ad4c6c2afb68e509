/* SPDX-License-Identifier: Apache-2.0 */
/* Granger (1969): do lags of the cause lower the residuals that lags of the effect leave? A row a number of lags, F and
 * chi-squared as in statsmodels' ssr tests. */
#include "regression.h"
#include "support/distribution.h"
#include "tests.h"

#define LAGS_MAX 100

static int32_t fill(struct call *call);

TABULAR(granger, .inputs = {"@effect", "@cause"}, .outputs = {"lags", "f", "p_value", "chi_squared", "chi_squared_p"},
        .own_rows = 1, .fill = fill);

/* Constant and own lags first, so that one factorisation has the residuals with and without the cause's. */
static void fill_row(struct call *call, int64_t lags, int64_t out)
{
    int64_t rows = call->rows - lags;
    struct regression r = regression_new(call, rows, 1 + 2 * (size_t)lags);

    for (int64_t i = 0; !call->status && i < rows; i++) {
        r.y[i] = call->in[0][lags + i];
        r.x[i] = 1;
        for (int64_t lag = 1; lag <= lags; lag++) {
            r.x[rows * lag + i] = call->in[0][lags + i - lag];
            r.x[rows * (lags + lag) + i] = call->in[1][lags + i - lag];
        }
    }
    if (call->status || regression_factor(call, &r))
        return;
    double own = r.squares[1 + lags], joint = r.squares[1 + 2 * lags], freedom = (double)(rows - 2 * lags - 1);
    double f = (own - joint) / joint / (double)lags * freedom, chi = (double)rows * (own - joint) / joint;
    call->out[0][out] = (double)lags;
    call->out[1][out] = f;
    call->out[2][out] = distribution_f_tail(f, (double)lags, freedom);
    call->out[3][out] = chi;
    call->out[4][out] = distribution_chi_squared_tail(chi, (double)lags);
}

static int32_t fill(struct call *call)
{
    int64_t most = call_integer(call, "max_lag", 1, LAGS_MAX);

    if (call->status || test_need_rows(call, 3 * most + 3) || tabular_start(call, &granger_tabular, most))
        return call->status;
    for (int64_t lags = 1; lags <= most && !call->status; lags++)
        fill_row(call, lags, lags - 1);
    return call->status;
}
