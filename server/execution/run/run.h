/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_RUN_RUN_H
#define MLT_EXECUTION_RUN_RUN_H

#include "execution/operation/operation.h"
#include "store/store.h"

/* Runs: what was done in a training or evaluation and what came of it. A run is written in the batch that ends its job,
 * never changes, and outlives the job; the store alone holds it (execution/run/ID), so runs cost no memory and are read
 * on the thread pool. */

enum { RUN_KEY_BYTES = 64 };
void run_key(const char *id, char key[RUN_KEY_BYTES]);

/** The run of @job, which @operation ends with success: encoded. Errors: RESOURCE_EXHAUSTED. Thread: the loop's. */
int run_make(const struct job *job, const struct operation *operation, struct api_bytes *out,
             struct fault *fault) MRPC_MUST_USE;

/** Read one. Errors: NOT_FOUND, DATA_LOSS, those of the store. Blocks. */
int run_read(struct store *store, const char *id, struct mrpc_arena *arena, API(Run) * *out,
             struct fault *fault) MRPC_MUST_USE;

/** What @runs have, side by side, ordered by name. Errors: RESOURCE_EXHAUSTED. */
int runs_compare(API(Run) *const *runs, size_t count, struct mrpc_arena *arena, API(CompareRunsResponse) * out,
                 struct fault *fault) MRPC_MUST_USE;

/** One page of the runs that @request asks for. Blocks. Errors: INVALID_ARGUMENT naming the field, those of the
 *  store. */
int runs_page(struct store *store, const API(ListRunsRequest) * request, struct mrpc_arena *arena,
              API(ListRunsResponse) * out, struct fault *fault) MRPC_MUST_USE;

#endif
