/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_ENSEMBLE_SHARES_H
#define PLUGIN_ENSEMBLE_SHARES_H

#include "support/call.h"

/** The parameter "weights", one for each of @count members or one for all, made to add up to 1 in @shares. Errors:
 *  MLTRAINER_INVALID_PARAMETER. Returns call->status. */
int32_t shares_read(struct call *call, double *shares, size_t count);

#endif
