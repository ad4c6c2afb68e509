/* SPDX-License-Identifier: Apache-2.0 */
#include "shares.h"

int32_t shares_read(struct call *call, double *shares, size_t count)
{
    size_t given;
    const double *weights = call_list(call, "weights", count, &given);
    double largest = 0, sum = 0;

    for (size_t i = 0; i < given; i++)
        largest = fmax(largest, weights[i]);
    if (!call->status && given != 1 && given != count)
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "weights", "%zu of them: one for all or %zu are needed",
                  given, count);
    if (!call->status && !(largest > 0))
        call_fail(call, MLTRAINER_INVALID_PARAMETER, "weights", "all of them are 0");
    for (size_t i = 0; i < count && !call->status; i++)
        sum += shares[i] = weights[given == 1 ? 0 : i] / largest;
    for (size_t i = 0; i < count && !call->status; i++)
        shares[i] /= sum;
    return call->status;
}
