/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_SCAN_H
#define MLT_EXECUTION_DATASET_SCAN_H

#include "execution/dataset/schema.h"
#include "fault/fault.h"

/* The first pass over a CSV file, while it is uploaded: checks every row, finds the type of each column and its
 * statistics, keeps no value. Memory does not grow with the file. */

struct dataset_scan;

struct dataset_requirement {
    const char *name;
    enum dataset_type type;
};

/** Takes over @schema (which has no columns yet), also on failure. @required, borrowed for the scan's life: columns
 *  that must exist, with types that their values must have. */
struct dataset_scan *dataset_scan_new(struct dataset_schema *schema, const struct dataset_requirement *required,
                                      size_t required_count) MRPC_MUST_USE;
void dataset_scan_free(struct dataset_scan *scan);

/** Errors: as csv_reader_feed(); INVALID_ARGUMENT naming line and column for ragged rows, column names, values that are
 *  not of the required type, texts that are not UTF-8. */
int dataset_scan_feed(struct dataset_scan *scan, const void *bytes, size_t size, struct fault *fault) MRPC_MUST_USE;
/** Errors: as above, and INVALID_ARGUMENT for a file without columns or without a required one. */
int dataset_scan_finish(struct dataset_scan *scan, struct fault *fault) MRPC_MUST_USE;

/** The finished schema; it becomes the caller's. */
struct dataset_schema *dataset_scan_take(struct dataset_scan *scan) MRPC_MUST_USE;

#endif
