/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_ARROW_DATASET_H
#define MLT_EXECUTION_DATASET_ARROW_DATASET_H

#include "execution/dataset/load.h"
#include "execution/dataset/scan.h"

/* What scan.h and load.h do for CSV, for Arrow IPC: the bytes lie in memory or in a file that is mapped, for a file of
 * Arrow is read from its end. All of it blocks. */

/** Check every value, find statistics. @required as in scan.h. Ownership: *@out is the caller's. Errors: as
 *  arrow_reader_new(); INVALID_ARGUMENT naming column and row for values that are none, for a required column that is
 *  not there or is of another type; RESOURCE_EXHAUSTED for columns of more than 16 GiB. */
int dataset_arrow_scan(const void *bytes, size_t size, const struct dataset_requirement *required,
                       size_t required_count, struct dataset_schema **out, struct fault *fault) MRPC_MUST_USE;
int dataset_arrow_scan_fd(int fd, const struct dataset_requirement *required, size_t required_count,
                          struct dataset_schema **out, struct fault *fault) MRPC_MUST_USE;

/** Rows of what was scanned, as a table. Errors: DATA_LOSS when the bytes do not agree with @schema,
 *  INVALID_ARGUMENT for a column that does not exist, RESOURCE_EXHAUSTED. */
int dataset_arrow_load(const void *bytes, size_t size, const struct dataset_schema *schema,
                       const struct dataset_wanted *wanted, struct table **out, struct fault *fault) MRPC_MUST_USE;
int dataset_arrow_load_fd(int fd, const struct dataset_schema *schema, const struct dataset_wanted *wanted,
                          struct table **out, struct fault *fault) MRPC_MUST_USE;

#endif
