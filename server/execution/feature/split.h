/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SPLIT_H
#define MLT_EXECUTION_SPLIT_H

#include <stdint.h>

#include <mrpc/attributes.h>

#include "fault/fault.h"
#include "table/table.h"

/* Parts of a table, copied: workers get tables of their own. */

/** A copy of rows [first, first + count) of all columns. Errors: RESOURCE_EXHAUSTED. */
int split_rows(const struct table *source, uint64_t first, uint64_t count, struct table **out,
               struct fault *fault) MRPC_MUST_USE;

/** A copy of the rows that @rows names, @count of them, ascending. Errors: RESOURCE_EXHAUSTED. */
int split_take(const struct table *source, const uint64_t *rows, uint64_t count, struct table **out,
               struct fault *fault) MRPC_MUST_USE;

#endif
