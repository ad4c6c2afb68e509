/* SPDX-License-Identifier: Apache-2.0 */
/* Least squares by normal equations of columns that are centred and scaled to deviation 1, so that forming the products
 * costs no accuracy to columns of different size. */
#include "committee.h"
#include "support/normal_equations.h"

struct scale {
    double mean, deviation;
};

static struct scale scale_of(const struct call *call, const double *values, const double *weights)
{
    double total = 0, sum = 0, squares = 0;

    for (int64_t row = 0; row < call->rows; row++) {
        total += weights ? weights[row] : 1;
        sum += (weights ? weights[row] : 1) * values[row];
    }
    struct scale scale = {.mean = sum / total};
    for (int64_t row = 0; row < call->rows; row++) {
        double off = values[row] - scale.mean;
        squares += (weights ? weights[row] : 1) * off * off;
    }
    scale.deviation = sqrt(squares / total);
    if (scale.deviation <= 1e-13 * fabs(scale.mean)) /* constant to rounding */
        scale.deviation = 0;
    return scale;
}

int32_t line_fit(struct call *call, const double *const *columns, size_t count, const double *target,
                 const double *weights, double *line)
{
    struct scale *scales = call_memory(call, count, sizeof(*scales));
    double *x = call_memory(call, count, sizeof(*x)), *scratch = call_memory(call, count * count, sizeof(*scratch));
    struct normal normal = normal_new(call, count);

    if (call->status)
        return call->status;
    for (size_t i = 0; i < count; i++)
        scales[i] = scale_of(call, columns[i], weights);
    double mean = scale_of(call, target, weights).mean;
    for (int64_t row = 0; row < call->rows; row++) {
        for (size_t i = 0; i < count; i++)
            x[i] = scales[i].deviation > 0 ? (columns[i][row] - scales[i].mean) / scales[i].deviation : 0;
        normal_add(&normal, x, target[row] - mean, weights ? weights[row] : 1);
    }
    normal_solve(&normal, 0, line + 1, scratch);
    line[0] = mean;
    for (size_t i = 0; i < count; i++) {
        line[1 + i] = scales[i].deviation > 0 ? line[1 + i] / scales[i].deviation : 0;
        line[0] -= line[1 + i] * scales[i].mean;
    }
    return call->status;
}
