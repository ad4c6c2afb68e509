/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_TRAINER_H
#define MLT_EXECUTION_TRAINER_H

#include "execution/operation/operation.h"

/* Only responsible for letting models learn and apply, in worker processes. */

/** Fit the operation's model on @table; what it saves goes to operation->fitted, what it reports to
 *  result->model_metrics. */
void trainer_fit(struct operation *operation, const char *stage, const struct table *table, operation_next *next);

/** Apply operation->fitted to @table; the predictions go to *@out. */
void trainer_apply(struct operation *operation, const char *stage, const struct table *table, struct table **out,
                   operation_next *next);

#endif
