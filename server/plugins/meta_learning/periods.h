/* SPDX-License-Identifier: Apache-2.0 */
#ifndef META_LEARNING_PERIODS_H
#define META_LEARNING_PERIODS_H

#include "support/call.h"

/* Tasks are periods: the rows in their order, cut into as many equal pieces as parameter "tasks" says. Features and
 * target are standardised over all rows (population deviation; constant ones become 0), so that periods can be
 * compared. */

struct periods {
    struct call *call;
    size_t count;
    double *means, *factors; /* of the features */
    double base, unit;       /* of the target: mean and deviation */
};

/** Errors: MLTRAINER_INVALID_DATA when a period would have fewer than @rows_least rows. Look at call->status. */
void periods_start(struct periods *periods, struct call *call, int64_t rows_least);

/** First row of period @number; of the number after the last, the rows. */
static inline int64_t period_start(const struct periods *periods, size_t number)
{
    return (int64_t)((double)periods->call->rows * (double)number / (double)periods->count);
}

static inline double period_feature(const struct periods *periods, size_t feature, int64_t row)
{
    return (periods->call->features[feature][row] - periods->means[feature]) * periods->factors[feature];
}

static inline double period_target(const struct periods *periods, int64_t row)
{
    return (periods->call->target[row] - periods->base) / periods->unit;
}

#endif
