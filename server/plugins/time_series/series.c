/* SPDX-License-Identifier: Apache-2.0 */
#include "series.h"
#include "support/family.h"

#include <stdlib.h>

void *series_copy(const void *model, size_t bytes)
{
    void *copy = malloc(bytes);

    if (copy)
        memcpy(copy, model, bytes);
    return copy;
}

int32_t series_keep(struct call *call, const void *model, size_t bytes, void **state)
{
    if (call->status)
        return call->status;
    void *copy = series_copy(model, bytes);
    if (!copy)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    *state = copy;
    return call->status;
}

int32_t series_need(struct call *call, int64_t least)
{
    if (!call->status && call->rows < least)
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than %lld", (long long)call->rows,
                         (long long)least);
    for (int64_t row = 1; !call->status && row < call->rows; row++)
        if (call->target[row] != call->target[0])
            return call->status;
    return call_fail(call, MLTRAINER_INVALID_DATA, call->request->target, "the series never changes");
}

LEARNERS(LEARNER_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {LEARNERS(LEARNER_ENTRY)};

FAMILY("time_series", algorithms, .description = "How a series goes on.", .licence = "Apache-2.0 AND Zlib",
       .engine = "C of this project");
