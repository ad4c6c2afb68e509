/* SPDX-License-Identifier: Apache-2.0 */
/* The effect of each column on the target by the backdoor criterion (Pearl, 1993), every other column held by least
 * squares: the coefficient of a joint regression with constant, beside the slope that ignores the others. Whether the
 * others are a sufficient set, and none of them lies on the way, no table can tell. */
#include "scaling.h"
#include "support/cholesky.h"
#include "support/distribution.h"
#include "support/normal_equations.h"
#include "support/tabular.h"

static int32_t fill(struct call *call);

TABULAR(backdoor_effects, .label = "cause",
        .outputs = {"effect", "standard_error", "t", "p_value", "unadjusted", "confounding"}, .features = 1,
        .own_rows = 1, .fill = fill);

/* Sums of scaled columns and the scaled target: well conditioned, and without the constant. */
static struct normal sums_of(struct call *call, const struct scaling *scales, struct scaling target)
{
    size_t count = call->feature_count;
    struct normal normal = normal_new(call, count);
    double *x = call_memory(call, count, sizeof(*x));

    for (int64_t row = 0; !call->status && row < call->rows && !call_step_row(call, row, call->rows); row++) {
        for (size_t i = 0; i < count; i++)
            x[i] = scaled(scales[i], call->features[i][row]);
        normal_add(&normal, x, scaled(target, call->target[row]), 1);
    }
    return normal;
}

/* The diagonal element of (X'X)^-1. */
static double inverse_at(const double *factor, size_t order, size_t at, double *scratch)
{
    memset(scratch, 0, order * sizeof(*scratch));
    scratch[at] = 1;
    cholesky_solve(factor, order, scratch);
    return scratch[at];
}

static void fill_row(struct call *call, const struct normal *normal, const struct scaling *scales,
                     struct scaling target, size_t at, const double *b, double variance, double inverse)
{
    double unit = scales[at].over / target.over, freedom = (double)call->rows - (double)normal->order - 1;
    double error = sqrt(variance * inverse), t = b[at] / error;

    call->out[0][at] = b[at] * unit;
    call->out[1][at] = error * unit;
    call->out[2][at] = t;
    call->out[3][at] = distribution_t_two_sides(t, freedom);
    call->out[4][at] = normal->moment[at] / normal->matrix[at * normal->order + at] * unit;
    call->out[5][at] = call->out[4][at] - call->out[0][at];
}

static int32_t estimate(struct call *call, const struct scaling *scales, struct scaling target)
{
    struct normal normal = sums_of(call, scales, target);
    size_t count = call->feature_count;
    double *b = call_memory(call, count, sizeof(*b)), *scratch = call_memory(call, count, sizeof(*scratch));
    double *factor = call_memory(call, count * count, sizeof(*factor));

    if (call->status)
        return call->status;
    memcpy(factor, normal.matrix, count * count * sizeof(*factor));
    if (cholesky_factor(factor, count))
        return call_fail(call, MLTRAINER_INVALID_DATA, "",
                         "columns depend on each other: one cannot move while the others are held");
    memcpy(b, normal.moment, count * sizeof(*b));
    cholesky_solve(factor, count, b);
    double variance = normal_residual(&normal, b) / ((double)call->rows - (double)count - 1);
    for (size_t i = 0; i < count; i++)
        fill_row(call, &normal, scales, target, i, b, variance, inverse_at(factor, count, i, scratch));
    return tabular_label(call, call->feature_names);
}

static int32_t fill(struct call *call)
{
    struct scaling *scales = call_memory(call, call->feature_count, sizeof(*scales));

    call_read_target(call);
    if (call->status)
        return call->status;
    if (call->rows < (int64_t)call->feature_count + 3)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are too few for %zu causes",
                         (long long)call->rows, call->feature_count);
    struct scaling target = scaling_of(call->target, 0, call->rows);
    if (target.over == 0)
        return call_fail(call, MLTRAINER_INVALID_DATA, call->request->target, "it is constant");
    for (size_t i = 0; i < call->feature_count; i++)
        scales[i] = scaling_of(call->features[i], 0, call->rows);
    if (tabular_start(call, &backdoor_effects_tabular, (int64_t)call->feature_count))
        return call->status;
    return estimate(call, scales, target);
}
