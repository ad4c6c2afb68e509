/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_MESSAGE_H
#define MLT_EXECUTION_DATASET_MESSAGE_H

#include "execution/api.h"
#include "execution/dataset/schema.h"
#include "table/table.h"

/* Datasets and tables between memory and messages. */

/** The columns, dialect and counts of @schema into @dataset. Errors: RESOURCE_EXHAUSTED. */
int dataset_describe(const struct dataset_schema *schema, struct mrpc_arena *arena, API(Dataset) * dataset,
                     struct fault *fault) MRPC_MUST_USE;
/** The way back: what a loader needs. NULL when out of memory. */
struct dataset_schema *dataset_schema_of(const API(Dataset) * dataset) MRPC_MUST_USE;

/** An inline table in memory. @field names it in errors. Errors: INVALID_ARGUMENT, RESOURCE_EXHAUSTED. */
int dataset_table_read(const API(Table) * message, const char *field, struct table **out,
                       struct fault *fault) MRPC_MUST_USE;
/** The same in @arena, whose columns may be those of @message, which outlives it. */
int dataset_table_view(const API(Table) * message, const char *field, struct mrpc_arena *arena, struct table **out,
                       struct fault *fault) MRPC_MUST_USE;
/** A table as a message, its memory in @arena. Errors: RESOURCE_EXHAUSTED over @limit_bytes (roughly) or the arena's
 * budget. */
int dataset_table_write(const struct table *table, size_t limit_bytes, struct mrpc_arena *arena, API(Table) * *out,
                        struct fault *fault) MRPC_MUST_USE;

#endif
