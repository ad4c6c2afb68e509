/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_SOURCE_H
#define MLT_EXECUTION_SOURCE_H

#include "execution/api.h"
#include "execution/dataset/load.h"
#include "execution/file.h"

/* Where the rows of an operation come from: a stored dataset or a table in the request. Resolved on the loop (what it
 * is), loaded on a thread (what it holds). */

struct execution;

struct source {
    struct dataset_schema *schema; /* of a dataset; NULL for an inline table */
    char path[FILE_PATH_BYTES];
    char reference[160];             /* "NAME@VERSION", or "" */
    char sha256[65];                 /* or "" */
    const API(Table) * inline_table; /* borrowed from the request */
    uint64_t first_row, row_count;
    bool to_come; /* another job is to bring it; what is required of it is checked when that job is done */
};

/** Find out what @reference means. @field names it in errors; @reference outlives the source. Errors: NOT_FOUND,
 *  INVALID_ARGUMENT, RESOURCE_EXHAUSTED. Thread: the loop's. */
int source_resolve(struct execution *engine, const API(DataReference) * reference, const char *field,
                   struct mrpc_arena *arena, struct source *out, struct fault *fault) MRPC_MUST_USE;
void source_fini(struct source *source);

/** Is there a column @name, and is it of a type that will do (DATASET_UNKNOWN: any; DATASET_DOUBLE: whole numbers too)?
 *  Errors: INVALID_ARGUMENT naming @field. */
int source_require(const struct source *source, const char *name, enum dataset_type type, const char *field,
                   struct fault *fault) MRPC_MUST_USE;

/** The same of a table in a request. */
int source_require_inline(const API(Table) * table, const char *name, enum dataset_type type, const char *field,
                          struct fault *fault) MRPC_MUST_USE;

/** @row_count rows of @whole from @first_row on, or those that there are (@row_count 0: all). Errors:
 *  RESOURCE_EXHAUSTED. Ownership: *@out is the caller's. */
int source_cut(const struct table *whole, uint64_t first_row, uint64_t row_count, struct table **out,
               struct fault *fault) MRPC_MUST_USE;

/** The rows. @columns: only these (column_count of them; 0: all). Blocks. Errors: as dataset_load_file() and
 *  dataset_table_read(). Ownership: *@out is the caller's. */
int source_load(const struct source *source, const char *const *columns, size_t column_count, struct table **out,
                struct fault *fault) MRPC_MUST_USE;

#endif
