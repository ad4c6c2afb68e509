/* SPDX-License-Identifier: Apache-2.0 */
/* Implied volatility as a polynomial of log moneyness k = log(strike / spot) and time, by least squares.
 * Source: Dumas, Fleming and Whaley (1998), "Implied volatility functions". */
#include "models.h"
#include "support/cholesky.h"

#define TERMS_MAX 10

enum { SPOT, STRIKE, TIME, VOLATILITY };

static size_t terms_of(double k, double t, int is_cubic, double *x)
{
    const double terms[TERMS_MAX] = {1, k, k * k, t, t * t, k * t, k * k * k, k * k * t, k * t * t, t * t * t};
    size_t count = is_cubic ? 10 : 6;

    memcpy(x, terms, count * sizeof(double));
    return count;
}

struct range {
    double least, most;
};

static struct range read_range(struct call *call, const char *name)
{
    size_t count;
    const double *list = call_list(call, name, 2, &count);

    if (!call->status && (count != 2 || !(list[0] < list[1])))
        call_fail(call, MLTRAINER_INVALID_PARAMETER, name, "it is not the least and the most");
    return call->status ? (struct range){0} : (struct range){list[0], list[1]};
}

static int is_within(struct range range, double value)
{
    return value >= range.least && value <= range.most;
}

static void need_positive(struct call *call, size_t input, const char *name)
{
    for (int64_t row = 0; !call->status && row < call->rows; row++)
        if (!(call->in[input][row] > 0))
            call_fail(call, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is not above 0", (long long)row);
}

static int32_t fill_surface(struct call *call)
{
    static const char *const degrees[] = {"quadratic", "cubic", NULL};
    int is_cubic = call_choice(call, "polynomial", degrees) == 1;
    struct range moneyness = read_range(call, "moneyness_range"), times = read_range(call, "time_to_expiry_range");
    double xx[TERMS_MAX * TERMS_MAX] = {0}, weights[TERMS_MAX] = {0}, x[TERMS_MAX], used = 0;
    size_t count = is_cubic ? 10 : 6;

    need_positive(call, SPOT, "spot");
    need_positive(call, STRIKE, "strike");
    need_positive(call, TIME, "time_to_expiry");
    need_positive(call, VOLATILITY, "volatility");
    for (int64_t row = 0; !call->status && row < call->rows; row++) {
        double ratio = call->in[STRIKE][row] / call->in[SPOT][row];
        call->out[2][row] = is_within(moneyness, ratio) && is_within(times, call->in[TIME][row]);
        if (call->out[2][row] == 0)
            continue;
        used++;
        terms_of(log(ratio), call->in[TIME][row], is_cubic, x);
        for (size_t i = 0; i < count; i++) {
            weights[i] += x[i] * call->in[VOLATILITY][row];
            for (size_t j = 0; j <= i; j++)
                xx[i * count + j] += x[i] * x[j];
        }
    }
    if (!call->status && (used < (double)count || cholesky_factor(xx, count)))
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%.0f rows within the ranges do not make a surface of %zu terms",
                  used, count);
    if (call->status)
        return call->status;
    cholesky_solve(xx, count, weights);
    for (int64_t row = 0; row < call->rows && !call_step_row(call, row, call->rows); row++) {
        terms_of(log(call->in[STRIKE][row] / call->in[SPOT][row]), call->in[TIME][row], is_cubic, x);
        for (size_t i = 0; i < count; i++)
            call->out[0][row] += weights[i] * x[i];
        call->out[1][row] = call->in[VOLATILITY][row] - call->out[0][row];
        call->out[3][row] = call->out[0][row] * call->out[0][row] * call->in[TIME][row];
    }
    return call->status;
}

TABULAR(surface, .inputs = {"spot", "strike", "time_to_expiry", "volatility"},
        .outputs = {"fitted", "residual", "is_within", "total_variance"}, .fill = fill_surface);
