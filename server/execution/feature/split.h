/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SPLIT_H
#define MLT_EXECUTION_SPLIT_H

#include <stdint.h>

#include <mrpc/attributes.h>

#include "fault/fault.h"
#include "table/table.h"

/* Rows kept back for testing. In time order the first rows train and the last ones test, with a gap between them, so
 * that no test row's target was seen in training. */

struct split {
    uint64_t train_rows; /* [0, train_rows) */
    uint64_t embargo_rows;
    uint64_t test_first; /* [test_first, test_first + test_rows) */
    uint64_t test_rows;
};

/** The last test_fraction (in (0, 0.9]) of @rows, rounded down, at least one. Errors: INVALID_ARGUMENT when a part
 * would be empty. */
int split_hold_out(uint64_t rows, double test_fraction, uint64_t embargo_rows, struct split *out,
                   struct fault *fault) MRPC_MUST_USE;

/** A copy of rows [first, first + count) of all columns. Errors: RESOURCE_EXHAUSTED. */
int split_rows(const struct table *source, uint64_t first, uint64_t count, struct table **out,
               struct fault *fault) MRPC_MUST_USE;

#endif
