/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_LOAD_H
#define MLT_EXECUTION_DATASET_LOAD_H

#include "execution/dataset/schema.h"
#include "fault/fault.h"
#include "table/table.h"

/* The second pass over a CSV file: rows of a file that has been scanned become a table in memory. */

struct dataset_loader;

struct dataset_wanted {
    uint64_t first_row;         /* from 0 */
    uint64_t row_count;         /* at most; 0: all that follow */
    const char *const *columns; /* column_count names; 0: all */
    size_t column_count;
};

/** @schema, borrowed, is what the scan of the same bytes found. Errors: INVALID_ARGUMENT for a column that does not
 *  exist, RESOURCE_EXHAUSTED. */
int dataset_loader_new(const struct dataset_schema *schema, const struct dataset_wanted *wanted,
                       struct dataset_loader **out, struct fault *fault) MRPC_MUST_USE;
void dataset_loader_free(struct dataset_loader *loader);

/** Errors: DATA_LOSS when the bytes do not agree with the schema, RESOURCE_EXHAUSTED. */
int dataset_loader_feed(struct dataset_loader *loader, const void *bytes, size_t size,
                        struct fault *fault) MRPC_MUST_USE;
/** All rows wanted have been read; nothing more need be fed. */
bool dataset_loader_full(const struct dataset_loader *loader);
/** Ownership: *@out is the caller's. */
int dataset_loader_finish(struct dataset_loader *loader, struct table **out, struct fault *fault) MRPC_MUST_USE;

/** All of it: read the file @path, in the format of @schema. Blocks. Errors: NOT_FOUND, INTERNAL (input error), as
 *  above. */
int dataset_load_file(const char *path, const struct dataset_schema *schema, const struct dataset_wanted *wanted,
                      struct table **out, struct fault *fault) MRPC_MUST_USE;

#endif
