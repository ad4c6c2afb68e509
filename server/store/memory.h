/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store/store.h"

/* The backend that forgets: the model that the contract suite and the registry's checker compare with, and what unit
 * tests use. Same threads, same codes as SQLite. */

struct store_memory_options {
    uint32_t queue_bytes;    /* 0: 256 MiB */
    uint32_t deletions_kept; /* 0: 100,000 */
};

/** @options may be NULL. Errors: RESOURCE_EXHAUSTED. */
int store_memory_open(const struct store_memory_options *options, struct store **out,
                      struct fault *fault) MRPC_MUST_USE;

/** From now on (until 0) commits fail with @code and change nothing: RESOURCE_EXHAUSTED stands for a full disk,
 * INTERNAL for an input/output error. Thread: any. */
void store_memory_fail(struct store *store, int code);

#endif
