/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_DATASET_QUOTA_H
#define MLT_EXECUTION_DATASET_QUOTA_H

#include <stdint.h>

#include "fault/fault.h"

/* How many bytes of datasets each owner has: those that are registered, and those that uploads under way have taken, so
 * that many uploads at once cannot take what one could not. Thread: any. */

struct dataset_quota;

/** NULL when out of memory. */
struct dataset_quota *dataset_quota_new(uint64_t limit_bytes) MRPC_MUST_USE;
void dataset_quota_free(struct dataset_quota *quota);

/** Errors: RESOURCE_EXHAUSTED over the limit, and when out of memory. */
int dataset_quota_take(struct dataset_quota *quota, const char *owner, uint64_t bytes,
                       struct fault *fault) MRPC_MUST_USE;
/** What is there already, over the limit or not. Errors: RESOURCE_EXHAUSTED when out of memory. */
int dataset_quota_count(struct dataset_quota *quota, const char *owner, uint64_t bytes,
                        struct fault *fault) MRPC_MUST_USE;
void dataset_quota_give(struct dataset_quota *quota, const char *owner, uint64_t bytes);
uint64_t dataset_quota_used(struct dataset_quota *quota, const char *owner);

#endif
